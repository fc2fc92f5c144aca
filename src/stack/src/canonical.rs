//! JSON that a person can review and that never varies: sorted keys, one blank a level, and what fits a line on
//! one line. Narrow indentation keeps the largest template under the size that goes inline.

use std::collections::BTreeMap;

use serde_json::Value;

/// Longest line that an object or a list is put on.
const WIDTH: usize = 140;

/// Levels whose entries always get lines of their own: sections, and what they hold.
const LEVELS: usize = 2;

pub(crate) fn write(value: &Value) -> String {
    let mut text = String::new();
    put(value, 0, &mut text);
    text.push('\n');
    text
}

fn put(value: &Value, indent: usize, text: &mut String) {
    let line = on_one_line(value);
    let used = text.len() - text.rfind('\n').map_or(0, |at| at + 1);
    match value {
        Value::Object(map) if indent < LEVELS || used + line.len() > WIDTH => {
            let entries = sorted(map).into_iter().map(|(key, value)| (Some(key), value));
            put_lines('{', entries, '}', indent, text);
        }
        Value::Array(items) if used + line.len() > WIDTH => {
            put_lines('[', items.iter().map(|item| (None, item)), ']', indent, text);
        }
        _ => text.push_str(&line),
    }
}

fn put_lines<'a>(
    open: char,
    entries: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
    close: char,
    indent: usize,
    text: &mut String,
) {
    text.push(open);
    for (index, (key, value)) in entries.enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.extend(std::iter::repeat_n(' ', indent + 1));
        if let Some(key) = key {
            text.push_str(&quoted(key));
            text.push_str(": ");
        }
        put(value, indent + 1, text);
    }
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', indent));
    text.push(close);
}

/// Also what digests are taken of.
pub(crate) fn on_one_line(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<String> = sorted(map)
                .into_iter()
                .map(|(key, value)| format!("{}: {}", quoted(key), on_one_line(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(on_one_line).collect();
            format!("[{}]", items.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// Whatever order `serde_json` was built to keep.
fn sorted(map: &serde_json::Map<String, Value>) -> BTreeMap<&str, &Value> {
    map.iter().map(|(key, value)| (key.as_str(), value)).collect()
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::write;
    use serde_json::json;

    #[test]
    fn what_is_written_reads_back_the_same() {
        let long = "x".repeat(120);
        let value =
            json!({"b": {"c": {"d": {"e": [1, {"f": null}], "g": long}}}, "a": {"é\n": []}});
        let text = write(&value);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        assert!(text.find("\"a\"") < text.find("\"b\""), "{text}");
        assert!(text.contains("\"e\": [1, {\"f\": null}]"), "{text}");
    }
}
