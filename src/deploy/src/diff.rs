//! The local plan: what CloudFormation would do, worked out from the deployed template, the new one and the resource
//! schemas.
//!
//! It stands in where there is no change set (`--quick`, and stacks that do not exist yet), and lends its values to
//! change sets that have none. What it cannot know it does not guess: drift, and properties that CloudFormation
//! replaces a resource for depending on the world ([`Replacement::Conditional`]). Outputs and `DependsOn` are no
//! part of it, because they change no resource.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Change, ChangeAction, Harm, Replacement, TagChange, Values, judge};

mod boot;
mod compare;
mod effective;
mod intrinsic;
mod launch_template;
mod merge;
mod modify;
mod path;
mod policy;
mod resolve;
mod show;
mod spread;

pub use merge::merge;

use effective::Effective;
use launch_template::Renamed;
use modify::Comparison;

/// A stack as it is deployed.
#[derive(Clone, Copy, Debug)]
pub struct Deployed<'a> {
    /// The template as it was handed in, which for ours is JSON.
    pub template: &'a str,
    /// Deployed values of its parameters.
    pub parameters: &'a Values,
    /// Physical ids by logical id, of what is there; empty where nobody looked. What has none is made.
    pub physical_ids: &'a BTreeMap<String, String>,
}

/// Why there is no local plan.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// Somebody has deployed something else over it.
    #[error("the deployed template is not one of syncctl's: it is not JSON")]
    NotJson(#[source] serde_json::Error),
}

/// The changes that lead from the deployed stack to the new one, most harmful first; all of it new without one.
///
/// What is made or removed has no properties listed. A resource that refers to one that is replaced changes as
/// well: [`PropertyChange::cause`] names the other one, and a value that only AWS will know is `None`.
///
/// The launch template's logical id changes with its content, so CloudFormation makes one and removes the other.
/// That is shown as one change: `Modify` and `Always`, under the new logical id and with the old physical id; its
/// first property has the path [`RENAMED`] and both logical ids.
///
/// [`PropertyChange::cause`]: crate::plan::PropertyChange::cause
///
/// # Errors
/// When the deployed template cannot be read.
pub fn diff(before: Option<Deployed<'_>>, after: &stack::Stack) -> Result<Vec<Change>, DiffError> {
    let new = Effective::new(after.template.as_json(), &after.parameters);
    let Some(deployed) = before else {
        return Ok(sorted(new.ids().map(|id| added(id, &new)).collect()));
    };
    let text = deployed.template;
    let mut template = serde_json::from_str(text).map_err(DiffError::NotJson)?;
    let renamed = Renamed::find(&template, after.template.as_json());
    if let Some(renamed) = &renamed {
        renamed.apply(&mut template);
    }
    let mut ids = deployed.physical_ids.clone();
    if let Some(id) = renamed.as_ref().and_then(|it| Some((it.new.clone(), ids.remove(&it.old)?))) {
        ids.extend([id]);
    }
    let mut old = Effective::new(&template, deployed.parameters);
    if !ids.is_empty() {
        old.keep(|id| ids.contains_key(id));
    }
    let comparison = Comparison::new(&old, &new, &ids, renamed.as_ref());
    Ok(sorted(changes(&old, &new, &comparison)))
}

/// Path of the property that marks a launch template that takes another one's place.
pub const RENAMED: &str = "LogicalId";

/// The tags of a stack that change, by key.
#[must_use]
pub fn tags(before: &Values, after: &Values) -> Vec<TagChange> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let change = |key: &String| TagChange {
        key: key.clone(),
        before: before.get(key).cloned(),
        after: after.get(key).cloned(),
        line: None,
    };
    keys.into_iter().map(change).filter(|tag| tag.before != tag.after).collect()
}

fn changes(old: &Effective, new: &Effective, comparison: &Comparison<'_>) -> Vec<Change> {
    let removed = old.ids().filter(|id| !new.has(id)).map(|id| comparison.removed(id));
    let added = new.ids().filter(|id| !old.has(id)).map(|id| added(id, new));
    let modified = spread::spread(comparison, new.ids().filter(|id| old.has(id)));
    removed.chain(added).chain(modified).collect()
}

fn added(id: &str, new: &Effective) -> Change {
    Change {
        logical_id: id.to_owned(),
        physical_id: None,
        resource_type: new.resource_type(id).to_owned(),
        action: ChangeAction::Add,
        replacement: Replacement::Never,
        policy: None,
        harm: Harm::Safe,
        effects: Vec::new(),
        properties: Vec::new(),
    }
}

/// Judges the changes and puts them in the order in which they are shown.
fn sorted(mut changes: Vec<Change>) -> Vec<Change> {
    changes.iter_mut().for_each(judge);
    let rank = |change: &Change| match change.action {
        ChangeAction::Remove => 0,
        ChangeAction::Add | ChangeAction::Import => 2,
        ChangeAction::Modify | ChangeAction::Dynamic | ChangeAction::Sync => 1,
    };
    changes.sort_by(|one, other| {
        let key = |it: &Change| (it.harm, rank(it), std::cmp::Reverse(it.replacement));
        key(one).cmp(&key(other)).then_with(|| one.logical_id.cmp(&other.logical_id))
    });
    changes
}
