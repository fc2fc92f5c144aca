//! All previews of an account in a Region, from a list of stacks alone: no call per preview.

use cloud::Cloud;
use jiff::Timestamp;
use serde::Serialize;

use super::judge::{Bench, expiry, glance, identity};
use super::mark::{NAME_TAG, is_tagged};
use super::pair::{Pair, pairs};
use super::skip::Skip;
use crate::error::Result;

/// A preview at a glance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Preview {
    /// Name of the deployment.
    pub name: String,
    /// How it is.
    pub state: State,
    /// Until when it may live; absent where it does not say so in one voice.
    pub expires: Option<Timestamp>,
    /// Who made it.
    pub owner: Option<String>,
    /// When.
    pub created: Timestamp,
    /// Seconds since then.
    pub age_seconds: u64,
    /// Address of the service, once there is one.
    pub endpoint: Option<String>,
    /// Whether either stack is protected against deletion.
    pub is_protected: bool,
    /// Name and CloudFormation's word of each stack.
    pub stacks: Vec<(String, String)>,
    /// Why it cannot be collected when its time is over.
    pub obstacle: Option<String>,
}

/// How a preview is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its time is not over.
    Lives,
    /// Its time is over.
    Expired,
    /// Something is under way.
    Busy,
    /// It needs a person.
    Stuck,
}

/// Lists them, what expires first in front.
///
/// # Errors
/// When AWS does not answer.
pub async fn list(cloud: &dyn Cloud, now: Timestamp) -> Result<Vec<Preview>> {
    let (caller, stacks) = tokio::try_join!(cloud.caller(), cloud.stacks())?;
    let bench = Bench { account: &caller.account, region: cloud.region(), now };
    let of_previews = pairs(stacks).into_iter().filter(is_preview);
    let mut found: Vec<Preview> = of_previews.map(|pair| preview(&pair, bench)).collect();
    let key = |it: &Preview| (it.expires.is_none(), it.expires, it.name.clone());
    found.sort_by_key(key);
    Ok(found)
}

/// Whether a stack of the pair says so under its own name. That it can be collected is another question.
fn is_preview(pair: &Pair) -> bool {
    let named =
        |key| pair.stacks().any(|(_, it)| is_tagged(it) && it.tags.get(key) == Some(&pair.name));
    named(NAME_TAG)
}

fn preview(pair: &Pair, bench: Bench<'_>) -> Preview {
    let verdict = glance(pair, bench);
    let (state, obstacle) = match &verdict {
        Ok(_) => (State::Expired, None),
        Err(Skip::Lives(_)) => (State::Lives, None),
        Err(skip @ Skip::Busy { .. }) => (State::Busy, Some(skip.to_string())),
        Err(skip @ Skip::Protected(_)) => {
            let over = expiry(pair).is_ok_and(|until| until < bench.now);
            (if over { State::Expired } else { State::Lives }, Some(skip.to_string()))
        }
        Err(skip) => (State::Stuck, Some(skip.to_string())),
    };
    let stacks = || pair.stacks().map(|(_, stack)| stack);
    let created = stacks().map(|stack| stack.created).min().unwrap_or(bench.now);
    let age = bench.now.duration_since(created).as_secs();
    Preview {
        name: pair.name.clone(),
        state,
        expires: identity(pair, bench).and_then(|()| expiry(pair)).ok(),
        owner: stacks().find_map(|stack| stack.tags.get("syncctl:owner")).cloned(),
        created,
        age_seconds: u64::try_from(age).unwrap_or_default(),
        endpoint: stacks().find_map(|stack| stack.outputs.get("Endpoint")).cloned(),
        is_protected: stacks().any(|stack| stack.protected),
        stacks: stacks().map(|it| (it.name.clone(), it.status.to_string())).collect(),
        obstacle,
    }
}
