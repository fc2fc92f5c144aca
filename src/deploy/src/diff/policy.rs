//! What becomes of a resource that goes.

use serde_json::Value;

use crate::plan::PolicyAction;

/// Of one that is removed, from the template that is deployed.
pub(super) fn on_removal(before: &Value) -> PolicyAction {
    match word(before, "DeletionPolicy") {
        "Retain" | "RetainExceptOnCreate" => PolicyAction::Retain,
        "Snapshot" => PolicyAction::Snapshot,
        _ => PolicyAction::Delete,
    }
}

/// Of one that is replaced. Where the two templates disagree, the worse answer counts: AWS does not document which
/// one decides.
pub(super) fn on_replacement(before: &Value, after: &Value) -> PolicyAction {
    match [before, after].map(|resource| word(resource, "UpdateReplacePolicy")) {
        ["Retain", "Retain"] => PolicyAction::ReplaceAndRetain,
        ["Snapshot", "Snapshot"] => PolicyAction::ReplaceAndSnapshot,
        _ => PolicyAction::ReplaceAndDelete,
    }
}

fn word<'a>(resource: &'a Value, attribute: &str) -> &'a str {
    resource[attribute].as_str().unwrap_or_default()
}
