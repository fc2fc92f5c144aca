//! The part of a message that people read.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{GeneralPurposeConfig, STANDARD};

use super::unfolded_header;

/// Multiparts within multiparts that are looked into.
const DEPTH: u8 = 4;

/// The first plain text part of a message (RFC 5322), decoded; `None` if it has none.
pub(super) fn text_part(message: &str) -> Option<String> {
    find(&message.replace("\r\n", "\n"), DEPTH)
}

fn find(entity: &str, depth: u8) -> Option<String> {
    let (head, body) = match entity.strip_prefix('\n') {
        Some(body) => ("", body),
        None => entity.split_once("\n\n").unwrap_or((entity, "")),
    };
    let kind = unfolded_header(head, "content-type").unwrap_or_else(|| "text/plain".to_owned());
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence.starts_with("multipart/") {
        let delimiter = format!("--{}", parameter(&kind, "boundary")?);
        return parts(body, &delimiter).iter().find_map(|part| find(part, depth.checked_sub(1)?));
    }
    if essence != "text/plain" {
        return None;
    }
    let encoding = unfolded_header(head, "content-transfer-encoding").unwrap_or_default();
    match encoding.to_ascii_lowercase().as_str() {
        "base64" => {
            let letters: String = body.split_whitespace().collect();
            let lenient = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
            let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient);
            let bytes = engine.decode(&letters).or_else(|_| STANDARD.decode(&letters)).ok()?;
            Some(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))
        }
        "quoted-printable" => Some(quoted_printable(body)),
        _ => Some(body.to_owned()),
    }
}

/// What lies between the delimiter lines.
fn parts(body: &str, delimiter: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut inside = false;
    for line in body.split('\n') {
        match line.trim_end().strip_prefix(delimiter) {
            Some("") => {
                inside = true;
                parts.push(String::new());
            }
            Some("--") => break,
            _ if inside => {
                if let Some(part) = parts.last_mut() {
                    part.push_str(line);
                    part.push('\n');
                }
            }
            _ => {}
        }
    }
    parts
}

/// A parameter of a header, quoted or not.
fn parameter(header: &str, name: &str) -> Option<String> {
    header.split(';').skip(1).find_map(|parameter| {
        let (found, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        found.trim().eq_ignore_ascii_case(name).then(|| value.to_owned())
    })
}

fn quoted_printable(body: &str) -> String {
    let mut bytes = Vec::with_capacity(body.len());
    for line in body.split_inclusive('\n') {
        let ended = line.ends_with('\n');
        let line = line.trim_end();
        let (line, soft) = line.strip_suffix('=').map_or((line, false), |line| (line, true));
        let mut rest = line.as_bytes();
        while let Some((byte, tail)) = rest.split_first() {
            let code = tail.get(..2).filter(|_| *byte == b'=');
            let code =
                code.and_then(|code| u8::from_str_radix(str::from_utf8(code).ok()?, 16).ok());
            match code {
                Some(code) => {
                    bytes.push(code);
                    rest = &tail[2..];
                }
                None => {
                    bytes.push(*byte);
                    rest = tail;
                }
            }
        }
        if ended && !soft {
            bytes.push(b'\n');
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_text_of_every_form_is_found() {
        let alternative = "Subject: x\r\nContent-Type: multipart/alternative;\r\n boundary=\"=_1\"\r\n\r\n--=_1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n--=_1\r\nContent-Type: text/html\r\n\r\n<p>\r\n--=_1--\r\n";
        let base64 = "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nR3LDvM\r\nOfZQ==\r\n";
        let quoted = "Content-Type: text/plain\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\nGr=C3=BC=\r\n=C3=9Fe 1=2\r\n";
        for (message, text) in [
            (alternative, Some("Grüße\n")),
            (base64, Some("Grüße")),
            (quoted, Some("Grüße 1=2\n")),
            ("Subject: x\r\n\r\nplain\r\n", Some("plain\n")),
            ("Content-Type: text/html\r\n\r\n<p>\r\n", None),
        ] {
            assert_eq!(text_part(message).as_deref(), text, "{message}");
        }
    }

    proptest! {
        #[test]
        fn no_message_is_too_strange(message in "(Content-Type: multipart/x; boundary=b\n)?\n?(--b\n|[a-z=\n\"-]{0,9}|=[0-9é]){0,30}") {
            let _ = text_part(&message);
        }
    }
}
