//! Whether a preview may go. Everything has to speak for it; what is not known speaks against it.

use blueprint::StackName;
use cloud::{ChangeSetStatus, ChangeSetSummary, StackResource, StackStatus, StackSummary};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use stack::{EXPIRES, StackKind};

use super::mark::{NAME_TAG, is_in_template, is_tagged};
use super::pair::Pair;
use super::skip::Skip;
use crate::plan::holds_data;
use crate::planner::NAME_PREFIX;

/// Where and when it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Bench<'a> {
    /// The caller's account.
    pub account: &'a str,
    /// The Region that was asked.
    pub region: &'a str,
    /// What time it is.
    pub now: Timestamp,
}

/// A change set this young is somebody's who is about to carry it out.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// The first half, from what a list of stacks tells: a preview of this account, whole, idle, unprotected and expired.
/// Since when it is.
///
/// # Errors
/// The first reason to leave it.
pub fn glance(pair: &Pair, bench: Bench<'_>) -> Result<Timestamp, Skip> {
    identity(pair, bench)?;
    if let Some((_, stack)) = pair.stacks().find(|(_, stack)| stack.protected) {
        return Err(Skip::Protected(stack.name.clone()));
    }
    for (_, stack) in pair.stacks() {
        status(pair, stack)?;
    }
    let until = expiry(pair)?;
    if until < bench.now { Ok(until) } else { Err(Skip::Lives(until)) }
}

/// Whether it is a preview of `syncctl`'s in this account and Region, both halves of it.
pub(super) fn identity(pair: &Pair, bench: Bench<'_>) -> Result<(), Skip> {
    if StackName::new(&pair.name).is_err() {
        return Err(Skip::NotAName(pair.name.clone()));
    }
    for (_, stack) in pair.stacks() {
        let name = || stack.name.clone();
        match stack.tags.get(NAME_TAG) {
            // A change set that nobody has carried out: its tags are not the stack's yet.
            None if stack.status.is_in_review() => {
                return Err(Skip::Stuck { stack: name(), status: stack.status.clone() });
            }
            None if !super::mark::claims(stack) => return Err(Skip::NotOurs(name())),
            tag if tag != Some(&pair.name) => {
                let tag = tag.cloned().unwrap_or_default();
                return Err(Skip::NameDiffers { stack: name(), tag });
            }
            _ => {}
        }
        if !is_tagged(stack) {
            return Err(Skip::NoEnd(name()));
        }
        if !is_here(stack, bench) {
            return Err(Skip::Elsewhere(name()));
        }
    }
    Ok(())
}

/// `arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/NAME/ID`.
fn is_here(stack: &StackSummary, bench: Bench<'_>) -> bool {
    let parts: Vec<&str> = stack.id.splitn(6, ':').collect();
    let prefix = format!("stack/{}/", stack.name);
    matches!(parts.as_slice(), ["arn", _, "cloudformation", region, account, rest]
        if *region == bench.region && *account == bench.account && rest.starts_with(&prefix))
}

fn status(pair: &Pair, stack: &StackSummary) -> Result<(), Skip> {
    let (name, status) = (stack.name.clone(), stack.status.clone());
    if status.is_in_progress() {
        return Err(Skip::Busy { stack: name, status, since: stack.last_change() });
    }
    // Where the app is gone, a collection has begun, and stopped at buckets that were not empty yet: the data stack can
    // only be removed now, nobody can extend it or bring it back.
    let is_half_done = status.is_delete_failed() && pair.app.is_none();
    // One whose first creation failed and was undone holds nothing, which is looked at later.
    match status.is_updatable() || is_undone(&status) || is_half_done {
        true => Ok(()),
        false => Err(Skip::Stuck { stack: name, status }),
    }
}

fn is_undone(status: &StackStatus) -> bool {
    status.as_str() == "ROLLBACK_COMPLETE"
}

