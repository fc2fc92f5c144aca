//! One answer to every stuck stack.

use cloud::{Deletion, Reason, StackResource, StackSummary};
use serde::Serialize;
use stack::{StackKind, stack_name};

use crate::deployer::Deployer;
use crate::destroy::{empty, is_disposable_in};
use crate::error::{DeployError, Result};
use crate::explain::{self, Cause};
use crate::follow::{self, Ended, Operation, What};
use crate::observe::summary;
use crate::plan::Kind;
use crate::planner::NAME_PREFIX;

/// What is wrong with a stack, and what would be done about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ailment {
    /// Which stack.
    pub kind: Kind,
    /// Its name.
    pub stack: String,
    /// Its ARN.
    pub id: String,
    /// CloudFormation's word for where it stands.
    pub status: String,
    /// What is done about it.
    pub cure: Cure,
    /// Why it got there, if its events still tell.
    pub cause: Option<Box<Cause>>,
    /// Resources in the way, by logical id.
    pub blockers: Vec<String>,
    /// Resources that hold data and stay in the world whatever becomes of the stack, by physical id.
    pub kept: Vec<String>,
    /// Resources that hold data and would go with the stack, by physical id. They keep it from being removed.
    pub doomed: Vec<String>,
    /// Change sets that wait for somebody, by name.
    pub waiting: Vec<String>,
}

/// What is done about a stuck stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cure {
    /// Its first creation failed: it is removed, and the next `up` makes it.
    Remove,
    /// Its rollback stopped: it goes on.
    GoOn,
    /// Its removal stopped: it is removed again.
    RemoveAgain,
    /// It has nothing but change sets of ours that nobody carried out.
    Discard,
}

/// How far a person lets a recovery go.
#[derive(Clone, Debug, Default)]
pub struct Consent {
    /// Resources that a rollback may leave as they are, by logical id.
    pub skip: Vec<String>,
    /// Remove the stack even where resources cannot be; they stay in the world, and are named.
    pub force: bool,
}

/// Finds what is stuck, the stack to be cured first in front.
///
/// # Errors
/// When AWS does not answer, or a stack of our name is somebody else's.
pub async fn diagnose(deployer: &Deployer<'_>) -> Result<Vec<Ailment>> {
    let deployment = deployer.deployment();
    let mut found = Vec::new();
    for (stack_kind, kind) in [(StackKind::App, Kind::App), (StackKind::Data, Kind::Data)] {
        let name = stack_name(&deployment.name, stack_kind);
        if let Some(stack) = summary(deployer.cloud, &name, deployment).await?
            && stack.status.is_stuck()
        {
            found.push(ailment(deployer, kind, stack).await?);
        }
    }
    Ok(found)
}

async fn ailment(deployer: &Deployer<'_>, kind: Kind, stack: StackSummary) -> Result<Ailment> {
    let cure = match &stack.status {
        status if status.is_in_review() => Cure::Discard,
        status if status.is_rollback_failed() => Cure::GoOn,
        status if status.is_delete_failed() => Cure::RemoveAgain,
        _ => Cure::Remove,
    };
    let waiting = match cure {
        Cure::Discard => deployer.cloud.change_sets(&stack.id).await?,
        _ => Vec::new(),
    };
    if waiting.iter().any(|set| !set.name.starts_with(NAME_PREFIX)) {
        return Err(DeployError::Foreign { stack: stack.name });
    }
    let (events, resources) = tokio::try_join!(
        deployer.cloud.events(&stack.id, None),
        deployer.cloud.resources(&stack.id),
    )?;
    let template = match cure {
        Cure::Discard => String::new(),
        _ => deployer.cloud.template(&stack.id).await?,
    };
    let (mut kept, mut doomed) = (Vec::new(), Vec::new());
    for resource in resources.iter().filter(|it| !it.status.starts_with("DELETE_COMPLETE")) {
        let Some(physical) = &resource.physical_id else { continue };
        if !holds_data(deployer, resource, physical).await? {
            continue;
        }
        match is_disposable_in(&template, &resource.logical_id) {
            true => doomed.push(physical.clone()),
            false => kept.push(physical.clone()),
        }
    }
    let blockers = resources.iter().filter(|it| it.status.ends_with("_FAILED"));
    Ok(Ailment {
        kind,
        cause: explain::first_cause(&events, kind),
        stack: stack.name,
        id: stack.id,
        status: stack.status.to_string(),
        cure,
        blockers: blockers.map(|it| it.logical_id.clone()).collect(),
        kept,
        doomed,
        waiting: waiting.into_iter().map(|set| set.name).collect(),
    })
}

