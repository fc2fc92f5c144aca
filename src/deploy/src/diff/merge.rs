//! A change set with the values that it does not give.

use cloud::ResourceChange;

use super::effective::Effective;
use super::launch_template::{Renamed, TYPE};
use super::{RENAMED, sorted};
use crate::plan::{Change, ChangeAction, Harm, PolicyAction, PropertyChange, Replacement};

mod detail;
mod properties;
mod staying;

use detail::is_tag;
use properties::Properties;
use staying::Staying;

/// The changes of a change set, most harmful first, with property values from it or else from the local plan.
///
/// What happens, whether it replaces and what becomes of the old resource is CloudFormation's to say. Three things
/// are not taken as they come:
///
/// - Noise is left out: resources that `after`, the template of the change set, does not make, which emulators list,
///   and resources of which only the tags of the stack change, which [`crate::plan::StackPlan::tags`] shows once.
///   What is removed or replaced always stays.
/// - The launch template that goes and the one that comes are one change, as in [`super::diff`].
/// - Whether a group is replaced is no longer open where its update policy decides it, and whether anything is that
///   refers to something that stays ([`staying`]). What is listed for such a reference alone is an echo
///   ([`PropertyChange::is_echo`]).
#[must_use]
pub fn merge(changes: &[ResourceChange], local: Vec<Change>, after: &stack::Stack) -> Vec<Change> {
    let effective = Effective::new(after.template.as_json(), &after.parameters);
    let renamed = renamed(changes);
    let staying = Staying::new(changes, &local, &effective);
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
            _ => (!is_noise(change, known, &effective))
                .then(|| with_values(change, known, &staying, &effective)),
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
        is_echo: false,
    };
    Change {
        logical_id: renamed.new.clone(),
        physical_id: old.physical_id.clone(),
        resource_type: new.resource_type.clone(),
        action: ChangeAction::Modify,
        replacement: Replacement::Always,
        policy: Some(policy),
        harm: Harm::Safe,
        effects: Vec::new(),
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

fn with_values(
    change: &ResourceChange,
    local: Option<&Change>,
    staying: &Staying<'_>,
    after: &Effective,
) -> Change {
    let replacement = match staying.stays(change) {
        true => Replacement::Never,
        false => change.replacement,
    };
    let mut properties = Properties { change, staying, after, merged: Vec::new() };
    properties.collect(local.map_or(&[][..], |it| &it.properties));
    let mut properties = properties.merged;
    for property in &mut properties {
        property.recreation = property.recreation.min(replacement);
        // What may replace the resource, or go with it, is no mere reference.
        property.is_echo &= replacement == Replacement::Never;
    }
    Change {
        logical_id: change.logical_id.clone(),
        physical_id: change.physical_id.clone(),
        resource_type: change.resource_type.clone(),
        action: change.action,
        replacement,
        policy: change.policy.filter(|_| goes(change.action, replacement)),
        harm: Harm::Safe,
        effects: Vec::new(),
        properties,
    }
}

/// Whether the old resource goes, or may go; where it stays, its policy is nobody's business.
fn goes(action: ChangeAction, replacement: Replacement) -> bool {
    matches!(action, ChangeAction::Remove | ChangeAction::Dynamic)
        || replacement != Replacement::Never
}
