//! A replaced resource has another id, and so changes whatever refers to it.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::compare::{pair, steps};
use super::intrinsic::{function, references};
use super::modify::{ATTRIBUTES, Comparison, Located, judged_at, replacement};
use super::path::Path;
use super::show::shown;
use crate::plan::{Change, PropertyChange, Replacement};

/// The changes of these resources, which both templates have, with what follows from them.
pub(super) fn spread<'a>(
    comparison: &Comparison<'a>,
    ids: impl Iterator<Item = &'a str>,
) -> Vec<Change> {
    let mut found: BTreeMap<&str, Vec<Located>> =
        ids.map(|id| (id, comparison.located(id))).collect();
    let mut queue: VecDeque<&str> =
        found.iter().filter(|(_, it)| replaces(it).is_some()).map(|(id, _)| *id).collect();
    while let Some(source) = queue.pop_front() {
        let Some(certainty) = found.get(source).and_then(|it| replaces(it)) else { continue };
        for (id, properties) in &mut found {
            let before = replaces(properties);
            follow(comparison, id, source, certainty, properties);
            // It may have become certain only now, and then it has to be followed once more.
            if replaces(properties) != before {
                queue.push_back(id);
            }
        }
    }
    found.into_iter().filter_map(|(id, properties)| comparison.modified(id, properties)).collect()
}

/// Adds what changes about a resource because another one is replaced.
fn follow(
    comparison: &Comparison<'_>,
    id: &str,
    source: &str,
    certainty: Replacement,
    properties: &mut Vec<Located>,
) {
    let Some(new) = comparison.new.get(id).filter(|_| id != source) else { return };
    for attribute in ATTRIBUTES {
        let Some(value) = new.resolved.get(attribute) else { continue };
        let mut places = Vec::new();
        collect(&Path::default().name(attribute), value, source, &mut places);
        for (path, value) in places {
            let recreation = judged_at(new, &path).min(certainty);
            // A change of the text itself says it already, and is judged already.
            match properties.iter_mut().find(|it| it.path.holds(&path) || path.holds(&it.path)) {
                Some(known) if known.change.cause.as_deref() == Some(source) => {
                    known.change.recreation = known.change.recreation.max(recreation);
                }
                Some(_) => {}
                None => {
                    let change = property(comparison, &path, value, source, recreation);
                    properties.push(Located { path, change });
                }
            }
        }
    }
    properties.sort_by(|one, other| {
        is_marked(one).cmp(&is_marked(other)).then_with(|| one.path.cmp(&other.path))
    });
}

fn property(
    comparison: &Comparison<'_>,
    path: &Path,
    value: &Value,
    source: &str,
    recreation: Replacement,
) -> PropertyChange {
    let before = shown(value, &comparison.known(&[]));
    let after = shown(value, &comparison.known(&[source]));
    // A whole value that nobody knows is better left out than written as a reference to itself.
    let is_known = |shown: &Value| !is_reference(value) || !is_placeholder(shown);
    PropertyChange {
        path: path.to_string(),
        before: Some(before).filter(is_known),
        after: Some(after).filter(is_known),
        recreation,
        cause: Some(source.to_owned()),
        line: None,
        is_echo: false,
    }
}

/// The values that refer to a resource, a list of plain values and references being one.
fn collect<'v>(path: &Path, value: &'v Value, source: &str, found: &mut Vec<(Path, &'v Value)>) {
    match value {
        Value::Object(map) if function(value).is_none() => {
            map.iter().for_each(|(key, value)| collect(&path.name(key), value, source, found));
        }
        Value::Array(items) if let Some(steps) = steps(items) => {
            for (step, item) in steps.into_iter().zip(items) {
                collect(&path.then(step), pair(item).unwrap_or(item), source, found);
            }
        }
        _ if references(value).contains(source) => found.push((path.clone(), value)),
        _ => {}
    }
}

/// The replacement that others have to follow, if there is one.
fn replaces(properties: &[Located]) -> Option<Replacement> {
    replacement(properties).filter(|it| *it != Replacement::Never)
}

fn is_reference(value: &Value) -> bool {
    matches!(function(value), Some(("Ref" | "Fn::GetAtt", _)))
}

fn is_placeholder(shown: &Value) -> bool {
    shown.as_str().is_some_and(|text| text.starts_with("${"))
}

/// What stands for the resource itself comes first.
fn is_marked(located: &Located) -> bool {
    located.path.steps().len() > 1
}
