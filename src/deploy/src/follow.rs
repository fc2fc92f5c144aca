//! Follows an operation on a stack to its end.

use std::collections::HashSet;

use cloud::{CloudError, Deletion, Reason, StackEvent, StackStatus};

use crate::deployer::Deployer;
use crate::error::{DeployError, Result};
use crate::events::{Event, Progress, Wish};
use crate::explain;
use crate::plan::Kind;
use crate::roll::Roll;

/// Looks in a row that may fail before an operation is left to itself: each has had its own retries.
const FAILURES_IN_A_ROW: u32 = 5;

/// An operation under way.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Which stack.
    pub kind: Kind,
    /// Its ARN.
    pub stack: String,
    /// Its name.
    pub name: String,
    /// The newest event before the operation; `None` before the first one.
    pub after: Option<String>,
    /// What it does, which decides how to cancel it.
    pub what: What,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Makes the stack.
    Create,
    /// Changes it.
    Update,
    /// Takes resources into it that exist.
    Import,
    /// Removes it.
    Delete,
}

/// How an operation ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Where the stack stands; `DELETE_COMPLETE` where it is gone.
    pub status: StackStatus,
    /// Everything that happened, oldest first.
    pub events: Vec<StackEvent>,
}

/// Watches until nothing is under way any more, and tells each step of each resource once.
///
/// # Errors
/// When AWS stops answering, and when the watcher leaves. What the operation came to is no error here.
pub async fn follow(deployer: &Deployer<'_>, operation: &Operation) -> Result<Ended> {
    let mut seen: HashSet<String> = HashSet::new();
    let mut newest = operation.after.clone();
    let mut events = Vec::new();
    let mut failures = 0;
    let mut cancelled = false;
    let mut roll = Roll::new();
    for wait in deployer.pace.waits() {
        match look(deployer, operation, newest.as_deref()).await {
            Err(error) if may_pass(&error) && failures < FAILURES_IN_A_ROW => {
                failures += 1;
                if failures == 1 {
                    deployer.trouble(format!(
                        "AWS does not answer ({error}); the operation goes on, asking again."
                    ));
                }
            }
            Err(error) => return Err(error.into()),
            Ok((status, fresh)) => {
                failures = 0;
                newest = fresh.last().map(|event| event.id.clone()).or(newest);
                for event in fresh.into_iter().filter(|event| seen.insert(event.id.clone())) {
                    tell(deployer, operation.kind, &event);
                    roll.note(&event);
                    events.push(event);
                }
                if operation.kind == Kind::App && operation.what == What::Update {
                    roll.tell(deployer).await;
                }
                // The first looks may come before the operation has begun.
                if !status.is_in_progress() && has_ended(operation, &status, &events) {
                    let ended = Ended { status, events };
                    return match (cancelled, is_undone(&ended.status)) {
                        (true, true) => Err(DeployError::Cancelled(operation.name.clone())),
                        // Cancelled too late: it had done what it was asked for.
                        (true, false) if ended.status.is_success() => Ok(ended),
                        (true, false) => Err(failure(deployer, operation, &ended)),
                        (false, _) => Ok(ended),
                    };
                }
            }
        }
        match deployer.listener.wish() {
            Wish::GoOn => {}
            Wish::Detach => return Err(DeployError::Detached(operation.name.clone())),
            Wish::Cancel if cancelled => {}
            Wish::Cancel => {
                cancelled = true;
                if let Err(error) = cancel(deployer, operation).await {
                    deployer.trouble(format!("It could not be cancelled ({error}); it goes on."));
                    cancelled = false;
                }
            }
        }
        tokio::time::sleep(wait).await;
    }
    unreachable!("waits never end")
}

/// Status and events since the newest one seen, oldest first.
async fn look(
    deployer: &Deployer<'_>,
    operation: &Operation,
    newest: Option<&str>,
) -> Result<(StackStatus, Vec<StackEvent>), CloudError> {
    // The status first: an event that comes in between is then seen before the end is believed.
    let stack = deployer.cloud.stack(&operation.stack).await?;
    let status = stack.map_or_else(|| StackStatus::new("DELETE_COMPLETE"), |stack| stack.status);
    let mut events = deployer.cloud.events(&operation.stack, newest).await?;
    events.reverse();
    Ok((status, events))
}

/// A stack reads as before until its operation begins, and the two looks are not of one moment: an operation has ended
/// once its last event about the stack itself says so.
fn has_ended(operation: &Operation, status: &StackStatus, events: &[StackEvent]) -> bool {
    let last = events.iter().rev().find(|event| event.is_of_stack());
    let is_settled = last.is_some_and(|event| !event.status.ends_with("_IN_PROGRESS"));
    match operation.what {
        What::Delete => {
            status.as_str() == "DELETE_COMPLETE" || (status.is_delete_failed() && is_settled)
        }
        What::Create => !status.is_in_review(),
        What::Update | What::Import => is_settled,
    }
}

