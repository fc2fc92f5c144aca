//! Carries a plan out: data stack, release, app stack with the roll, verification, protection.

use std::collections::BTreeSet;

use cloud::{Execution, StackStatus};
use stack::StackKind;

use crate::deployer::Deployer;
use crate::error::{DeployError, Result};
use crate::events::Step;
use crate::follow::{self, Operation, What};
use crate::history::{self, Outcome};
use crate::plan::{ChangeAction, Kind, Operation as StackOperation, StackPlan};
use crate::planner::{self, Planning, Prepared};
use crate::verify::{self, Verified};
use crate::{notices, protect, ship};

/// What an `apply` has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Whether anything was changed.
    pub changed: bool,
    /// What was seen of the running service.
    pub verified: Verified,
}

/// Carries a plan out. `approved` names, by logical id, the losses of data that a person has agreed to.
///
/// # Errors
/// When the plan has blockers or losses nobody agreed to, when a step fails, when the service does not become ready,
/// and when the watcher leaves or cancels. Repeating it goes on where it stopped.
pub async fn apply(
    deployer: &Deployer<'_>,
    prepared: &Prepared,
    approved: &BTreeSet<String>,
) -> Result<Applied> {
    refuse_harm(prepared, approved)?;
    let plan = &prepared.plan;
    let lifted = protect::lift(deployer, prepared).await?;
    let done = carry_out(deployer, prepared).await;
    if lifted && matches!(done, Err(DeployError::Detached(_))) {
        // The change goes on by itself, and needs it lifted.
        deployer.trouble(
            "The protection of data stays lifted for the change under way; the next `up` puts it back.",
        );
    } else if lifted {
        // Also after a failure: what was lifted for this change is not left open.
        if let Err(error) = protect::restore(deployer, prepared).await {
            deployer.trouble(format!(
                "The protection of data could not be put back ({error}); the next `up` does it."
            ));
        }
    }
    let rolled = plan.release.deployed.as_ref() != Some(&plan.release.sha256);
    if let Err(error) = done {
        if rolled
            && matches!(&error, DeployError::Failed { stack, .. } if *stack == prepared.rendered.app.name)
        {
            write_down(deployer, prepared, Outcome::Undone).await;
        }
        return Err(error);
    }
    let verified = deployer.step(Step::Verify, verify::verify(deployer)).await?;
    // Also where an earlier run has rolled it and left before it was verified.
    if rolled || !is_written_down(deployer, prepared).await {
        write_down(deployer, prepared, Outcome::Passed).await;
    }
    let protected = protect::after_verification(deployer, prepared).await?;
    Ok(Applied { changed: plan.has_changes() || protected, verified })
}

/// The history helps people to roll back; a roll does not fail for want of it.
async fn write_down(deployer: &Deployer<'_>, prepared: &Prepared, outcome: Outcome) {
    let caller = &prepared.observed.caller;
    if let Err(error) = history::write(deployer, &caller.account, &caller.arn, outcome).await {
        deployer.trouble(format!("The roll could not be written into the history: {error}."));
    }
}

/// Whether the newest record says that this release has passed. A history that cannot be read is left alone.
async fn is_written_down(deployer: &Deployer<'_>, prepared: &Prepared) -> bool {
    let bucket = history::bucket(deployer, &prepared.observed.caller.account);
    match history::read(deployer.cloud, &bucket, 1).await {
        Ok(records) => records.first().is_some_and(|record| {
            record.outcome == Outcome::Passed && record.sha256 == prepared.plan.release.sha256
        }),
        Err(_) => true,
    }
}

fn refuse_harm(prepared: &Prepared, approved: &BTreeSet<String>) -> Result<()> {
    let blockers: Vec<_> = prepared.plan.blockers().cloned().collect();
    if !blockers.is_empty() {
        return Err(DeployError::Blocked(blockers));
    }
    let losses = prepared.plan.losses().map(|(_, change)| change.logical_id.clone());
    let losses: Vec<String> = losses.filter(|id| !approved.contains(id)).collect();
    if losses.is_empty() { Ok(()) } else { Err(DeployError::Losses(losses)) }
}

