//! What a role may do afterwards, and what it may do no longer, statement by statement.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::{Change, Harm, PropertyChange};
use super::Effect;
use super::leaf::without_positions;

/// Where the statements of a policy stand.
const STATEMENTS: &str = "Properties.PolicyDocument.Statement";

pub(super) fn of(change: &Change) -> Vec<Effect> {
    let Some((who, is_many)) = holder(change) else { return Vec::new() };
    let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
    for property in change.properties.iter().filter(|property| !property.is_echo) {
        collect(property, property.before.as_ref(), &mut before);
        collect(property, property.after.as_ref(), &mut after);
    }
    let verb = |one: &'static str, many: &'static str| if is_many { many } else { one };
    let lost = told(&before, &after).into_iter().map(|what| {
        Effect::new(Harm::Interrupts, format!("{who} {} {what}", verb("loses", "lose")))
    });
    let gained = told(&after, &before)
        .into_iter()
        .map(|what| Effect::new(Harm::Safe, format!("{who} {} {what}", verb("gains", "gain"))));
    lost.chain(gained).collect()
}

/// Whose rights a policy holds, and whether that is more than one.
fn holder(change: &Change) -> Option<(&'static str, bool)> {
    if change.resource_type != "AWS::IAM::Policy" {
        return None;
    }
    Some(match change.logical_id.as_str() {
        "ServiceAccess" | "InstanceAccess" => ("servers", true),
        "ReaderAccess" => ("readers", true),
        "WriterAccess" => ("writers", true),
        _ => ("the role", false),
    })
}

/// An action and what it is allowed on; one of the two is empty where the change leaves it alone.
type Grant = (String, String);

fn collect(property: &PropertyChange, value: Option<&Value>, found: &mut BTreeSet<Grant>) {
    let path = without_positions(&property.path);
    let Some(value) = value else { return };
    match path.strip_prefix(STATEMENTS) {
        Some("") => match value {
            Value::Array(statements) => statements.iter().for_each(|it| grants(it, found)),
            statement => grants(statement, found),
        },
        Some(".Action") => found.extend(texts(value).into_iter().map(|it| (it, String::new()))),
        Some(".Resource") => {
            found.extend(texts(value).into_iter().map(|it| (String::new(), short(&it))));
        }
        Some(_) => {}
        None if path == "Properties.PolicyDocument" => {
            let statements = value["Statement"].as_array().into_iter().flatten();
            statements.for_each(|statement| grants(statement, found));
        }
        None => {}
    }
}

fn grants(statement: &Value, found: &mut BTreeSet<Grant>) {
    if statement["Effect"] != "Allow" {
        return;
    }
    for action in texts(&statement["Action"]) {
        for resource in texts(&statement["Resource"]) {
            found.insert((action.clone(), short(&resource)));
        }
    }
}

/// What one side has and the other has not: `kms:Decrypt, kms:GenerateDataKey on key/1`.
fn told(one: &BTreeSet<Grant>, other: &BTreeSet<Grant>) -> Vec<String> {
    let mut by_resource: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (action, resource) in one.difference(other) {
        by_resource.entry(resource).or_default().push(action);
    }
    // The same actions on several things are one sentence.
    let mut by_actions: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (resource, actions) in by_resource {
        by_actions.entry(actions.join(", ")).or_default().push(resource);
    }
    let told = |(actions, resources): (String, Vec<&str>)| match resources.join(", ") {
        resources if actions.is_empty() => format!("access to {resources}"),
        resources if resources.is_empty() => actions,
        resources => format!("{actions} on {resources}"),
    };
    by_actions.into_iter().map(told).collect()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Null => Vec::new(),
        other => vec![other.to_string()],
    }
}

/// An ARN without what is the same for everything in the account: the bucket, the table, the key.
fn short(resource: &str) -> String {
    let plain = resource.replace("AWS::", "");
    let mut parts = plain.splitn(6, ':');
    let (first, service) = (parts.next(), parts.nth(1));
    match (first, service, parts.nth(2)) {
        (Some("arn"), Some("kms"), Some("key/*")) => "the key of the content".to_owned(),
        (Some("arn"), Some(_), Some(name)) => name.to_owned(),
        _ => resource.to_owned(),
    }
}
