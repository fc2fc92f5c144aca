//! Takes down the previews whose time is over.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use serde::Serialize;

use super::evidence::{may_go, table_protected};
use super::judge::{Bench, glance};
use super::mark::blueprint_of;
use super::pair::pairs;
use super::quiet::Quiet;
use super::skip::Skip;
use crate::deployer::{Deployer, Pace};
use crate::destroy::{Counting, Destroyed, destroy_while, destruction};
use crate::error::{DeployError, Result};
use crate::observe::{Observed, ObservedStack, observe_stacks};

/// Previews that are looked at or taken down at a time: an account may ask CloudFormation about 20 times a second in
/// all, and others are at work too.
const AT_ONCE: usize = 5;

/// Longest wait between two looks at a removal, which takes minutes and which nobody watches.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// How to collect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Take them down; otherwise only say what would be.
    pub carry_out: bool,
    /// Look at no other than this one.
    pub only: Option<String>,
    /// How many at most; the ones that expired first.
    pub most: Option<usize>,
}

/// What became of one deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
}

/// What became of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Fate {
    /// It would be taken down.
    WouldCollect {
        /// Since when its time is over.
        expired: Timestamp,
    },
    /// It is gone.
    Collected {
        /// Stacks that are gone.
        stacks: Vec<String>,
        /// What CloudFormation has left in the world, by logical id and physical id.
        left: Vec<(String, String)>,
    },
    /// It was left alone.
    Skipped {
        /// Why, as a word.
        reason: &'static str,
        /// Why, as a sentence.
        why: String,
    },
    /// It could not be taken down.
    Failed {
        /// What went wrong.
        error: String,
    },
}

/// What a collection has come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Collection {
    /// Whether anything was taken down, or only looked at.
    pub carried_out: bool,
    /// Everything that has a tag of ours, by name.
    pub deployments: Vec<Outcome>,
    /// Whether the caller left before the end; AWS goes on with what had begun.
    pub left: bool,
}

impl Collection {
    /// Whether something could not be taken down.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.deployments.iter().any(|it| matches!(it.fate, Fate::Failed { .. }))
    }
}

/// Looks through everything that has a tag of ours and takes down the previews whose time is over, several at once.
/// One that fails stops no other.
///
/// # Errors
/// When AWS does not answer what there is.
pub async fn collect(deployer: &Deployer<'_>, request: &Request) -> Result<Collection> {
    let cloud = deployer.cloud;
    let (caller, stacks) = tokio::try_join!(cloud.caller(), cloud.stacks())?;
    let bench = Bench { account: &caller.account, region: cloud.region(), now: (deployer.now)() };
    let (mut deployments, mut expired) = (Vec::new(), Vec::new());
    let is_meant = |name: &String| request.only.as_ref().is_none_or(|only| only == name);
    for pair in pairs(stacks).into_iter().filter(|pair| is_meant(&pair.name)) {
        match glance(&pair, bench) {
            Ok(since) => expired.push((since, pair.name)),
            Err(skip) => deployments.push(Outcome { name: pair.name, fate: skipped(&skip) }),
        }
    }
    expired.sort();
    // Those that may go count, not those that are looked at: one that stays would keep all behind it.
    let slots = Cell::new(request.most.unwrap_or(usize::MAX));
    let left = AtomicBool::new(false);
    let work = expired.iter().enumerate().map(|(number, (since, name))| {
        let (left, slots) = (&left, &slots);
        async move {
            if left.load(Ordering::Relaxed) {
                return Outcome { name: name.clone(), fate: skipped(&Skip::Left) };
            }
            let quiet = Quiet { listener: deployer.listener, name, left };
            // Tokens and names of one run must differ.
            let run = format!("{}{number}", deployer.run);
            let pace = Pace { longest: LONGEST_WAIT, ..deployer.pace };
            let deployer = Deployer { listener: &quiet, run: &run, pace, ..*deployer };
            let fate = one(&deployer, name, *since, request, slots).await;
            if let Fate::Collected { .. } = &fate {
                quiet.listener.tell(crate::Event::Note { text: format!("{name} is gone.") });
            }
            Outcome { name: name.clone(), fate }
        }
    });
    let done: Vec<Outcome> = stream::iter(work).buffer_unordered(AT_ONCE).collect().await;
    deployments.extend(done);
    deployments.sort_by(|one, other| one.name.cmp(&other.name));
    let left = left.load(Ordering::Relaxed);
    Ok(Collection { carried_out: request.carry_out, deployments, left })
}

