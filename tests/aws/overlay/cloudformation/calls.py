"""The other calls on stacks: who may call what in which state, tokens, and no-ops as AWS words them."""

from ministack.services import cloudformation as service
from ministack.services.cloudformation import changesets, handlers, stacks
from ministack.services.cloudformation.helpers import _error, _extract_members, _p, _xml

from ..hooks import replace, replace_in
from . import operation as running
from .change_sets import UPDATABLE, Rejected, busy, check_capabilities, check_parameters, status_of
from .events import begin, reset as reset_events

# A creation can be deleted while it goes on, an update cannot.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-delete-stack.html
NOT_DELETABLE = ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS",
                 "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")  # fmt: skip


def found(params):
    stack = handlers._resolve_stack(_p(params, "StackName"))
    return None if stack is None or stack["StackStatus"] == "DELETE_COMPLETE" else stack


def delete(params):
    stack = found(params)
    if stack is not None:
        if stack.get("EnableTerminationProtection"):
            return _error("ValidationError", f"Stack [{stack['StackName']}] cannot be deleted while "
                          "TerminationProtection is enabled")  # fmt: skip
        token = _p(params, "ClientRequestToken")
        if stack["StackStatus"] == "DELETE_IN_PROGRESS":
            return _xml(200, "DeleteStackResponse", "")
        if stack["StackStatus"] in NOT_DELETABLE:
            return _error("ValidationError",
                          f"Stack [{stack['StackId']}] cannot be deleted while in status {stack['StackStatus']}")  # fmt: skip
        stack["_deleted_with"] = token
        begin("DELETE_STACK", stack["StackId"])
    return plain_delete(params)


def cancel(params):
    stack = found(params)
    if stack is None:
        return _error("ValidationError", f"Stack [{_p(params, 'StackName')}] does not exist")
    if stack["StackStatus"] != "UPDATE_IN_PROGRESS":
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CancelUpdateStack.html
        return _error("ValidationError", "CancelUpdateStack cannot be called from current stack status")
    operation = running.RUNNING.get(stack["StackId"])
    if operation is not None:
        operation.cancelled = True
        operation.stop.set()
    return _xml(200, "CancelUpdateStackResponse", "")


def continue_rollback(params):
    stack = found(params)
    if stack is not None and stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED":
        begin("CONTINUE_ROLLBACK", stack["StackId"])
    elif stack is not None and stack["StackStatus"].startswith("UPDATE_ROLLBACK") and _p(params, "ClientRequestToken"):
        if stack.get("_continued_with") == _p(params, "ClientRequestToken"):
            return _xml(200, "ContinueUpdateRollbackResponse", "<ContinueUpdateRollbackResult/>")
    answer = plain_continue(params)
    if answer[0] == 200:
        stack["_continued_with"] = _p(params, "ClientRequestToken")
        stack["StackStatus"] = "UPDATE_ROLLBACK_IN_PROGRESS"
    return answer


def roll_back(params):
    stack = found(params)
    if stack is not None and stack["StackStatus"] in ("CREATE_FAILED", "UPDATE_FAILED"):
        begin("ROLLBACK", stack["StackId"])
    return plain_roll_back(params)


def create(params):
    begin("CREATE_STACK", "")
    try:
        refuse(params)
    except Rejected as refusal:
        return _error(refusal.code, str(refusal))
    answer = plain_create(params)
    adopt_operation(params, answer)
    return answer


def update(params):
    stack = found(params)
    if stack is not None and stack["StackStatus"] not in UPDATABLE:
        return _error("ValidationError", busy(stack))
    begin("UPDATE_STACK", stack["StackId"] if stack else "")
    try:
        refuse(params)
    except Rejected as refusal:
        return _error(refusal.code, str(refusal))
    return plain_update(params)


def refuse(params):
    body, problem = handlers._resolve_template(params)
    if problem or not body:
        return
    try:
        template = handlers._parse_template(body)
    except Exception:
        return
    check_capabilities(template, params)
    check_parameters(template, _extract_members(params, "Parameters"))


def adopt_operation(params, answer):
    from . import events

    stack = service._stacks.get(_p(params, "StackName"))
    operation = events.OPERATION.get()
    if answer[0] == 200 and stack and operation:
        operation["StackId"] = stack["StackId"]
        events._operations.get("", []).remove(operation)
        events._operations.setdefault(stack["StackId"], []).append(operation)


def list_change_sets(params):
    """By name or id of the stack, and with the change set's status of the moment."""
    stack = found(params)
    if stack is None:
        return _error("ValidationError", f"Stack [{_p(params, 'StackName')}] does not exist")
    shown = {}
    for change_set in service._change_sets.values():
        if change_set["StackId"] == stack["StackId"]:
            shown[id(change_set)] = (change_set, change_set["Status"], change_set["ExecutionStatus"])
            change_set["Status"], change_set["ExecutionStatus"] = status_of(change_set)
    try:
        return plain_list({**params, "StackName": [stack["StackName"]]})
    finally:
        for change_set, status, execution in shown.values():
            change_set["Status"], change_set["ExecutionStatus"] = status, execution


def delete_change_set(params):
    """A change set that made its stack leaves the stack in review."""
    stack = found(params) if _p(params, "StackName") else None
    change_set = changesets._find_change_set(_p(params, "ChangeSetName"), stack["StackName"] if stack else "")[1]
    if change_set is not None and change_set["ExecutionStatus"] == "EXECUTE_IN_PROGRESS":
        return _error("InvalidChangeSetStatus", "An operation on this ChangeSet is currently in progress.")
    return plain_delete_change_set(params)


def reset():
    running.reset()
    reset_events()


TABLE = handlers._ACTION_HANDLERS
plain_delete = replace_in(TABLE, "DeleteStack", delete)
replace_in(TABLE, "CancelUpdateStack", cancel)
plain_continue = replace_in(TABLE, "ContinueUpdateRollback", continue_rollback)
plain_roll_back = replace_in(TABLE, "RollbackStack", roll_back)
plain_create = replace_in(TABLE, "CreateStack", create)
plain_update = replace_in(TABLE, "UpdateStack", update)
plain_list = replace_in(TABLE, "ListChangeSets", list_change_sets)
plain_delete_change_set = replace_in(TABLE, "DeleteChangeSet", delete_change_set)
# Validation before deployment is the change set's; DisableValidation keeps ministack's own out of the operation.
replace(stacks, "_fail_property_validation", lambda *_, **__: False)
