//! One answer to every stuck stack.

use cloud::{Deletion, StackSummary};
use serde::Serialize;
use stack::{StackKind, stack_name};

use crate::deployer::Deployer;
use crate::error::{DeployError, Result};
use crate::explain::{self, Cause};
use crate::follow::{self, Ended, Operation, What};
use crate::observe::summary;
use crate::plan::Kind;

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
    /// Resources that hold data, by physical id; they stay in the world.
    pub precious: Vec<String>,
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
    if cure == Cure::Discard {
        let waiting = deployer.cloud.change_sets(&stack.id).await?;
        if waiting.iter().any(|set| !set.name.starts_with("syncctl-")) {
            return Err(DeployError::Foreign { stack: stack.name });
        }
    }
    let (events, resources) = tokio::try_join!(
        deployer.cloud.events(&stack.id, None),
        deployer.cloud.resources(&stack.id),
    )?;
    let live =
        resources.iter().filter(|it| it.status != "DELETE_COMPLETE" && it.physical_id.is_some());
    let is_precious =
        |kind: &str| matches!(kind, "AWS::S3::Bucket" | "AWS::DynamoDB::Table" | "AWS::KMS::Key");
    let precious =
        live.filter(|it| is_precious(&it.resource_type)).filter_map(|it| it.physical_id.clone());
    let blockers = resources.iter().filter(|it| it.status.ends_with("_FAILED"));
    Ok(Ailment {
        kind,
        cause: explain::first_cause(&events, kind),
        stack: stack.name,
        id: stack.id,
        status: stack.status.to_string(),
        cure,
        blockers: blockers.map(|it| it.logical_id.clone()).collect(),
        precious: precious.collect(),
    })
}

/// Cures one stack. Never removes one that still holds data unless told to force, and never the data itself.
///
/// # Errors
/// When it does not help, with what is still in the way.
pub async fn cure(deployer: &Deployer<'_>, ailment: &Ailment, consent: &Consent) -> Result<()> {
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
        Cure::Remove if !ailment.precious.is_empty() && !consent.force => {
            Err(DeployError::Losses(ailment.precious.clone()))
        }
        Cure::Remove | Cure::RemoveAgain | Cure::Discard => {
            // Leaving what holds data costs nothing: the next `up` adopts it by its name.
            let resources = deployer.cloud.resources(&ailment.id).await?;
            let retain = resources
                .iter()
                .filter(|it| {
                    it.physical_id.as_ref().is_some_and(|id| ailment.precious.contains(id))
                })
                .map(|it| it.logical_id.clone());
            let retain = match ailment.cure {
                Cure::RemoveAgain => retain.collect(),
                _ => Vec::new(),
            };
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
