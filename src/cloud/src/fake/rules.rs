//! What CloudFormation refuses, each after its page below
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/>. Codes are AWS's; the pages give few sentences,
//! and most here are ours.

use super::{FakeStack, World};
use crate::{
    ChangeSetKind, ChangeSetRequest, ChangeSetStatus, CloudError, Deletion, Reason, Result,
};

pub(super) fn refused(operation: &'static str, reason: Reason, message: String) -> CloudError {
    CloudError::new("cloudformation", operation, reason, "ValidationError", message)
}

pub(super) fn absent(operation: &'static str, stack: &str) -> CloudError {
    refused(operation, Reason::NotFound, format!("Stack with id {stack} does not exist"))
}

fn busy(operation: &'static str, stack: &FakeStack) -> CloudError {
    let (id, status) = (&stack.summary.id, &stack.summary.status);
    let reason = if status.is_in_progress() { Reason::Conflict } else { Reason::Invalid };
    refused(operation, reason, format!("Stack:{id} is in {status} state and can not be updated."))
}

/// `API_CreateChangeSet.html`: `DELETE` is for creations, and a stack has to exist or not as the type says.
pub(super) fn may_plan(world: &World, request: &ChangeSetRequest) -> Result<()> {
    const OPERATION: &str = "CreateChangeSet";
    let creates = request.kind == ChangeSetKind::Create;
    let arguments = [
        ("OnStackFailure", request.delete_on_failure),
        ("DeploymentConfig", request.express),
        ("DeploymentMode", request.revert_drift),
        ("ImportExistingResources", request.import_existing),
    ];
    let unknown = arguments.iter().find(|(name, used)| *used && world.unknown.contains(name));
    if let Some((name, _)) = unknown {
        let message = format!("Unknown parameter in input: \"{name}\"");
        return Err(refused(OPERATION, Reason::Invalid, message));
    }
    if request.delete_on_failure && !creates {
        let message = "OnStackFailure DELETE is valid for change sets of type CREATE only";
        return Err(refused(OPERATION, Reason::Invalid, message.to_owned()));
    }
    match world.stack(&request.stack) {
        None if creates => Ok(()),
        None => Err(absent(OPERATION, &request.stack)),
        Some(stack) if creates && stack.summary.status.is_in_review() => Ok(()),
        Some(stack) if creates => {
            let message = format!("Stack [{}] already exists", stack.summary.name);
            Err(refused(OPERATION, Reason::Invalid, message))
        }
        Some(stack) if stack.summary.status.is_updatable() => Ok(()),
        Some(stack) => Err(busy(OPERATION, stack)),
    }
}

/// `API_ExecuteChangeSet.html`: only what waits is carried out, and only on a stack that rests.
pub(super) fn may_execute(stack: &FakeStack, id: &str) -> Result<()> {
    const OPERATION: &str = "ExecuteChangeSet";
    let Some(found) = stack.change_sets.iter().find(|it| it.set.id == id) else {
        let message = format!("ChangeSet [{id}] does not exist");
        let (code, reason) = ("ChangeSetNotFound", Reason::NotFound);
        return Err(CloudError::new("cloudformation", OPERATION, reason, code, message));
    };
    if found.set.status != ChangeSetStatus::Ready {
        let (code, reason) = ("InvalidChangeSetStatus", Reason::Conflict);
        let message = format!("ChangeSet [{id}] cannot be executed in its current status");
        return Err(CloudError::new("cloudformation", OPERATION, reason, code, message));
    }
    let status = &stack.summary.status;
    match status.is_updatable() || status.is_in_review() {
        true => Ok(()),
        false => Err(busy(OPERATION, stack)),
    }
}

/// `API_DeleteStack.html`: a protected stack stays, and resources are left out of `DELETE_FAILED` stacks only.
pub(super) fn may_delete(stack: &FakeStack, deletion: &Deletion) -> Result<()> {
    const OPERATION: &str = "DeleteStack";
    let name = &stack.summary.name;
    if stack.summary.protected {
        let message =
            format!("Stack [{name}] cannot be deleted while TerminationProtection is enabled");
        return Err(refused(OPERATION, Reason::Invalid, message));
    }
    if (deletion.force || !deletion.retain.is_empty()) && !stack.summary.status.is_delete_failed() {
        let message = format!("Invalid operation on stack [{name}]: it is not in DELETE_FAILED");
        return Err(refused(OPERATION, Reason::Invalid, message));
    }
    Ok(())
}

/// `API_ContinueUpdateRollback.html`: only what is `UPDATE_FAILED` is left out.
pub(super) fn may_go_on(stack: &FakeStack, skip: &[String]) -> Result<()> {
    const OPERATION: &str = "ContinueUpdateRollback";
    if !stack.summary.status.is_rollback_failed() {
        return Err(busy(OPERATION, stack));
    }
    let has_failed = |id: &&String| {
        let mut failed = stack.resources.iter().filter(|it| it.status == "UPDATE_FAILED");
        failed.any(|it| it.logical_id == **id)
    };
    match skip.iter().find(|id| !has_failed(id)) {
        None => Ok(()),
        Some(id) => {
            let message =
                format!("Only resources in UPDATE_FAILED can be skipped, and {id} is not");
            Err(refused(OPERATION, Reason::Invalid, message))
        }
    }
}

/// `API_CancelUpdateStack.html`: only an update under way.
pub(super) fn may_cancel(stack: &FakeStack) -> Result<()> {
    const OPERATION: &str = "CancelUpdateStack";
    match stack.summary.status.as_str() {
        "UPDATE_IN_PROGRESS" => Ok(()),
        status => {
            let message =
                format!("CancelUpdateStack cannot be called from current stack status {status}");
            Err(refused(OPERATION, Reason::Invalid, message))
        }
    }
}