async fn carry_out(deployer: &Deployer<'_>, prepared: &Prepared) -> Result<()> {
    let data = prepared.plan.stacks.iter().find(|stack| stack.kind == Kind::Data);
    if only_removes(&prepared.plan.stacks) {
        ship::ship(deployer, prepared).await?;
        change(deployer, prepared, StackKind::App).await?;
        return change(deployer, prepared, StackKind::Data).await;
    }
    if data.is_some_and(|data| data.operation == StackOperation::Create) {
        // Not side by side: a bucket with a release in it would keep a failed creation from cleaning up.
        change(deployer, prepared, StackKind::Data).await?;
        ship::ship(deployer, prepared).await?;
    } else {
        let (changed, shipped) = tokio::join!(
            change(deployer, prepared, StackKind::Data),
            ship::ship(deployer, prepared)
        );
        changed?;
        shipped?;
    }
    change(deployer, prepared, StackKind::App).await
}

/// What only goes from the data stack goes after the app has stopped using it.
fn only_removes(stacks: &[StackPlan]) -> bool {
    let data = stacks.iter().find(|stack| stack.kind == Kind::Data);
    data.is_some_and(|data| {
        !data.changes.is_empty()
            && data.changes.iter().all(|change| change.action == ChangeAction::Remove)
    })
}

/// Executes one stack's change set, making it first where the stack is new.
async fn change(deployer: &Deployer<'_>, prepared: &Prepared, kind: StackKind) -> Result<()> {
    let (plan_kind, step, wanted) = match kind {
        StackKind::Data => (Kind::Data, Step::Data, &prepared.rendered.data),
        StackKind::App => (Kind::App, Step::App, &prepared.rendered.app),
    };
    let planned = prepared.plan.stacks.iter().find(|stack| stack.kind == plan_kind);
    let what = match planned.map(|stack| stack.operation) {
        None | Some(StackOperation::Nothing) => return Ok(()),
        Some(StackOperation::Create) => What::Create,
        Some(StackOperation::Update) => What::Update,
    };
    let work = async {
        let planning = Planning { keep: true, seal: true, ..Planning::default() };
        let id = match prepared.change_set(kind) {
            Some(id) => id.to_owned(),
            None => {
                let observed = &prepared.observed;
                let set = planner::change_set(deployer, planning, observed, kind, wanted).await?;
                for warning in notices::of_change_set(deployer, &wanted.name, &set.id).await {
                    deployer.trouble(warning.text);
                }
                set.id
            }
        };
        execute(deployer, plan_kind, &wanted.name, &id, what).await
    };
    deployer.step(step, work).await
}

/// Executes a change set and follows it to its end.
pub(crate) async fn execute(
    deployer: &Deployer<'_>,
    kind: Kind,
    name: &str,
    change_set: &str,
    what: What,
) -> Result<()> {
    let stack = deployer.cloud.stack(name).await?;
    let stack = stack.ok_or_else(|| DeployError::Stale(format!("{name} is gone")))?;
    let newest = deployer.cloud.events(&stack.id, None).await?.into_iter().next();
    let operation = Operation {
        kind,
        stack: stack.id,
        name: name.to_owned(),
        after: newest.map(|event| event.id),
        what,
    };
    let execution =
        Execution { token: deployer.token(name), remove_what_failed: true, keep_on_failure: false };
    begin(deployer, &operation, change_set, &execution).await?;
    let ended = follow::follow(deployer, &operation).await?;
    if ended.status.is_success() && ended.status != StackStatus::new("DELETE_COMPLETE") {
        return Ok(());
    }
    Err(follow::failure(deployer, &operation, &ended))
}

/// Answers about a change set that was carried out already, or with a token that was used already
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html>).
const SPENT: [&str; 3] =
    ["ChangeSetNotFound", "InvalidChangeSetStatus", "TokenAlreadyExistsException"];

/// Looks for an event of our own operation: about five seconds.
const LOOKS_FOR_OURS: usize = 6;

async fn begin(
    deployer: &Deployer<'_>,
    operation: &Operation,
    change_set: &str,
    execution: &Execution,
) -> Result<()> {
    match deployer.cloud.execute(&operation.stack, change_set, execution).await {
        Ok(()) => Ok(()),
        // An earlier attempt may have got through, and its answer been lost. Whoever began it, the change set is
        // the one that was planned.
        Err(error) if SPENT.iter().any(|code| error.has_code(code)) => {
            // Events may come a little after what they tell of.
            for wait in deployer.pace.waits().take(LOOKS_FOR_OURS) {
                let events =
                    deployer.cloud.events(&operation.stack, operation.after.as_deref()).await?;
                if events.iter().any(|it| it.token.as_deref() == Some(&execution.token)) {
                    return Ok(());
                }
                tokio::time::sleep(wait).await;
            }
            Err(DeployError::Stale(format!(
                "the change set of {} is gone or spent: somebody else has changed the stack",
                operation.name
            )))
        }
        Err(error) => Err(error.into()),
    }
}
