//! Gives a preview more time, and touches nothing else.

use cloud::{ChangeAction, ChangeSetStatus, Replacement};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use stack::{EXPIRES, Stack, StackKind, Template};

use super::mark::is_tagged;
use crate::apply::execute;
use crate::deployer::Deployer;
use crate::error::{DeployError, Result};
use crate::events::Step;
use crate::follow::What;
use crate::observe::{Observed, ObservedStack, observe_stacks};
use crate::plan::Kind;
use crate::planner::{Planning, change_set, refuse_unworkable};

/// What an extension has come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Extended {
    /// Name of the deployment.
    pub name: String,
    /// Until when it might have lived.
    pub before: Option<String>,
    /// Until when it may live now.
    pub expires: String,
}

/// Lets a preview live for `ttl` from now, also where that is less than it had.
///
/// # Errors
/// When there is no such preview, it is busy or stuck, or the change would be more than the time.
pub async fn extend(deployer: &Deployer<'_>, ttl: std::time::Duration) -> Result<Extended> {
    let deployment = deployer.deployment();
    let name = deployment.name.to_string();
    let observed = deployer.step(Step::Observe, observe_stacks(deployer.cloud, deployment)).await?;
    let stacks = [(StackKind::Data, &observed.data), (StackKind::App, &observed.app)];
    let there: Vec<(StackKind, &ObservedStack)> =
        stacks.into_iter().filter_map(|(kind, stack)| Some((kind, stack.as_ref()?))).collect();
    if there.is_empty() {
        return Err(DeployError::Absent { name });
    }
    for (_, stack) in &there {
        refuse_unworkable(deployer, stack).await?;
        let summary = &stack.summary;
        if !is_tagged(summary) || !summary.parameters.contains_key(EXPIRES) {
            return Err(DeployError::NoPreview { name });
        }
    }
    let ttl = SignedDuration::try_from(ttl).unwrap_or(SignedDuration::MAX);
    let until = (deployer.now)().checked_add(ttl).unwrap_or(Timestamp::MAX);
    let expires = Timestamp::from_second(until.as_second()).unwrap_or(until).to_string();
    let before = observed.parameter(there[0].0, EXPIRES).map(str::to_owned);
    let work =
        there.into_iter().map(|(kind, stack)| one(deployer, &observed, kind, stack, &expires));
    // Both to their end: half an extension is told, not dropped.
    let work = async { join_all(work).await.into_iter().collect::<Result<Vec<()>>>() };
    deployer.step(Step::Extend, work).await?;
    Ok(Extended { name, before, expires })
}

/// One stack: the deployed template, tags and values, and another time.
async fn one(
    deployer: &Deployer<'_>,
    observed: &Observed,
    kind: StackKind,
    stack: &ObservedStack,
    expires: &str,
) -> Result<()> {
    let summary = &stack.summary;
    let name = &summary.name;
    let Some(template) = Template::parse(&stack.template) else {
        return Err(DeployError::Foreign { stack: name.clone() });
    };
    let mut wanted = Stack {
        name: name.clone(),
        template,
        parameters: summary.parameters.clone(),
        tags: summary.tags.clone(),
    };
    if wanted.parameters.insert(EXPIRES.to_owned(), expires.to_owned()).as_deref() == Some(expires)
    {
        return Ok(());
    }
    let planning = Planning { keep: true, ..Planning::default() };
    let set = change_set(deployer, planning, observed, kind, &wanted).await?;
    let harmless = set.changes.iter().all(|change| {
        change.action == ChangeAction::Modify && change.replacement == Replacement::Never
    });
    if set.status == ChangeSetStatus::Empty || set.changes.len() > 1 || !harmless {
        deployer.cloud.delete_change_set(name, &set.id).await?;
        let ids: Vec<&str> = set.changes.iter().map(|it| it.logical_id.as_str()).collect();
        return Err(DeployError::Refused {
            stack: name.clone(),
            reason: format!(
                "more time would change {} of its resources ({}), and has to change exactly one",
                ids.len(),
                ids.join(", ")
            ),
            cause: None,
        });
    }
    let plan_kind = match kind {
        StackKind::Data => Kind::Data,
        StackKind::App => Kind::App,
    };
    execute(deployer, plan_kind, name, &set.id, What::Update).await
}