/// Whether people's data is in it. Releases and logs are none.
async fn holds_data(
    deployer: &Deployer<'_>,
    resource: &StackResource,
    physical_id: &str,
) -> Result<bool> {
    Ok(match (resource.resource_type.as_str(), resource.logical_id.as_str()) {
        ("AWS::S3::Bucket", "Content") => {
            match deployer.cloud.bucket_contents(physical_id, 1).await {
                Err(error) if error.reason == Reason::NotFound => false,
                contents => !contents?.is_empty(),
            }
        }
        ("AWS::DynamoDB::Table", _) => {
            deployer.cloud.table(physical_id).await?.is_some_and(|table| table.items > 0)
        }
        ("AWS::KMS::Key", _) => true,
        _ => false,
    })
}

/// Cures one stack. Never removes one that would take people's data with it; `down` does that, and asks.
///
/// # Errors
/// When it holds data, has changed since, or does not let itself be cured, with what is still in the way.
pub async fn cure(deployer: &Deployer<'_>, ailment: &Ailment, consent: &Consent) -> Result<()> {
    // A person may have thought for a while: what was diagnosed must still be so.
    let stack = deployer.cloud.stack(&ailment.id).await?;
    let Some(stack) = stack.filter(|stack| stack.status.as_str() == ailment.status) else {
        return Err(DeployError::Stale(format!(
            "{} is not in {} any more",
            ailment.stack, ailment.status
        )));
    };
    if ailment.cure == Cure::Discard {
        let waiting = deployer.cloud.change_sets(&stack.id).await?;
        if waiting.iter().any(|set| !ailment.waiting.contains(&set.name)) {
            return Err(DeployError::Stale(format!(
                "somebody has planned for {} meanwhile",
                ailment.stack
            )));
        }
    }
    let newest = deployer.cloud.events(&ailment.id, None).await?.into_iter().next();
    let operation = |what| Operation {
        kind: ailment.kind,
        stack: ailment.id.clone(),
        name: ailment.stack.clone(),
        after: newest.as_ref().map(|event| event.id.clone()),
        what,
    };
    let token = deployer.token(&format!("{}-recover", ailment.stack));
    match ailment.cure {
        Cure::GoOn => {
            deployer.cloud.continue_rollback(&ailment.id, &consent.skip, &token).await?;
            let operation = operation(What::Update);
            let ended = follow::follow(deployer, &operation).await?;
            done_if(deployer, ended.status.is_updatable(), &operation, &ended)
        }
        Cure::Remove | Cure::RemoveAgain if !ailment.doomed.is_empty() => {
            Err(DeployError::Losses(ailment.doomed.clone()))
        }
        Cure::Remove | Cure::RemoveAgain | Cure::Discard => {
            let resources = deployer.cloud.resources(&ailment.id).await?;
            let of = |ids: &[String], it: &&StackResource| {
                it.physical_id.as_ref().is_some_and(|id| ids.contains(id))
            };
            // Leaving what holds data costs nothing: the next `up` adopts it by its name.
            let kept = resources.iter().filter(|it| of(&ailment.kept, it));
            let retain = match ailment.cure {
                Cure::RemoveAgain => kept.map(|it| it.logical_id.clone()).collect(),
                _ => Vec::new(),
            };
            // A release or a log in a bucket would keep the stack from going.
            let buckets = resources.iter().filter(|it| {
                matches!(it.logical_id.as_str(), "Artifacts" | "Logs")
                    && it.status != "DELETE_COMPLETE"
            });
            let buckets: Vec<&str> = match ailment.cure {
                Cure::Discard => Vec::new(),
                _ => {
                    let template = deployer.cloud.template(&ailment.id).await?;
                    buckets
                        .filter(|it| is_disposable_in(&template, &it.logical_id))
                        .filter_map(|it| it.physical_id.as_deref())
                        .collect()
                }
            };
            empty(deployer, &buckets).await?;
            let force = consent.force && ailment.cure == Cure::RemoveAgain;
            let deletion = Deletion { token, retain, force };
            deployer.cloud.delete_stack(&ailment.id, &deletion).await?;
            let operation = operation(What::Delete);
            let ended = follow::follow(deployer, &operation).await?;
            for event in ended.events.iter().filter(|event| event.status == "DELETE_SKIPPED") {
                let id = event.physical_id.as_deref().unwrap_or("without an id");
                deployer.trouble(format!("Left in the world: {} ({id}).", event.logical_id));
            }
            done_if(deployer, ended.status.as_str() == "DELETE_COMPLETE", &operation, &ended)
        }
    }
}

fn done_if(
    deployer: &Deployer<'_>,
    well: bool,
    operation: &Operation,
    ended: &Ended,
) -> Result<()> {
    if well { Ok(()) } else { Err(follow::failure(deployer, operation, ended)) }
}
