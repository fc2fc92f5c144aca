//! Values before and after, short enough to compare by eye.

use serde_json::Value;

use crate::plan::{PropertyChange, Replacement};

use super::labels::label;
use super::names;
use super::words::short;

/// One difference that a person can look at.
pub(super) struct Difference {
    pub(super) label: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    /// Of two lists: what is in one of them only, instead of the lists.
    pub(super) members: Option<(Vec<String>, Vec<String>)>,
    /// Whether this one makes the resource be replaced.
    pub(super) recreation: Replacement,
}

/// Most differences of one property; a rewritten policy has dozens.
const MOST: usize = 6;

/// What is different, down to where it is, and how many differences are not listed.
pub(super) fn differences(
    resource_type: &str,
    property: &PropertyChange,
) -> (Vec<Difference>, usize) {
    let mut leaves = Vec::new();
    let whole = (property.before.as_ref(), property.after.as_ref());
    collect(String::new(), whole.0, whole.1, &mut leaves);
    // Most of a value that is new in half its places is easier read as a whole.
    let hidden = leaves.len().saturating_sub(MOST);
    leaves.truncate(MOST);
    let shown = leaves.into_iter().map(|(suffix, before, after)| {
        let label = label(resource_type, &format!("{}{suffix}", property.path));
        let members = before.zip(after).and_then(|(before, after)| members(before, after));
        let show =
            |value: Option<&Value>| value.map(|value| shown(&property.path, value, label.unit));
        let (before, after) = (show(before), show(after));
        let after = after.or_else(|| Some(new(property.cause.as_ref()?, &label.text)));
        Difference { label: label.text, before, after, members, recreation: property.recreation }
    });
    (shown.collect(), hidden)
}

fn shown(path: &str, value: &Value, unit: &str) -> String {
    match (path, value.as_str()) {
        ("DeletionPolicy" | "UpdateReplacePolicy", Some(policy))
            if policy.starts_with("Retain") =>
        {
            "kept".to_owned()
        }
        ("DeletionPolicy" | "UpdateReplacePolicy", Some("Delete")) => "deleted".to_owned(),
        _ => scalar(value, unit),
    }
}

/// A value that is known only once the other resource is there: `the new VPC`.
fn new(cause: &str, label: &str) -> String {
    let (id, attribute) = cause.split_once('.').unwrap_or((cause, ""));
    match names::known(id) {
        Some(name) if name == label => "the new one".to_owned(),
        Some(name) if ["", "Arn", "GroupId"].contains(&attribute) => format!("the new {name}"),
        Some(name) => format!("that of the new {name}"),
        None => format!("(from {cause})"),
    }
}

type Leaf<'a> = (String, Option<&'a Value>, Option<&'a Value>);

fn collect<'a>(
    path: String,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
    leaves: &mut Vec<Leaf<'a>>,
) {
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new)))
            if !is_function(old) && !is_function(new) =>
        {
            let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys.into_iter().filter(|key| old.get(*key) != new.get(*key)) {
                collect(format!("{path}.{key}"), old.get(key), new.get(key), leaves);
            }
        }
        (Some(one @ Value::Array(old)), Some(other @ Value::Array(new)))
            if old.len() == new.len() && members(one, other).is_none() =>
        {
            for (index, (old, new)) in
                old.iter().zip(new).enumerate().filter(|(_, (old, new))| old != new)
            {
                collect(format!("{path}[{index}]"), Some(old), Some(new), leaves);
            }
        }
        _ => leaves.push((path, before, after)),
    }
}

/// What leaves and what joins a list; `None` where it is no list of plain values, or only their order changes.
fn members(before: &Value, after: &Value) -> Option<(Vec<String>, Vec<String>)> {
    let (old, new) = (before.as_array()?, after.as_array()?);
    let is_plain = |item: &Value| rule(item).is_some() || !item.is_object() && !item.is_array();
    if !old.iter().chain(new).all(is_plain) {
        return None;
    }
    let only = |one: &[Value], other: &[Value]| -> Vec<String> {
        one.iter().filter(|item| !other.contains(item)).map(|item| scalar(item, "")).collect()
    };
    let (gone, new) = (only(old, new), only(new, old));
    (!gone.is_empty() || !new.is_empty()).then_some((gone, new))
}

/// As a person writes it: no quotes around text, CloudFormation's functions in their short form.
pub(super) fn scalar(value: &Value, unit: &str) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) if is_digest(text) => short(text).to_owned(),
        Value::String(text) => with_unit(text, unit),
        Value::Number(number) => with_unit(&number.to_string(), unit),
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            let items: Vec<String> = items.iter().map(|item| scalar(item, "")).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) if is_function(map) => function(map),
        other if let Some(rule) = rule(other) => rule,
        other => other.to_string(),
    }
}

