//! A structured log line as a person reads it.

use serde_json::{Map, Value};

use super::style::Style;

/// Keys that are shown elsewhere in the line, or help nobody at a terminal.
const LEFT_OUT: [&str; 8] =
    ["timestamp", "level", "message", "fields", "target", "span", "spans", "threadId"];

/// Turns one JSON line into `time LEVEL component message key=value …`; other lines stay as they are.
///
/// Control characters are replaced: a log may hold what strangers sent.
pub(crate) fn readable(component: &str, line: &str, style: Style) -> String {
    let Ok(Value::Object(entry)) = serde_json::from_str::<Value>(line) else {
        return format!("{}  {}", style.cyan(component), printable(line));
    };
    let fields = entry.get("fields").and_then(Value::as_object);
    let text_of = |key: &str| {
        let value = entry.get(key).or_else(|| fields.and_then(|fields| fields.get(key)));
        value.map(plain).unwrap_or_default()
    };
    let mut text = format!(
        "{}  {}  {}  {}",
        style.dim(&short_time(&text_of("timestamp"))),
        level(&text_of("level"), style),
        style.cyan(component),
        text_of("message"),
    );
    for (key, value) in spans(&entry).chain(fields.into_iter().flatten()).chain(&entry) {
        if !LEFT_OUT.contains(&key.as_str()) {
            text.push_str(&format!("  {}", style.dim(&format!("{key}={}", plain(value)))));
        }
    }
    text
}

/// A line without time and component, for the end of an error message.
pub(crate) fn short(line: &str) -> String {
    let Ok(Value::Object(entry)) = serde_json::from_str::<Value>(line) else {
        return printable(line);
    };
    let fields = entry.get("fields").and_then(Value::as_object);
    let own = entry.iter().filter(|(key, _)| !LEFT_OUT.contains(&key.as_str()));
    let others = fields.into_iter().flatten().filter(|(key, _)| key.as_str() != "message");
    let message = entry.get("message").or_else(|| fields?.get("message")).map(plain);
    let texts = others.chain(own).map(|(key, value)| format!("{key}={}", plain(value)));
    let texts: Vec<String> = message.into_iter().chain(texts).collect();
    if texts.is_empty() { printable(line) } else { texts.join("  ") }
}

/// Request ids and the like stand in the enclosing spans.
fn spans(entry: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let span = entry.get("span").and_then(Value::as_object);
    span.into_iter().flatten().filter(|(key, _)| key.as_str() != "name")
}

/// `2026-11-20T17:20:01.123456Z` → `17:20:01.123`; anything else as it is.
fn short_time(timestamp: &str) -> String {
    match timestamp.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        Err(_) => timestamp.to_owned(),
    }
}

fn level(level: &str, style: Style) -> String {
    let padded = format!("{level:<5}");
    match level {
        "ERROR" => style.red(&padded),
        "WARN" => style.yellow(&padded),
        "INFO" => style.green(&padded),
        _ => style.dim(&padded),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => printable(text),
        other => other.to_string(),
    }
}

/// Text that cannot move the cursor or colour the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\t' => ' ',
            character if character.is_control() || is_deceptive(character) => '\u{FFFD}',
            character => character,
        })
        .collect()
}

/// Turns the direction of what follows, or cannot be seen (Unicode, "Bidirectional Algorithm", "General Punctuation").
fn is_deceptive(character: char) -> bool {
    matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_structured_line_becomes_one_readable_line() {
        let line = r#"{"timestamp":"2026-11-20T17:20:01.123456Z","level":"INFO","fields":{"message":"answered","status":200},"target":"syncd","span":{"name":"request","request.id":"abc"}}"#;
        assert_eq!(
            readable("a-1", line, Style::new(false)),
            "2026-11-20 17:20:01.123  INFO   a-1  answered  request.id=abc  status=200"
        );
    }

    #[test]
    fn the_end_of_a_log_is_no_raw_json() {
        let flat = r#"{"timestamp":"2026-11-20T17:20:01Z","level":"ERROR","message":"it ended","error":"disk on fire","target":"syncd"}"#;
        assert_eq!(short(flat), "it ended  error=disk on fire");
        let nested = r#"{"timestamp":"2026-11-20T17:20:01Z","level":"ERROR","fields":{"error":"disk on fire","message":"it ended"},"target":"x"}"#;
        assert_eq!(short(nested), "it ended  error=disk on fire");
    }

    #[test]
    fn other_lines_stay_but_cannot_play_with_the_terminal() {
        assert_eq!(
            readable("engines", "panicked at \x1b[31mx", Style::new(false)),
            "engines  panicked at \u{FFFD}[31mx"
        );
    }
}
