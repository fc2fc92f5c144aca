//! A plan as a file: `apply` carries out exactly this, or nothing.

use std::collections::BTreeMap;

use cloud::{ChangeSetStatus, Cloud};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use stack::StackKind;

use crate::deployer::Deployer;
use crate::error::{DeployError, Result};
use crate::notices::rolling;
use crate::observe::Observed;
use crate::plan::{Kind, Operation, Plan};
use crate::planner::{NAME_PREFIX, Prepared};

/// Name and version of the format. A newer one is refused.
pub const FORMAT: &str = "syncctl/sealed-plan/1";

const OWNER: &str = "syncctl:owner";

/// A sealed plan. Holds no secret, and nothing that could not be read from the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sealed {
    /// [`FORMAT`].
    pub format: String,
    /// When it was sealed.
    pub sealed: Timestamp,
    /// What a person has seen.
    pub plan: Plan,
    /// What stands behind it, by stack.
    pub stacks: BTreeMap<Kind, SealedStack>,
}

/// One stack's part of the seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedStack {
    /// The change set; `None` where there is nothing to change.
    pub change_set: Option<String>,
    /// SHA-256 of template and parameters, in hexadecimal.
    pub template: String,
    /// When the stack last changed; `None` where it did not exist.
    pub last_change: Option<Timestamp>,
}

/// Seals a plan whose change sets were kept.
#[must_use]
pub fn seal(prepared: &Prepared, now: Timestamp) -> Sealed {
    let kinds = [(Kind::Data, StackKind::Data), (Kind::App, StackKind::App)];
    let stacks = kinds.map(|(kind, of)| {
        let sealed = SealedStack {
            change_set: prepared.change_set(of).map(str::to_owned),
            template: digest(prepared, of),
            last_change: last_change(&prepared.observed, of),
        };
        (kind, sealed)
    });
    let format = FORMAT.to_owned();
    Sealed { format, sealed: now, plan: prepared.plan.clone(), stacks: stacks.into() }
}

/// Reads a sealed plan.
///
/// # Errors
/// When it is none, or of a newer format.
pub fn read(text: &str) -> Result<Sealed> {
    #[derive(Deserialize)]
    struct Head {
        format: String,
    }
    let head: Head = serde_json::from_str(text)
        .map_err(|error| DeployError::Stale(format!("the file is no sealed plan ({error})")))?;
    if head.format != FORMAT {
        return Err(DeployError::Stale(format!(
            "the file has the format {}, and this syncctl knows {FORMAT}",
            head.format
        )));
    }
    serde_json::from_str(text)
        .map_err(|error| DeployError::Stale(format!("the file is damaged ({error})")))
}

/// Whether a sealed plan still fits: the same account, Region, blueprint, program and stacks, and change sets that
/// wait. `prepared` is the same plan made again without change sets; it is returned with the sealed ones. A stack that
/// is what the plan makes of it already is left alone: an earlier attempt has got that far.
///
/// # Errors
/// [`DeployError::Stale`] with the first difference.
pub async fn reopen(
    deployer: &Deployer<'_>,
    sealed: &Sealed,
    mut prepared: Prepared,
) -> Result<Prepared> {
    let (was, is) = (&sealed.plan, &prepared.plan);
    let same = [
        ("the account", &was.account, &is.account),
        ("the Region", &was.region, &is.region),
        ("the deployment", &was.name, &is.name),
        ("the blueprint", &was.digest, &is.digest),
        ("the server program", &was.release.sha256, &is.release.sha256),
    ];
    for (what, was, is) in same {
        if was != is {
            let short = |text: &str| match text.len() {
                64 => text.chars().take(12).collect(),
                _ => text.to_owned(),
            };
            let told = format!("{what} was {} and is {}", short(was), short(is));
            return Err(DeployError::Stale(match what {
                "the blueprint" => {
                    format!("{told}; the flags --set, --name, --region and --ttl count as well")
                }
                _ => told,
            }));
        }
    }
    // Its time is counted from the seal; nobody wants a preview that may go the moment it is there.
    let ttl = deployer.deployment().ttl.map(|ttl| ttl.to_std());
    let until =
        ttl.and_then(|ttl| sealed.sealed.checked_add(SignedDuration::try_from(ttl).ok()?).ok());
    if let Some(until) = until.filter(|until| *until < (deployer.now)()) {
        return Err(DeployError::Stale(format!("the preview was to live until {until}")));
    }
    prepared.change_sets.clear();
    keep_owner(&mut prepared, was);
    let mut done = Vec::new();
    for (kind, of) in [(Kind::Data, StackKind::Data), (Kind::App, StackKind::App)] {
        let Some(stack) = sealed.stacks.get(&kind) else {
            return Err(DeployError::Stale("the file is damaged (a stack is missing)".to_owned()));
        };
        let is_same_plan = stack.change_set.is_some() && stack.template == digest(&prepared, of);
        if is_same_plan && is_carried_out(&prepared, of, stack.last_change.is_none()) {
            done.push(kind);
            continue;
        }
        if stack.last_change != last_change(&prepared.observed, of) {
            let name = prepared.rendered_stack(of).name.clone();
            return Err(DeployError::Stale(format!("{name} was changed since")));
        }
        if stack.template != digest(&prepared, of) {
            return Err(DeployError::Stale("templates or looked-up values differ".to_owned()));
        }
        if let Some(id) = &stack.change_set {
            check_waits(deployer.cloud, &prepared, of, id).await?;
            prepared.change_sets.push((of, id.clone()));
        }
    }
    prepared.plan = sealed.plan.clone();
    for stack in prepared.plan.stacks.iter_mut().filter(|stack| done.contains(&stack.kind)) {
        deployer.note(format!("{} is as the plan says already.", stack.name));
        stack.operation = Operation::Nothing;
        stack.changes.clear();
        stack.tags.clear();
    }
    // Of these credentials, which are not the planner's.
    for notice in rolling::check(deployer, &prepared.observed, &prepared.plan) {
        deployer.trouble(notice.text);
    }
    Ok(prepared)
}