/// A rule of a firewall: `0.0.0.0/0 on port 443`.
fn rule(value: &Value) -> Option<String> {
    let range = value.get("CidrIp")?.as_str()?;
    let port = value.get("FromPort")?;
    (value.get("ToPort") == Some(port)).then(|| format!("{range} on port {}", scalar(port, "")))
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn with_unit(text: &str, unit: &str) -> String {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match unit {
        "" => text.to_owned(),
        _ if !is_number => text.to_owned(),
        "%" => format!("{text} %"),
        "days" if text == "1" => "1 day".to_owned(),
        unit => format!("{text} {unit}"),
    }
}

fn is_function(map: &serde_json::Map<String, Value>) -> bool {
    map.len() == 1 && map.keys().all(|key| key == "Ref" || key.starts_with("Fn::"))
}

fn function(map: &serde_json::Map<String, Value>) -> String {
    let Some((name, argument)) = map.iter().next() else { return String::new() };
    match (name.as_str(), argument) {
        ("Ref", Value::String(id)) => format!("!Ref {id}"),
        ("Fn::GetAtt", Value::Array(parts)) => {
            let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
            format!("!GetAtt {}", parts.join("."))
        }
        ("Fn::Sub", Value::String(text)) => format!("!Sub {text}"),
        (name, argument) => format!("!{} {argument}", name.trim_start_matches("Fn::")),
    }
}

/// Both values in at most `room` characters each. What long ones have in common is left out, so that the
/// difference stays in sight.
pub(super) fn shortened(before: &str, after: &str, room: usize) -> (String, String) {
    let is_long = |text: &str| text.chars().count() > room;
    let common = before.chars().zip(after.chars()).take_while(|(one, other)| one == other).count();
    let skipped =
        if is_long(before) || is_long(after) { common.saturating_sub(room / 3) } else { 0 };
    let cut = |text: &str| {
        let skipped = if is_long(text) { skipped } else { 0 };
        let start = if skipped > 1 { "…" } else { "" };
        let rest: String =
            if skipped > 1 { text.chars().skip(skipped).collect() } else { text.to_owned() };
        let room = room.saturating_sub(start.chars().count());
        if rest.chars().count() <= room {
            return format!("{start}{rest}");
        }
        let kept: String = rest.chars().take(room.saturating_sub(1)).collect();
        format!("{start}{kept}…")
    };
    (cut(before), cut(after))
}

#[cfg(test)]
mod tests {
    use super::{differences, scalar, shortened};
    use crate::plan::{PropertyChange, Replacement};
    use serde_json::json;

    fn property(before: serde_json::Value, after: serde_json::Value) -> PropertyChange {
        PropertyChange {
            path: "Properties.X".to_owned(),
            before: Some(before),
            after: Some(after),
            recreation: Replacement::Never,
            cause: None,
            line: None,
            is_echo: false,
        }
    }

    #[test]
    fn only_what_differs_is_shown() {
        let before = json!({"Rules": [{"Id": "a", "Days": 30}, {"Id": "b"}], "Same": 1});
        let after =
            json!({"Rules": [{"Id": "a", "Days": 90}, {"Id": "b"}], "Same": 1, "New": true});
        let (shown, hidden) = differences("T", &property(before, after));
        let shown: Vec<_> = shown
            .iter()
            .map(|it| (it.label.as_str(), it.before.as_deref(), it.after.as_deref()))
            .collect();
        assert_eq!(
            shown,
            [("X.New", None, Some("on")), ("X.Rules[0].Days", Some("30"), Some("90"))]
        );
        assert_eq!(hidden, 0);
    }

    #[test]
    fn functions_are_written_as_people_write_them() {
        assert_eq!(scalar(&json!({"Ref": "Image"}), ""), "!Ref Image");
        assert_eq!(scalar(&json!({"Fn::GetAtt": ["Key", "Arn"]}), ""), "!GetAtt Key.Arn");
        assert_eq!(scalar(&json!("30"), "days"), "30 days");
        assert_eq!(scalar(&json!(["a", 1]), ""), "[a, 1]");
    }

    #[test]
    fn the_difference_of_long_values_stays_in_sight() {
        let (before, after) =
            (format!("{}old tail", "x".repeat(100)), format!("{}new tail", "x".repeat(100)));
        let (before, after) = shortened(&before, &after, 20);
        assert!(before.contains("old") && after.contains("new"), "{before} {after}");
        assert!(before.chars().count() <= 20);
        assert_eq!(shortened("a", "b", 20), ("a".to_owned(), "b".to_owned()));
    }
}