/// Whether the stack is as it was before the operation.
fn is_undone(status: &StackStatus) -> bool {
    matches!(
        status.as_str(),
        "UPDATE_ROLLBACK_COMPLETE"
            | "ROLLBACK_COMPLETE"
            | "DELETE_COMPLETE"
            | "IMPORT_ROLLBACK_COMPLETE"
    )
}

fn may_pass(error: &CloudError) -> bool {
    matches!(error.reason, Reason::Overloaded | Reason::Unreachable)
}

async fn cancel(deployer: &Deployer<'_>, operation: &Operation) -> Result<()> {
    deployer.note(format!("Cancelling: {} returns to what it was.", operation.name));
    let token = deployer.token("cancel");
    match operation.what {
        What::Create => {
            let deletion = Deletion { token, ..Deletion::default() };
            deployer.cloud.delete_stack(&operation.stack, &deletion).await?;
        }
        What::Update => deployer.cloud.cancel_update(&operation.stack, &token).await?,
        What::Delete | What::Import => {
            deployer.trouble("This cannot be cancelled half-way; it goes on.");
        }
    }
    Ok(())
}

/// Cancels an operation that somebody else began, and waits until it is undone.
///
/// # Errors
/// As [`follow`], and when it ends otherwise than undone.
pub async fn cancel_and_follow(deployer: &Deployer<'_>, operation: &Operation) -> Result<()> {
    cancel(deployer, operation).await?;
    let what = match operation.what {
        What::Create => What::Delete,
        other => other,
    };
    let operation = Operation { what, ..operation.clone() };
    let ended = follow(deployer, &operation).await?;
    if is_undone(&ended.status) { Ok(()) } else { Err(failure(deployer, &operation, &ended)) }
}

fn tell(deployer: &Deployer<'_>, stack: Kind, event: &StackEvent) {
    if event.is_of_stack() {
        return;
    }
    deployer.tell(Event::Resource {
        stack,
        logical_id: event.logical_id.clone(),
        resource_type: event.resource_type.clone(),
        physical_id: event.physical_id.clone(),
        progress: Progress::of(&event.status, event.detailed_status.as_deref()),
        reason: event.reason.clone(),
    });
}

/// The error of an operation that did not do what it was asked; with its first cause.
#[must_use]
pub fn failure(deployer: &Deployer<'_>, operation: &Operation, ended: &Ended) -> DeployError {
    let cause = explain::first_cause(&ended.events, operation.kind);
    DeployError::Failed {
        stack: operation.name.clone(),
        status: ended.status.clone(),
        cause: cause.map(|cause| Box::new(cause.with_line(deployer.blueprint))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Operation, What, has_ended, is_undone};
    use crate::plan::Kind;
    use cloud::{StackEvent, StackStatus};

    fn operation(what: What) -> Operation {
        let (stack, name) = ("arn:aws:cloudformation:eu-west-1:1:stack/acme/1", "acme");
        Operation {
            kind: Kind::App,
            stack: stack.to_owned(),
            name: name.to_owned(),
            after: None,
            what,
        }
    }

    fn of_stack(status: &str) -> StackEvent {
        StackEvent {
            id: status.to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
            logical_id: "acme".to_owned(),
            physical_id: Some("arn:aws:cloudformation:eu-west-1:1:stack/acme/1".to_owned()),
            resource_type: "AWS::CloudFormation::Stack".to_owned(),
            status: status.to_owned(),
            detailed_status: None,
            reason: None,
            token: None,
        }
    }

    #[test]
    fn an_update_that_has_only_begun_has_not_ended_although_the_stack_reads_as_before() {
        let update = operation(What::Update);
        let before = StackStatus::new("UPDATE_COMPLETE");
        assert!(!has_ended(&update, &before, &[]));
        let begun = [of_stack("UPDATE_IN_PROGRESS")];
        assert!(!has_ended(&update, &before, &begun));
        let done = [of_stack("UPDATE_IN_PROGRESS"), of_stack("UPDATE_COMPLETE")];
        assert!(has_ended(&update, &before, &done));
    }

    #[test]
    fn a_removal_that_failed_before_has_not_failed_again_before_it_began() {
        let removal = operation(What::Delete);
        let before = StackStatus::new("DELETE_FAILED");
        assert!(!has_ended(&removal, &before, &[]));
        assert!(!has_ended(&removal, &before, &[of_stack("DELETE_IN_PROGRESS")]));
        assert!(has_ended(&removal, &before, &[of_stack("DELETE_FAILED")]));
        assert!(has_ended(&removal, &StackStatus::new("DELETE_COMPLETE"), &[]));
    }

    #[test]
    fn an_update_that_won_against_its_cancelling_is_not_undone() {
        assert!(is_undone(&StackStatus::new("UPDATE_ROLLBACK_COMPLETE")));
        assert!(!is_undone(&StackStatus::new("UPDATE_COMPLETE")));
        assert!(!is_undone(&StackStatus::new("UPDATE_ROLLBACK_FAILED")));
    }
}