/// Whoever sealed it stands in its change sets as the owner. Somebody else carries it out, and what is changed after
/// them (protection) has to say the same: a tag of a stack is on every resource in it.
fn keep_owner(prepared: &mut Prepared, sealed: &Plan) {
    let mut tags = sealed.stacks.iter().flat_map(|stack| &stack.tags);
    let Some(owner) = tags.find(|tag| tag.key == OWNER).and_then(|tag| tag.after.clone()) else {
        return;
    };
    for stack in [&mut prepared.rendered.data, &mut prepared.rendered.app] {
        stack.tags.insert(OWNER.to_owned(), owner.clone());
    }
}

/// The table's protection comes on after the first verification, as a parameter of its own: of a stack that the plan
/// creates (`creates`) it says nothing.
fn is_carried_out(prepared: &Prepared, kind: StackKind, creates: bool) -> bool {
    let wanted = prepared.rendered_stack(kind);
    let deployed =
        prepared.observed.stack(kind).filter(|stack| stack.summary.status.is_updatable());
    deployed.is_some_and(|stack| {
        let summary = &stack.summary;
        let (is, wants) = (lasting(&summary.parameters), lasting(&wanted.parameters));
        let same_values = match creates {
            true => without_protection(is).eq(without_protection(wants)),
            false => is.eq(wants),
        };
        same_values
            && stack.template.trim() == wanted.template.to_text().trim()
            && crate::diff::tags(&summary.tags, &wanted.tags).is_empty()
    })
}

type Value<'a> = (&'a String, &'a String);

/// A preview's expiry is counted from now, and the sealed change set has its own.
fn lasting(parameters: &BTreeMap<String, String>) -> impl Iterator<Item = Value<'_>> {
    parameters.iter().filter(|(name, _)| *name != stack::EXPIRES)
}

fn without_protection<'a>(
    parameters: impl Iterator<Item = Value<'a>>,
) -> impl Iterator<Item = Value<'a>> {
    parameters.filter(|(name, _)| *name != "TableProtection")
}

/// Whether a change set waits, and is what the blueprint says: the file may have passed through many hands, and names
/// it by nothing but its ARN.
async fn check_waits(
    cloud: &dyn Cloud,
    prepared: &Prepared,
    kind: StackKind,
    id: &str,
) -> Result<()> {
    let wanted = prepared.rendered_stack(kind);
    let gone = || DeployError::Stale("its change set is gone".to_owned());
    let (set, template) = match futures::try_join!(
        cloud.change_set(&wanted.name, id),
        cloud.change_set_template(&wanted.name, id)
    ) {
        Err(error) if error.reason == cloud::Reason::NotFound => return Err(gone()),
        found => found?,
    };
    let stack = prepared.observed.stack(kind).ok_or_else(gone)?;
    let is_ours = set.stack_id == stack.summary.id
        && set.name.starts_with(NAME_PREFIX)
        && template.trim() == wanted.template.to_text().trim()
        && lasting(&set.parameters).eq(lasting(&wanted.parameters))
        && set.tags == wanted.tags;
    if !is_ours {
        return Err(DeployError::Stale(format!(
            "the change set {} is not the one of this plan",
            set.name
        )));
    }
    match set.status {
        ChangeSetStatus::Ready => Ok(()),
        ChangeSetStatus::Spent(word) => {
            Err(DeployError::Stale(format!("its change set {} is {word}", set.name)))
        }
        _ => Err(DeployError::Stale(format!("its change set {} cannot be carried out", set.name))),
    }
}

fn last_change(observed: &Observed, kind: StackKind) -> Option<Timestamp> {
    let stack = observed.stack(kind).filter(|stack| stack.is_deployed())?;
    Some(stack.summary.last_change())
}

fn digest(prepared: &Prepared, kind: StackKind) -> String {
    let stack = prepared.rendered_stack(kind);
    let mut held = Sha256::new();
    held.update(stack.template.to_text());
    for (name, value) in without_protection(lasting(&stack.parameters)) {
        held.update(format!("\n{name}={value}"));
    }
    hex::encode(held.finalize())
}
