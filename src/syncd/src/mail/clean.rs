/// Text from elsewhere as it may stand in a header or on a line of its own: no line breaks, no
/// control characters, nothing that turns the direction of writing around.
pub(super) fn one_line(text: &str, longest: usize) -> String {
    let visible = text.chars().map(|c| if is_unruly(c) { ' ' } else { c });
    let mut line: String = visible.take(longest).collect();
    if text.chars().nth(longest).is_some() {
        line.pop();
        line.push('…');
    }
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_unruly(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::one_line;

    #[test]
    fn a_name_can_not_write_headers() {
        let name = "photos\r\nBcc: everybody@example.com\n\n<b>";
        assert_eq!(one_line(name, 80), "photos Bcc: everybody@example.com <b>");
        assert_eq!(one_line("gpj.\u{202e}exe", 80), "gpj. exe");
        assert_eq!(one_line("abcdef", 4), "abc…");
    }

    proptest! {
        #[test]
        fn a_line_is_a_line(text in any::<String>()) {
            let line = one_line(&text, 60);
            prop_assert!(line.chars().count() <= 60);
            prop_assert!(!line.chars().any(super::is_unruly));
        }
    }
}
