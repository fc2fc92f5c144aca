//! Bytes to text: size, encoding, control characters.

use super::MOST_BYTES;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::source::{Source, Span};

/// Checks the bytes before any parser sees them and drops a leading byte order mark.
pub(crate) fn decode<'a>(bytes: &'a [u8], file: &str) -> Result<&'a str, Box<Diagnostic>> {
    let whole = |code, message: String| {
        let location = Source::new(file, "").locate(Span { line: 1, column: 1, width: 1 });
        Box::new(Diagnostic::new(code, "", message, Place::Text(location)))
    };
    if bytes.len() > MOST_BYTES {
        let message =
            format!("the file has {} bytes; a blueprint has at most {MOST_BYTES}", bytes.len());
        let hint = "is this the right file? A blueprint is a short YAML text";
        return Err(Box::new(whole(Code::TooLarge, message).hint(hint)));
    }
    if bytes.starts_with(&[0xFE, 0xFF]) || bytes.starts_with(&[0xFF, 0xFE]) {
        let problem = whole(Code::NotUtf8, "the file is UTF-16".to_owned());
        return Err(Box::new(problem.hint("save it as UTF-8")));
    }
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let (valid, rest) = bytes.split_at(error.valid_up_to());
            let byte = rest.first().copied().unwrap_or_default();
            let before = String::from_utf8_lossy(valid);
            let place = end_of(&before, file);
            let message = format!("the byte 0x{byte:02X} is not UTF-8");
            return Err(Box::new(
                Diagnostic::new(Code::NotUtf8, "", message, place).hint("save the file as UTF-8"),
            ));
        }
    };
    let unwelcome = |character: char| {
        character.is_control() && !matches!(character, '\t' | '\n' | '\r' | '\u{85}')
    };
    if let Some((position, character)) =
        text.char_indices().find(|(_, character)| unwelcome(*character))
    {
        let place = end_of(text.get(..position).unwrap_or(""), file);
        let message =
            format!("the character U+{:04X} has no place in a blueprint", u32::from(character));
        return Err(Box::new(
            Diagnostic::new(Code::ControlCharacter, "", message, place).hint("remove it"),
        ));
    }
    Ok(text)
}

/// The place right behind a text.
fn end_of(before: &str, file: &str) -> Place {
    let source = Source::new(file, before);
    let line = source.count().max(1);
    let column = source.line(line).chars().count() + 1;
    let mut location = source.locate(Span { line, column, width: 1 });
    location.column = column;
    Place::Text(location)
}
