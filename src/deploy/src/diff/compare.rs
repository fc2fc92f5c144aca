//! Two values, down to what differs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::intrinsic::{as_text, function};
use super::path::{Path, Step};

/// One value that differs. A list of plain values counts as one.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    pub(super) path: Path,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

/// Properties that name an item among others of its list, the best first.
const NAMES: [&str; 9] = [
    "Key",
    "Sid",
    "Id",
    "Name",
    "PolicyName",
    "LifecycleHookName",
    "DeviceName",
    "ResourceType",
    "DomainName",
];

/// All that differs between two values, in the order of the paths.
pub(super) fn compare(
    path: &Path,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    match (before, after) {
        (Some(before), Some(after)) if is_same(before, after) => {}
        (Some(before), Some(after)) => compare_values(path, before, after, found),
        (None, None) => {}
        (before, after) => found.push(difference(path, before, after)),
    }
}

/// Whether CloudFormation sees the same: it does not tell `"3"` from `3`.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, value)| other.get(key).is_some_and(|it| is_same(value, it)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        _ => as_text(one) == as_text(other),
    }
}

fn compare_values(path: &Path, before: &Value, after: &Value, found: &mut Vec<Difference>) {
    let is_call = function(before).is_some() || function(after).is_some();
    match (before, after) {
        (Value::Object(old), Value::Object(new)) if !is_call => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                compare(&path.name(key), old.get(key), new.get(key), found);
            }
        }
        (Value::Array(old), Value::Array(new)) if are_objects(old) && are_objects(new) => {
            compare_lists(path, before, after, found);
        }
        _ => found.push(difference(path, Some(before), Some(after))),
    }
}

fn compare_lists(path: &Path, before: &Value, after: &Value, found: &mut Vec<Difference>) {
    let [old, new] = [before, after].map(|list| list.as_array().map_or(&[][..], Vec::as_slice));
    let whole = difference(path, Some(before), Some(after));
    if let Some(property) = NAMES.iter().find(|it| are_named(old, it) && are_named(new, it)) {
        let named = |list: &[Value]| -> Vec<String> {
            list.iter().filter_map(|item| as_text(&item[*property])).collect()
        };
        let (old_names, new_names) = (named(old), named(new));
        let same = |names: &[String], others: &[String]| -> Vec<String> {
            names.iter().filter(|name| others.contains(name)).cloned().collect()
        };
        // Where the order changes, that is a change of its own.
        if same(&old_names, &new_names) != same(&new_names, &old_names) {
            found.push(whole);
            return;
        }
        let names: BTreeSet<&String> = old_names.iter().chain(&new_names).collect();
        for name in names {
            let at = |names: &[String], list: &'_ [Value]| -> Option<Value> {
                names.iter().position(|it| it == name).map(|index| list[index].clone())
            };
            let step = path.then(Step::Item(property, name.clone()));
            let (old, new) = (at(&old_names, old), at(&new_names, new));
            compare_items(&step, old.as_ref(), new.as_ref(), found);
        }
    } else if old.len() == new.len() {
        for (index, (old, new)) in old.iter().zip(new).enumerate() {
            compare(&path.then(Step::Index(index)), Some(old), Some(new), found);
        }
    } else {
        found.push(whole);
    }
}

fn compare_items(
    path: &Path,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    let are_pairs = [before, after].into_iter().flatten().all(|item| pair(item).is_some());
    if are_pairs {
        compare(path, before.and_then(pair), after.and_then(pair), found);
    } else {
        compare(path, before, after, found);
    }
}

/// The value of a tag or an attribute, which its key tells from others.
pub(super) fn pair(item: &Value) -> Option<&Value> {
    let map = item.as_object().filter(|map| map.len() == 2 && map.contains_key("Key"))?;
    map.get("Value")
}

/// The steps to the items of a list, the same as a comparison takes; `None` where the list is one value.
pub(super) fn steps(list: &[Value]) -> Option<Vec<Step>> {
    if !are_objects(list) {
        return None;
    }
    let name = NAMES.into_iter().find(|name| are_named(list, name));
    let step = |(index, item): (usize, &Value)| match name {
        Some(name) => Step::Item(name, as_text(&item[name]).unwrap_or_default()),
        None => Step::Index(index),
    };
    Some(list.iter().enumerate().map(step).collect())
}

fn are_objects(list: &[Value]) -> bool {
    !list.is_empty() && list.iter().all(|item| item.is_object() && function(item).is_none())
}

/// Whether each item has such a property, and no two the same.
fn are_named(list: &[Value], property: &str) -> bool {
    let names: Option<BTreeSet<&str>> = list.iter().map(|item| item[property].as_str()).collect();
    names.is_some_and(|names| names.len() == list.len())
}

fn difference(path: &Path, before: Option<&Value>, after: Option<&Value>) -> Difference {
    Difference { path: path.clone(), before: before.cloned(), after: after.cloned() }
}

#[cfg(test)]
mod tests {
    use super::{Path, compare};
    use serde_json::{Value, json};

    fn paths(before: &Value, after: &Value) -> Vec<String> {
        let mut found = Vec::new();
        compare(&Path::default(), Some(before), Some(after), &mut found);
        found.iter().map(|difference| difference.path.to_string()).collect()
    }

    #[test]
    fn every_shape_has_its_paths() {
        let tags = |value: &str| json!({"Tags": [{"Key": "team", "Value": value}]});
        let cases: [(Value, Value, &[&str]); 10] = [
            (json!({"A": 3}), json!({"A": "3"}), &[]),
            (json!({"A": {"B": 1, "C": 2}}), json!({"A": {"B": 2, "C": 2}}), &["A.B"]),
            (json!({"A": 1}), json!({"B": {"C": 1}}), &["A", "B"]),
            (json!({"A": ["x"]}), json!({"A": ["x", "y"]}), &["A"]),
            (json!({"A": {"Ref": "B"}}), json!({"A": {"Ref": "C"}}), &["A"]),
            (tags("a"), tags("b"), &["Tags[team]"]),
            (json!({"R": [{"Id": "a", "D": 1}]}), json!({"R": [{"Id": "a", "D": 2}]}), &["R[a].D"]),
            (json!({"R": [{"D": 1}, {"D": 2}]}), json!({"R": [{"D": 1}, {"D": 3}]}), &["R[1].D"]),
            (json!({"R": [{"D": 1}]}), json!({"R": [{"D": 1}, {"D": 3}]}), &["R"]),
            (
                json!({"R": [{"Id": "a"}, {"Id": "b"}]}),
                json!({"R": [{"Id": "b"}, {"Id": "a"}]}),
                &["R"],
            ),
        ];
        for (before, after, expected) in cases {
            assert_eq!(paths(&before, &after), expected, "{before} -> {after}");
        }
    }
}
