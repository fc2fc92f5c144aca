//! Statements to documents that IAM takes.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::scope::Scope;

/// Most characters of a managed policy, blanks not counted.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const MOST_CHARACTERS: usize = 6_144;

/// Characters around the statements of a document.
const FRAME: usize = 64;

/// One statement of a policy. All of ours allow.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    scope: Scope,
    actions: BTreeSet<String>,
}

impl Statement {
    /// Leaves out what an action with a wildcard grants already.
    pub(super) fn new(scope: Scope, actions: BTreeSet<String>) -> Self {
        let wide: Vec<String> =
            actions.iter().filter_map(|it| it.strip_suffix('*').map(str::to_owned)).collect();
        let is_covered = |action: &String| {
            !action.ends_with('*') && wide.iter().any(|it| action.starts_with(it))
        };
        Self { scope, actions: actions.into_iter().filter(|action| !is_covered(action)).collect() }
    }

    fn to_json(&self) -> Value {
        let mut statement = Map::new();
        statement.insert("Sid".to_owned(), self.scope.sid.into());
        statement.insert("Effect".to_owned(), "Allow".into());
        statement.insert("Action".to_owned(), self.actions.iter().cloned().collect());
        let resources: Vec<Value> = self.scope.resources.iter().cloned().map(Value::from).collect();
        statement.insert("Resource".to_owned(), one_or_many(resources));
        let mut condition = Map::new();
        for (operator, key, values) in &self.scope.conditions {
            let values = one_or_many(values.iter().cloned().map(Value::from).collect());
            let entry = condition.entry(*operator).or_insert_with(|| json!({}));
            entry[*key] = values;
        }
        if !condition.is_empty() {
            statement.insert("Condition".to_owned(), Value::Object(condition));
        }
        Value::Object(statement)
    }
}

/// As few documents as it takes in this order, none longer than IAM accepts.
pub(super) fn pack(statements: impl Iterator<Item = Statement>) -> Vec<Value> {
    let mut documents: Vec<Vec<Value>> = Vec::new();
    let mut left = 0;
    for statement in statements {
        let statement = statement.to_json();
        let length = characters(&statement) + 1;
        match documents.last_mut().filter(|_| length <= left) {
            Some(last) => last.push(statement),
            None => {
                documents.push(vec![statement]);
                left = MOST_CHARACTERS - FRAME;
            }
        }
        left = left.saturating_sub(length);
    }
    let document = |statements| json!({ "Version": "2012-10-17", "Statement": statements });
    documents.into_iter().map(document).collect()
}

fn characters(value: &Value) -> usize {
    value.to_string().chars().filter(|letter| !letter.is_whitespace()).count()
}

fn one_or_many(mut values: Vec<Value>) -> Value {
    if values.len() == 1 { values.remove(0) } else { Value::Array(values) }
}