/// Until when it may live, as both halves say.
pub(super) fn expiry(pair: &Pair) -> Result<Timestamp, Skip> {
    let of = |stack: &StackSummary| {
        let found = stack.parameters.get(EXPIRES).cloned().unwrap_or_default();
        let parsed = found.parse::<Timestamp>();
        parsed.map_err(|_| Skip::NoExpiry { stack: stack.name.clone(), found })
    };
    match (pair.data.as_ref().map(of).transpose()?, pair.app.as_ref().map(of).transpose()?) {
        (Some(data), Some(app)) if data != app => Err(Skip::ExpiriesDiffer { data, app }),
        (Some(at), _) | (None, Some(at)) => Ok(at),
        (None, None) => Err(Skip::Changed),
    }
}

/// What is read of a stack before it goes.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// Which of the two.
    pub kind: StackKind,
    /// The stack.
    pub stack: &'a StackSummary,
    /// The deployed template as it was handed in.
    pub template: &'a str,
    /// What it holds.
    pub resources: &'a [StackResource],
    /// Its change sets.
    pub change_sets: &'a [ChangeSetSummary],
    /// Whether DynamoDB refuses to delete its table.
    pub table_protected: bool,
}

/// The second half, from what has to be read stack by stack: the template is ours and this preview's, keeps nothing,
/// and nobody has planned anything.
///
/// # Errors
/// The first reason to leave it.
pub fn examine(name: &str, evidence: Evidence<'_>, now: Timestamp) -> Result<(), Skip> {
    let stack = evidence.stack.name.clone();
    let template: Value = serde_json::from_str(evidence.template).unwrap_or_default();
    if !is_in_template(&template, name, evidence.kind) {
        return Err(Skip::NotOurs(stack));
    }
    let kept = kept(&template);
    if !kept.is_empty() {
        return Err(Skip::Keeps(kept));
    }
    let asks = evidence.stack.parameters.get("TableProtection").is_some_and(|it| it == "true");
    if evidence.table_protected || asks {
        return Err(Skip::Protected(format!("the table of {stack}")));
    }
    if let Some(set) = evidence.change_sets.iter().find(|set| may_be_carried_out(set, now)) {
        return Err(Skip::Planned { stack, change_set: set.name.clone() });
    }
    let holds_something = evidence.resources.iter().any(|it| it.status != "DELETE_COMPLETE");
    if is_undone(&evidence.stack.status) && holds_something {
        return Err(Skip::Stuck { stack, status: evidence.stack.status.clone() });
    }
    Ok(())
}

/// Whether somebody may be about to carry it out: anybody else's, and one of ours that was made just now. Older ones
/// of ours are plans that nobody came back for.
fn may_be_carried_out(set: &ChangeSetSummary, now: Timestamp) -> bool {
    let is_over = match &set.status {
        ChangeSetStatus::Pending | ChangeSetStatus::Ready => false,
        ChangeSetStatus::Empty | ChangeSetStatus::Failed(_) => true,
        ChangeSetStatus::Spent(word) => {
            matches!(word.as_str(), "EXECUTE_COMPLETE" | "EXECUTE_FAILED" | "OBSOLETE")
        }
    };
    let is_ours = set.name.starts_with(NAME_PREFIX);
    let is_fresh = set.created.is_none_or(|created| now.duration_since(created) < FRESH);
    !is_over && (!is_ours || is_fresh)
}

/// Ids of what outlives its stack. Of what holds data the template has to say that it does not.
fn kept(template: &Value) -> Vec<String> {
    let stays = |resource: &Value| {
        let holds_data = resource["Type"].as_str().is_some_and(holds_data);
        let policy = resource.get("DeletionPolicy");
        policy.map_or(holds_data, |policy| policy != "Delete")
    };
    let resources = template["Resources"].as_object().into_iter().flatten();
    resources.filter(|(_, resource)| stays(resource)).map(|(id, _)| id.clone()).collect()
}