async fn one(
    deployer: &Deployer<'_>,
    name: &str,
    since: Timestamp,
    request: &Request,
    slots: &Cell<usize>,
) -> Fate {
    let Ok(blueprint) = blueprint_of(name, deployer.cloud.region()) else {
        return skipped(&Skip::NotAName(name.to_owned()));
    };
    let deployer = Deployer { blueprint: &blueprint, ..*deployer };
    let begun = Cell::new(false);
    match look_and_take(&deployer, name, request, slots, &begun).await {
        Ok(Ok(Some(Destroyed { stacks, left }))) => Fate::Collected { stacks, left },
        Ok(Ok(None)) => Fate::WouldCollect { expired: since },
        Ok(Err(skip)) => skipped(&skip),
        Err(DeployError::Foreign { stack }) => skipped(&Skip::NotOurs(stack)),
        // Nothing had been done to it yet.
        Err(DeployError::Stale(_)) if !begun.get() => skipped(&Skip::Changed),
        Err(error) => Fate::Failed { error: told(&error) },
    }
}

/// Looks at it anew and judges what is there now. `begun` says afterwards whether anything of it may be gone.
async fn look_and_take(
    deployer: &Deployer<'_>,
    name: &str,
    request: &Request,
    slots: &Cell<usize>,
    begun: &Cell<bool>,
) -> Result<Result<Option<Destroyed>, Skip>> {
    let observed = observe_stacks(deployer.cloud, deployer.deployment()).await?;
    if observed.data.is_none() && observed.app.is_none() {
        return Ok(Err(Skip::Changed));
    }
    if let Err(skip) = may_go(deployer.cloud, name, &observed, (deployer.now)()).await? {
        return Ok(Err(skip));
    }
    let Some(others) = slots.get().checked_sub(1) else { return Ok(Err(Skip::TooMany)) };
    slots.set(others);
    if !request.carry_out {
        return Ok(Ok(None));
    }
    let planned = destruction(deployer, &observed, Counting::Nothing).await?;
    // Of each stack again right before it goes: somebody may have extended it, or brought it up anew, while the
    // other one was being removed.
    let still = async |stack: &ObservedStack| {
        unchanged(deployer, &observed, stack).await?;
        begun.set(true);
        Ok(())
    };
    destroy_while(deployer, &planned, &observed, still).await.map(|done| Ok(Some(done)))
}

/// Whether a stack is to the last tag what was judged, and nothing has come up beside it.
async fn unchanged(
    deployer: &Deployer<'_>,
    observed: &Observed,
    stack: &ObservedStack,
) -> Result<()> {
    let name = &stack.summary.name;
    let changed = || DeployError::Stale(format!("{name} was changed while it was collected"));
    if deployer.cloud.stack(&stack.summary.id).await?.as_ref() != Some(&stack.summary) {
        return Err(changed());
    }
    let is_data = observed.data.as_ref().is_some_and(|data| data.summary.id == stack.summary.id);
    if is_data {
        let app = deployer.deployment().name.as_str();
        let came_up = deployer.cloud.stack(app).await?.is_some();
        if came_up || table_protected(deployer.cloud, stack).await? {
            return Err(changed());
        }
    }
    Ok(())
}

fn skipped(skip: &Skip) -> Fate {
    Fate::Skipped { reason: skip.code(), why: skip.to_string() }
}

/// The failure with its first cause.
fn told(error: &DeployError) -> String {
    match error {
        DeployError::Failed { cause: Some(cause), .. } => {
            format!("{error}: {}", cause.sentence())
        }
        error => error.to_string(),
    }
}
