//! The functions of a template: which there are, what they refer to, and how they read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Name and argument of a function: an object of one key, `Ref` or `Fn::…`.
pub(super) fn function(value: &Value) -> Option<(&str, &Value)> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    let (name, argument) = map.iter().next()?;
    let is_function = name == "Ref" || name == "Condition" && argument.is_string();
    (is_function || name.starts_with("Fn::")).then_some((name, argument))
}

/// Logical ids and parameters that a value refers to.
pub(super) fn references(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match (function(value), value) {
        (Some(("Ref", Value::String(name))), _) => {
            found.insert(name.clone());
        }
        (Some(("Fn::GetAtt", argument)), _) => {
            found.extend(attribute(argument).map(|(id, _)| id.to_owned()));
        }
        (Some(("Fn::Sub", argument)), _) => {
            let (text, own) = substitution(argument);
            let names = placeholders(text).into_iter().map(|it| it.split('.').next().unwrap_or(it));
            let names = names.filter(|name| own.is_none_or(|own| own.get(*name).is_none()));
            found.extend(names.map(str::to_owned));
            own.into_iter().for_each(|own| collect(own, found));
        }
        (_, Value::Object(map)) => map.values().for_each(|value| collect(value, found)),
        (_, Value::Array(items)) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

/// Gives every reference to a resource another logical id.
pub(super) fn rename(value: &mut Value, ids: &BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), &mut *value) {
                    ("Ref", Value::String(id)) => rename_id(id, ids),
                    ("Fn::GetAtt", argument) => rename_attribute(argument, ids),
                    ("Fn::Sub", argument) => rename_substitution(argument, ids),
                    _ => rename(value, ids),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, ids)),
        _ => {}
    }
}

fn rename_id(id: &mut String, ids: &BTreeMap<String, String>) {
    if let Some(new) = ids.get(id.as_str()) {
        new.clone_into(id);
    }
}

fn rename_attribute(argument: &mut Value, ids: &BTreeMap<String, String>) {
    match argument {
        Value::Array(parts) => {
            if let Some(Value::String(id)) = parts.first_mut() {
                rename_id(id, ids);
            }
        }
        Value::String(text) => {
            if let Some((id, name)) = text.split_once('.')
                && let Some(new) = ids.get(id)
            {
                *text = format!("{new}.{name}");
            }
        }
        _ => {}
    }
}

fn rename_substitution(argument: &mut Value, ids: &BTreeMap<String, String>) {
    match argument {
        Value::String(text) => {
            for (old, new) in ids {
                *text = text.replace(&format!("${{{old}}}"), &format!("${{{new}}}"));
                *text = text.replace(&format!("${{{old}."), &format!("${{{new}."));
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(|part| match part {
            Value::String(_) => rename_substitution(part, ids),
            own => rename(own, ids),
        }),
        _ => {}
    }
}

/// Logical id and attribute of `Fn::GetAtt`, which is a list or a text with a dot.
pub(super) fn attribute(argument: &Value) -> Option<(&str, &str)> {
    match argument {
        Value::String(text) => text.split_once('.'),
        Value::Array(parts) => Some((parts.first()?.as_str()?, parts.get(1)?.as_str()?)),
        _ => None,
    }
}

/// Text and own variables of `Fn::Sub`, which is a text or a list of both.
pub(super) fn substitution(argument: &Value) -> (&str, Option<&Value>) {
    match argument {
        Value::String(text) => (text, None),
        _ => (argument[0].as_str().unwrap_or_default(), argument.get(1)),
    }
}

/// What stands between `${` and `}`, but for `${!…}`, which is text.
pub(super) fn placeholders(text: &str) -> Vec<&str> {
    let parts = text.split("${").skip(1);
    let names = parts.filter_map(|part| part.split_once('}').map(|(name, _)| name.trim()));
    names.filter(|name| !name.starts_with('!')).collect()
}

/// A value as one text in the notation of `Fn::Sub`: `http://${LoadBalancer.DNSName}`. `None` for objects, lists
/// and functions that have no such notation.
pub(super) fn as_text(value: &Value) -> Option<String> {
    if let Some((name, argument)) = function(value) {
        return match name {
            "Ref" => argument.as_str().map(|id| format!("${{{id}}}")),
            "Fn::GetAtt" => attribute(argument).map(|(id, name)| format!("${{{id}.{name}}}")),
            "Fn::Sub" => {
                let (text, own) = substitution(argument);
                own.is_none().then(|| text.to_owned())
            }
            "Fn::Join" => {
                let (separator, items) = (argument[0].as_str()?, argument[1].as_array()?);
                let items: Option<Vec<String>> = items.iter().map(as_text).collect();
                Some(items?.join(separator))
            }
            _ => None,
        };
    }
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{as_text, references, rename};
    use serde_json::json;

    #[test]
    fn references_are_found_in_every_notation() {
        let value = json!({
            "A": {"Ref": "One"},
            "B": [{"Fn::GetAtt": ["Two", "Arn"]}, {"Fn::GetAtt": "Three.Arn"}],
            "C": {"Fn::Sub": "x-${Four}-${Five.Arn}-${!Not}-${AWS::Region}"},
            "D": {"Fn::Sub": ["${own}${Six}", {"own": {"Ref": "Seven"}}]},
        });
        let found = references(&value);
        let names: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(names, ["AWS::Region", "Five", "Four", "One", "Seven", "Six", "Three", "Two"]);
    }

    #[test]
    fn a_rename_reaches_every_notation() {
        let template = |id: &str| {
            json!([
                {"Ref": id},
                {"Fn::GetAtt": [id, "A"]},
                {"Fn::GetAtt": format!("{id}.A")},
                {"Fn::Sub": format!("${{{id}}} ${{{id}.A}} ${{{id}Other}}")},
                {"Fn::Sub": [format!("${{{id}}}"), {"own": {"Ref": id}}]},
            ])
        };
        let mut value = template("Old");
        rename(&mut value, &[("Old".to_owned(), "New".to_owned())].into());
        let mut expected = template("New");
        expected[3]["Fn::Sub"] = json!("${New} ${New.A} ${OldOther}");
        assert_eq!(value, expected);
    }

    #[test]
    fn texts_read_like_a_substitution() {
        let value =
            json!({"Fn::Join": ["", ["URL=", {"Fn::Sub": "http://${It.Name}"}, {"Ref": "X"}]]});
        assert_eq!(as_text(&value).unwrap(), "URL=http://${It.Name}${X}");
        assert_eq!(as_text(&json!({"a": 1})), None);
    }
}
