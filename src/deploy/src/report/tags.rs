//! Tags, which CloudFormation puts on everything in a stack: one line, whatever changes.

use crate::plan::{Plan, TagChange};

use super::words::short;

/// Changes of tags with the stack they are limited to; `None` where both stacks get the same.
pub(super) fn tags(plan: &Plan) -> Vec<(Option<&str>, &[TagChange])> {
    let changed: Vec<_> = plan.stacks.iter().filter(|stack| !stack.tags.is_empty()).collect();
    match changed.as_slice() {
        [one, other] if one.tags == other.tags => vec![(None, &one.tags)],
        stacks => {
            stacks.iter().map(|stack| (Some(stack.name.as_str()), stack.tags.as_slice())).collect()
        }
    }
}

/// `~`, key, and what becomes of the value.
pub(super) fn parts(change: &TagChange) -> (&'static str, &str, String) {
    let value = |text: &str| match is_digest(text) {
        true => short(text).to_owned(),
        false => text.to_owned(),
    };
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            ("~", &change.key, format!("{} → {}", value(before), value(after)))
        }
        (None, Some(after)) => ("+", &change.key, value(after)),
        (Some(before), None) => ("-", &change.key, value(before)),
        (None, None) => ("~", &change.key, String::new()),
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
