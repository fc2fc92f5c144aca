use std::fmt::Write as _;

use http::HeaderValue;

/// `Content-Disposition` that makes a browser save the content under its name and never show it:
/// stored HTML must not run under our origin. Both spellings, as RFC 6266 asks.
pub(crate) fn attachment(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|c| match c {
            '"' | '\\' | '%' => '_',
            ' '..='~' => c,
            _ => '_',
        })
        .collect();
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            // Writing to a String can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    let text = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    // Only visible ASCII is left, so the fallback is never taken.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::attachment;

    #[test]
    fn names_survive_and_can_not_break_out() {
        insta::assert_snapshot!(attachment("Straße \"1\".html").to_str().unwrap(), @r#"attachment; filename="Stra_e _1_.html"; filename*=UTF-8''Stra%C3%9Fe%20%221%22.html"#);
        insta::assert_snapshot!(attachment("a\r\nSet-Cookie: x").to_str().unwrap(), @r#"attachment; filename="a__Set-Cookie: x"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x"#);
    }

    proptest! {
        #[test]
        fn every_name_becomes_a_header(name in any::<String>()) {
            let value = attachment(&name);
            prop_assert!(value.to_str().unwrap().starts_with("attachment; filename=\""));
        }
    }
}
