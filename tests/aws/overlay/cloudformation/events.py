"""What CloudFormation records: events of stacks and resources, and operations with their ids.

Operation ids and failures only: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html
"""

import contextvars

from ministack.core.responses import new_uuid, now_iso
from ministack.services import cloudformation as service
from ministack.services.cloudformation import changesets, handlers, stacks
from ministack.services.cloudformation.helpers import _error, _esc, _p, _page, _xml

from ..hooks import replace, replace_in

STACK = "AWS::CloudFormation::Stack"
OPERATION = contextvars.ContextVar("stage_operation", default=None)
FIELDS = (
    "EventId", "StackId", "OperationId", "OperationType", "OperationStatus", "EventType", "LogicalResourceId",
    "PhysicalResourceId", "ResourceType", "Timestamp", "StartTime", "EndTime", "ResourceStatus",
    "ResourceStatusReason", "DetailedStatus", "ClientRequestToken", "ValidationFailureMode", "ValidationName",
    "ValidationStatus", "ValidationStatusReason", "ValidationPath",
)  # fmt: skip

_operations = {}


def reset():
    _operations.clear()


def begin(kind, stack_id):
    """A new operation; what is recorded from here on in this task belongs to it."""
    operation = {"OperationId": new_uuid(), "OperationType": kind, "StackId": stack_id, "events": []}
    OPERATION.set(operation)
    _operations.setdefault(stack_id, []).append(operation)
    return operation


def record(stack_id, stack_name, logical_id, kind, status, reason="", physical_id="", detailed_status=""):
    """ministack's event, and the same as an operation event."""
    add_stack_event(stack_id, stack_name, logical_id, kind, status, reason, physical_id, detailed_status)
    stack = service._stacks.get(stack_name)
    if kind == STACK and stack is not None and stack.get("StackId") == stack_id:
        # Whatever is said of the stack is its status reason until something else is said.
        stack["StackStatusReason"] = reason
    operation = OPERATION.get()
    event = service._stack_events[stack_id][-1]
    if operation is None:
        return
    event["OperationId"] = operation["OperationId"]
    failed = status.endswith("_FAILED")
    entry = {
        **event,
        "OperationType": operation["OperationType"],
        "EventType": "PROVISIONING_ERROR" if failed else "STACK_EVENT",
    }
    if kind == STACK:
        entry["OperationStatus"] = word(status)
    operation["events"].append(entry)


def word(status):
    if status.endswith("_IN_PROGRESS"):
        return "IN_PROGRESS"
    return "FAILED" if status.endswith("_FAILED") or "ROLLBACK" in status else "SUCCEEDED"


def invalid(stack_id, change_set_id, findings):
    """Keeps what validation before deployment found in a change set: (logical id, type, name, mode, path, reason)."""
    operation = begin("CREATE_CHANGESET", stack_id)
    operation["change_set"] = change_set_id
    for logical_id, kind, name, mode, path, reason in findings:
        operation["events"].append({
            "EventId": new_uuid(), "StackId": stack_id, "OperationId": operation["OperationId"],
            "OperationType": "CREATE_CHANGESET", "EventType": "VALIDATION_ERROR", "LogicalResourceId": logical_id,
            "ResourceType": kind, "Timestamp": now_iso(), "ValidationFailureMode": mode, "ValidationName": name,
            "ValidationStatus": "FAILED", "ValidationStatusReason": reason, "ValidationPath": path,
        })  # fmt: skip
    OPERATION.set(None)


def last_operations(stack_id):
    """The `LastOperations` member of DescribeStacks: the newest operation, and its rollback if it had one."""
    operations = [it for it in _operations.get(stack_id, []) if "change_set" not in it]
    members = "".join(
        f"<member><OperationType>{it['OperationType']}</OperationType><OperationId>{it['OperationId']}</OperationId>"
        "</member>"
        for it in reversed(operations[-2:])
    )
    return f"<LastOperations>{members}</LastOperations>" if members else ""


def describe_events(params):
    stack_name, change_set, operation_id = (_p(params, it) for it in ("StackName", "ChangeSetName", "OperationId"))
    if not (stack_name or operation_id or change_set.startswith("arn:")):
        # https://github.com/aws-cloudformation/cloudformation-cli/issues/1116: a name alone is not enough.
        return _error("ValidationError", "One of ChangeSetName, OperationId or StackName must be specified")
    found = [it for operations in _operations.values() for it in operations]
    if change_set:
        found = [it for it in found if (it.get("change_set") or "") == change_set
                 or (it.get("change_set") or "").split("/")[-2:-1] == [change_set]]
    elif stack_name:
        stack = handlers._resolve_stack(stack_name)
        if stack is None:
            return _error("ValidationError", f"Stack [{stack_name}] does not exist")
        found = [it for it in found if it["StackId"] == stack["StackId"]]
    if operation_id:
        found = [it for it in found if it["OperationId"] == operation_id]
    events = [event for it in found for event in it["events"]][::-1]
    if _p(params, "Filters.FailedEvents").lower() == "true":
        events = [it for it in events
                  if it["EventType"] != "STACK_EVENT" or it.get("OperationStatus") == "FAILED"]
    events, token, error = _page(events, params, "DescribeEvents")
    if error:
        return error
    members = "".join(
        "<member>" + "".join(f"<{name}>{_esc(str(it[name]))}</{name}>" for name in FIELDS if it.get(name)) + "</member>"
        for it in events
    )
    return _xml(200, "DescribeEventsResponse",
                f"<DescribeEventsResult><OperationEvents>{members}</OperationEvents>{token}</DescribeEventsResult>")


def describe_stack_events(params):
    """ministack's answer with the operation of each event put in."""
    status, headers, body = plain_describe_stack_events(params)
    if status == 200:
        stack = handlers._resolve_stack(_p(params, "StackName"))
        text = body.decode()
        for event in service._stack_events.get(stack["StackId"], []):
            if "OperationId" in event:
                mark = f"<EventId>{event['EventId']}</EventId>"
                text = text.replace(mark, f"{mark}<OperationId>{event['OperationId']}</OperationId>", 1)
        body = text.encode()
    return status, headers, body


def describe_stacks(params):
    status, headers, body = plain_describe_stacks(params)
    if status == 200:
        text = body.decode()
        for stack in service._stacks.values():
            mark = f"<StackId>{_esc(stack['StackId'])}</StackId>"
            extra = last_operations(stack["StackId"])
            for name in ("RoleARN", "ChangeSetId"):
                extra += f"<{name}>{_esc(stack[name])}</{name}>" if stack.get(name) else ""
            if stack.get("_detailed_status"):
                extra += f"<DetailedStatus>{stack['_detailed_status']}</DetailedStatus>"
            text = text.replace(mark, mark + extra, 1)
            if not stack.get("_updated"):
                # AWS gives no LastUpdatedTime before the first update.
                text = without_update(text, mark, stack.get("LastUpdatedTime"))
        body = text.encode()
    return status, headers, body


def without_update(text, mark, when):
    head, found, tail = text.partition(mark)
    return head + found + tail.replace(f"<LastUpdatedTime>{when}</LastUpdatedTime>", "", 1) if found else text


add_stack_event = stacks._add_event
for module in (stacks, changesets, handlers):
    replace(module, "_add_event", record)
replace_in(handlers._ACTION_HANDLERS, "DescribeEvents", describe_events)
plain_describe_stack_events = replace_in(handlers._ACTION_HANDLERS, "DescribeStackEvents", describe_stack_events)
plain_describe_stacks = replace_in(handlers._ACTION_HANDLERS, "DescribeStacks", describe_stacks)
