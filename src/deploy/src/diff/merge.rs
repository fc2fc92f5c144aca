//! A change set with the values that it does not give.

use cloud::{ChangeDetail, ResourceChange};

use super::effective::Effective;
use super::launch_template::{Renamed, TYPE};
use super::{RENAMED, sorted};
use crate::plan::{Change, ChangeAction, Harm, PolicyAction, PropertyChange, Replacement};
use crate::schemas;

mod detail;

use detail::{is_tag, property, property_name};

/// The changes of a change set, most harmful first, with property values from it or else from the local plan.
///
/// What happens, whether it replaces and what becomes of the old resource is CloudFormation's to say. Three things
/// are not taken as they come:
///
/// - Noise is left out: resources that `after`, the template of the change set, does not make, which emulators list,
///   and resources of which only the tags of the stack change, which [`crate::plan::StackPlan::tags`] shows once.
///   What is removed or replaced always stays.
/// - The launch template that goes and the one that comes are one change, as in [`super::diff`].
/// - Whether a group is replaced is no longer open where its update policy decides it.
#[must_use]
pub fn merge(changes: &[ResourceChange], local: Vec<Change>, after: &stack::Stack) -> Vec<Change> {
    let effective = Effective::new(after.template.as_json(), &after.parameters);
    let renamed = renamed(changes);
    let local_of = |id: &str| local.iter().find(|change| change.logical_id == id);
    let merged = changes
        .iter()
        .filter(|change| renamed.as_ref().is_none_or(|renamed| change.logical_id != renamed.old));
    let merged = merged.filter_map(|change| {
        let id = change.logical_id.as_str();
        let known = local_of(id);
        match &renamed {
            Some(renamed) if renamed.new == id => {
                let old = changes.iter().find(|it| it.logical_id == renamed.old)?;
                Some(one_launch_template(renamed, old, change, known))
            }
            _ => (!is_noise(change, known, &effective)).then(|| with_values(change, known)),
        }
    });
    sorted(merged.collect())
}

/// The launch template that takes another one's place.
fn renamed(changes: &[ResourceChange]) -> Option<Renamed> {
    let ids = |action| {
        let templates = changes.iter().filter(|change| change.resource_type == TYPE);
        templates.filter(move |it| it.action == action).map(|it| it.logical_id.as_str())
    };
    Renamed::pair(ids(ChangeAction::Remove), ids(ChangeAction::Add))
}

fn one_launch_template(
    renamed: &Renamed,
    old: &ResourceChange,
    new: &ResourceChange,
    local: Option<&Change>,
) -> Change {
    let policy = match old.policy {
        Some(PolicyAction::Retain | PolicyAction::ReplaceAndRetain) => {
            PolicyAction::ReplaceAndRetain
        }
        _ => PolicyAction::ReplaceAndDelete,
    };
    let marker = PropertyChange {
        path: RENAMED.to_owned(),
        before: Some(renamed.old.as_str().into()),
        after: Some(renamed.new.as_str().into()),
        recreation: Replacement::Always,
        cause: None,
        line: None,
    };
    Change {
        logical_id: renamed.new.clone(),
        physical_id: old.physical_id.clone(),
        resource_type: new.resource_type.clone(),
        action: ChangeAction::Modify,
        replacement: Replacement::Always,
        policy: Some(policy),
        harm: Harm::Safe,
        properties: match local {
            Some(local) if !local.properties.is_empty() => local.properties.clone(),
            _ => vec![marker],
        },
    }
}

fn is_noise(change: &ResourceChange, local: Option<&Change>, effective: &Effective) -> bool {
    let goes = change.action == ChangeAction::Remove || change.replacement == Replacement::Always;
    let is_told = [ChangeAction::Dynamic, ChangeAction::Import, ChangeAction::Sync];
    if goes || is_told.contains(&change.action) {
        return false;
    }
    let only_tags = change.action == ChangeAction::Modify
        && change.replacement == Replacement::Never
        && !change.details.is_empty()
        && change.details.iter().all(is_tag)
        && local.is_none();
    // What might be replaced stays, although nothing of it is to be there: better one line too many.
    let is_not_there =
        change.replacement == Replacement::Never && !effective.has(&change.logical_id);
    only_tags || is_not_there
}

fn with_values(change: &ResourceChange, local: Option<&Change>) -> Change {
    let replacement = match change.replacement {
        Replacement::Conditional if is_decided(change, local) => Replacement::Never,
        replacement => replacement,
    };
    Change {
        logical_id: change.logical_id.clone(),
        physical_id: change.physical_id.clone(),
        resource_type: change.resource_type.clone(),
        action: change.action,
        replacement,
        policy: change.policy.filter(|_| goes(change.action, replacement)),
        harm: Harm::Safe,
        properties: properties(change, replacement, local.map_or(&[][..], |it| &it.properties)),
    }
}

/// Whether the old resource goes, or may go; where it stays, its policy is nobody's business.
fn goes(action: ChangeAction, replacement: Replacement) -> bool {
    matches!(action, ChangeAction::Remove | ChangeAction::Dynamic)
        || replacement != Replacement::Never
}

/// Whether the local plan knows what the change set leaves open: every property that may replace the resource is
/// one for which the template decides it.
fn is_decided(change: &ResourceChange, local: Option<&Change>) -> bool {
    let mut open =
        change.details.iter().filter(|it| it.recreation != Replacement::Never).peekable();
    local.is_some_and(|local| local.replacement == Replacement::Never)
        && open.peek().is_some()
        && open.all(|detail| {
            let name = property_name(detail);
            name.is_some_and(|name| schemas::is_decided(&change.resource_type, name))
        })
}

/// The properties that the change set names, or those of the local plan where it names none.
fn properties(
    change: &ResourceChange,
    replacement: Replacement,
    local: &[PropertyChange],
) -> Vec<PropertyChange> {
    let has_tags = local.iter().any(|it| it.path.starts_with("Properties.Tags"));
    let details = change.details.iter().filter(|detail| has_tags || !is_tag(detail));
    let mut merged: Vec<PropertyChange> = Vec::new();
    for detail in details {
        for property in values(detail, local) {
            // A property has one detail for each reason.
            match merged.iter_mut().find(|it| it.path == property.path) {
                Some(same) => complete(same, property),
                None => merged.push(property),
            }
        }
    }
    if merged.is_empty() {
        merged = local.to_vec();
    }
    for property in &mut merged {
        property.recreation = property.recreation.min(replacement);
    }
    merged.sort_by(|one, other| one.path.cmp(&other.path));
    merged
}

/// What a detail says, in the words of the local plan where it gives no value itself.
fn values(detail: &ChangeDetail, local: &[PropertyChange]) -> Vec<PropertyChange> {
    let said = property(detail);
    if said.before.is_some() || said.after.is_some() {
        return vec![said];
    }
    let is_below = |it: &&PropertyChange| {
        let rest = it.path.strip_prefix(&said.path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let below: Vec<PropertyChange> = local.iter().filter(is_below).cloned().collect();
    if below.is_empty() {
        return vec![said];
    }
    let with = |mut property: PropertyChange| {
        property.recreation = said.recreation;
        property.cause = property.cause.or_else(|| said.cause.clone());
        property
    };
    below.into_iter().map(with).collect()
}

fn complete(property: &mut PropertyChange, other: PropertyChange) {
    property.before = property.before.take().or(other.before);
    property.after = property.after.take().or(other.after);
    property.cause = property.cause.take().or(other.cause);
    property.recreation = property.recreation.max(other.recreation);
}
