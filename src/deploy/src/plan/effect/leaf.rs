//! One value inside of a change, wherever the change begins: a change set may say it of the whole bucket's rules, or
//! of the number in them.

use serde_json::Value;

use super::PropertyChange;

/// What stands at a place before and after; several values where a list is on the way.
pub(super) struct Leaf {
    pub(super) before: Vec<Value>,
    pub(super) after: Vec<Value>,
}

/// The values at `target`, a path below `Properties` without list positions; `None` where the change is about
/// something else, or about a part of it only.
pub(super) fn leaf(property: &PropertyChange, target: &str) -> Option<Leaf> {
    let path = without_positions(&property.path);
    let own = path.strip_prefix("Properties.")?;
    let rest = target.strip_prefix(own)?;
    let is_joint = rest.is_empty() || rest.starts_with('.');
    let steps: Vec<&str> = rest.split('.').filter(|step| !step.is_empty()).collect();
    let at = |value: &Option<Value>| {
        let mut found = Vec::new();
        value.iter().for_each(|value| collect(value, &steps, &mut found));
        found
    };
    let leaf = Leaf { before: at(&property.before), after: at(&property.after) };
    (is_joint && !(leaf.before.is_empty() && leaf.after.is_empty())).then_some(leaf)
}

impl Leaf {
    /// The smallest numbers, which are those that delete first.
    pub(super) fn numbers(&self) -> (Option<u64>, Option<u64>) {
        let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let smallest = |values: &[Value]| values.iter().filter_map(number).min();
        (smallest(&self.before), smallest(&self.after))
    }

    /// On or off, on both sides.
    pub(super) fn switch(&self) -> Option<(bool, bool)> {
        let is_on = |values: &[Value]| {
            let value = values.first()?;
            value.as_bool().or_else(|| value.as_str()?.parse().ok())
        };
        Some((is_on(&self.before)?, is_on(&self.after)?))
    }
}

/// `A.B[0].C[name.with.dots]` as `A.B.C`.
pub(super) fn without_positions(path: &str) -> String {
    let mut depth = 0_u32;
    let mut kept = String::new();
    for letter in path.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            letter if depth == 0 => kept.push(letter),
            _ => {}
        }
    }
    kept
}

fn collect(value: &Value, steps: &[&str], found: &mut Vec<Value>) {
    match (value, steps) {
        (Value::Null, _) => {}
        (Value::Array(items), [_, ..]) => {
            items.iter().for_each(|item| collect(item, steps, found));
        }
        (value, []) => found.push(value.clone()),
        (value, [step, rest @ ..]) => {
            if let Some(value) = value.get(step) {
                collect(value, rest, found);
            }
        }
    }
}
