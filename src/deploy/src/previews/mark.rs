//! How a preview is known.

use blueprint::{Diagnostics, Preset, Resolved, Sources};
use cloud::StackSummary;
use serde_json::Value;
use stack::StackKind;

use crate::observe::Observed;

/// Tag of both stacks of a preview; `true`.
pub const PREVIEW_TAG: &str = "syncctl:preview";

/// The tag with the name of the deployment.
pub(super) const NAME_TAG: &str = "syncctl:name";

/// A blueprint for what is known by its name only: enough to look, to extend and to take down.
///
/// # Errors
/// When the name or the Region is none.
pub fn blueprint_of(name: &str, region: &str) -> Result<Resolved, Diagnostics> {
    blueprint::resolve(&Sources {
        preset: Preset::find("preview"),
        name: Some(name.to_owned()),
        region: Some(region.to_owned()),
        ..Sources::default()
    })
}

/// Whether somebody has put one of our tags on it, or we have.
pub(super) fn claims(stack: &StackSummary) -> bool {
    stack.tags.keys().any(|key| key.starts_with("syncctl:"))
}

pub(super) fn is_tagged(stack: &StackSummary) -> bool {
    stack.tags.get(PREVIEW_TAG).is_some_and(|value| value == "true")
}

/// Whether a template says of itself that it is this part of this preview. Nobody gets there by copying tags.
pub(super) fn is_in_template(template: &Value, name: &str, kind: StackKind) -> bool {
    let mark = &template["Metadata"]["syncctl"];
    let part = match kind {
        StackKind::Data => "data",
        StackKind::App => "app",
    };
    mark["deployment"] == name && mark["stack"] == part && mark["preview"] == true
}

/// Whether a blueprint with a `ttl` may be deployed here: nothing is there yet, also no data that an earlier deployment
/// has left, or a preview is. Anything else would become one, and be collected with its data one day.
pub(crate) fn may_become_one(observed: &Observed) -> bool {
    let stacks = [&observed.data, &observed.app].into_iter().flatten();
    observed.leftovers.is_empty()
        && stacks.filter(|stack| stack.is_deployed()).all(|stack| is_tagged(&stack.summary))
}
