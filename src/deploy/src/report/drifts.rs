//! What was changed past `syncctl`, beside what this plan does about it.

use crate::plan::{Change, Drift, DriftedProperty, Plan, PropertyChange};

use super::labels::label;
use super::values::scalar;

/// A drifted property and this plan's answer.
pub(super) struct Answer<'a> {
    pub(super) label: String,
    pub(super) property: &'a DriftedProperty,
    /// `this plan sets it to 30`, `this plan leaves it`.
    pub(super) answer: String,
}

pub(super) fn answers<'a>(plan: &Plan, drift: &'a Drift) -> Vec<Answer<'a>> {
    let change = change_of(plan, drift);
    let answer = |property: &'a DriftedProperty| Answer {
        label: label(&drift.resource_type, &property.path).text,
        property,
        answer: answer(change, drift, property),
    };
    drift.properties.iter().map(answer).collect()
}

/// What somebody should see before anything else: a bucket that may be opened to everybody.
pub(super) fn danger(drift: &Drift) -> Option<&'static str> {
    let is_off = |property: &DriftedProperty| {
        // The whole of it as JSON, or one of its four parts.
        let is_on = property.actual.contains("true") && !property.actual.contains("false");
        property.path.starts_with(PUBLIC_ACCESS) && !is_on
    };
    (drift.resource_type == "AWS::S3::Bucket" && drift.properties.iter().any(is_off)).then_some(
        "its block of public access is off: a policy or an access list can open it to everybody",
    )
}

const PUBLIC_ACCESS: &str = "/PublicAccessBlockConfiguration";

/// What the plan does to the resource as a whole, for one that is gone.
pub(super) fn answer_to_deletion(drift: &Drift) -> &'static str {
    if drift.is_touched {
        "is gone; this plan changes it, which will fail"
    } else {
        "is gone; this plan does not bring it back"
    }
}

fn change_of<'a>(plan: &'a Plan, drift: &Drift) -> Option<&'a Change> {
    let stack = plan.stacks.iter().find(|stack| stack.kind == drift.stack)?;
    stack.changes.iter().find(|change| change.logical_id == drift.logical_id)
}

fn answer(change: Option<&Change>, drift: &Drift, property: &DriftedProperty) -> String {
    let path = property.path.trim_start_matches('/').replace('/', ".");
    let is_same = |it: &&PropertyChange| {
        let of_plan = it.path.strip_prefix("Properties.").unwrap_or(&it.path);
        let (one, other) = (format!("{of_plan}."), format!("{path}."));
        one.starts_with(&other) || other.starts_with(&one)
    };
    let changed = change.and_then(|change| change.properties.iter().find(is_same));
    match changed.map(|changed| &changed.after) {
        Some(Some(after)) if !after.is_object() && !after.is_array() => {
            format!("this plan sets it to {}", scalar(after, ""))
        }
        Some(_) => "this plan changes it".to_owned(),
        None if drift.is_touched => "this plan changes other things of it".to_owned(),
        None => "this plan leaves it".to_owned(),
    }
}
