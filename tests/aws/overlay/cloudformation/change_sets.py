"""CreateChangeSet, DescribeChangeSet, ExecuteChangeSet as AWS answers them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
Early validation: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
Import of what exists: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
"""

import copy
import time

from ministack.core.responses import get_account_id, get_region, new_uuid, now_iso
from ministack.services import cloudformation as service
from ministack.services.cloudformation import changesets, engine, handlers
from ministack.services.cloudformation.helpers import _error, _esc, _extract_members, _extract_string_members, _p, _xml

from .. import schemas, settings
from ..hooks import message_of, replace_in
from . import changes, configuration, resources
from .events import STACK, begin, invalid, record
from .operation import View

UPDATABLE = {
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
}  # fmt: skip
NOTHING = "The submitted information didn't contain changes. Submit different information to create a change set."
INVALID = (
    "The following hook(s)/validation failed: [{}]. To troubleshoot Early Validation errors, use the DescribeEvents "
    "API for detailed failure information."
)
# Where types are imported by what the template says; others cannot be.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html
IMPORTABLE = {
    "AWS::S3::Bucket": "BucketName", "AWS::DynamoDB::Table": "TableName", "AWS::KMS::Alias": "AliasName",
    "AWS::Logs::LogGroup": "LogGroupName", "AWS::IAM::Role": "RoleName", "AWS::SSM::Parameter": "Name",
    "AWS::SES::ConfigurationSet": "Name", "AWS::SES::EmailIdentity": "EmailIdentity",
}  # fmt: skip


class Rejected(Exception):
    def __init__(self, message, code="ValidationError"):
        super().__init__(message)
        self.code = code


def create(params):
    if _p(params, "ChangeSetType", "UPDATE") == "IMPORT":
        return plain_create(params)
    try:
        change_set = Creation(params).change_set()
    except Rejected as refusal:
        return _error(refusal.code, str(refusal))
    return _xml(200, "CreateChangeSetResponse",
                f"<CreateChangeSetResult><Id>{change_set['ChangeSetId']}</Id>"
                f"<StackId>{change_set['StackId']}</StackId></CreateChangeSetResult>")  # fmt: skip


class Creation:
    def __init__(self, params):
        self.params = params
        self.name, self.stack_name = _p(params, "ChangeSetName"), _p(params, "StackName")
        self.kind = _p(params, "ChangeSetType", "UPDATE")
        self.stack = self.existing_stack()
        if self.stack is not None:
            self.stack_name = self.stack["StackName"]

    def existing_stack(self):
        stack = handlers._resolve_stack(self.stack_name)
        return None if stack is None or stack["StackStatus"] == "DELETE_COMPLETE" else stack

    def change_set(self):
        token = _p(self.params, "ClientToken")
        for other in service._change_sets.values():
            if other["ChangeSetName"] == self.name and other["StackName"] == self.stack_name:
                if token and other.get("_token") == token:
                    return other
                raise Rejected(f"ChangeSet [{self.name}] already exists", "AlreadyExistsException")
        self.check_request()
        self.check_state()
        body, template, parameters = self.template_and_parameters()
        if self.stack is None:
            self.begin_review()
        return self.store(token, body, template, parameters)

    def check_request(self):
        from ministack.services.cloudformation.helpers import _request_problems, _validate_stack_tags

        for answer in (
            _request_problems(self.params, self.stack_name if self.kind == "CREATE" else ""),
            _validate_stack_tags(_extract_members(self.params, "Tags")),
        ):
            if answer:
                raise Rejected(message_of(answer[2]))
        if _p(self.params, "OnStackFailure") == "DELETE" and self.kind != "CREATE":
            raise Rejected("OnStackFailure DELETE is only valid when ChangeSetType is CREATE.")

    def check_state(self):
        if self.kind == "CREATE":
            if self.stack and self.stack["StackStatus"] != "REVIEW_IN_PROGRESS":
                raise Rejected(f"Stack [{self.stack_name}] already exists and cannot be created again with the changeSet "
                               f"[{self.name}].")  # fmt: skip
        elif self.stack is None:
            raise Rejected(f"Stack [{self.stack_name}] does not exist")
        elif self.stack["StackStatus"] not in UPDATABLE:
            raise Rejected(busy(self.stack))

    def template_and_parameters(self):
        body, problem = handlers._resolve_template(self.params)
        if problem:
            raise Rejected(message_of(problem[2]))
        if not body:
            if self.kind == "CREATE" or _p(self.params, "UsePreviousTemplate").lower() != "true":
                raise Rejected("Either Template URL or Template Body must be specified.")
            body = self.stack["_template_body"]
        given = _extract_members(self.params, "Parameters")
        try:
            template = engine._apply_transforms(engine._parse_template(body), given, {})
        except Exception as problem:
            raise Rejected(f"Template format error: {problem}") from None
        check_capabilities(template, self.params)
        check_parameters(template, given)
        before = (self.stack or {}).get("_resolved_params", {})
        try:
            parameters = engine._resolve_parameters(template, given, before)
            conditions = engine._evaluate_conditions(template, parameters)
            engine.validate_template_support(template, conditions, params=parameters)
            engine._topological_sort(template.get("Resources", {}), conditions)
        except ValueError as problem:
            raise Rejected(str(problem)) from None
        return body, template, parameters

    def begin_review(self):
        stack_id = f"arn:aws:cloudformation:{get_region()}:{get_account_id()}:stack/{self.stack_name}/{new_uuid()}"
        self.stack = service._stacks[self.stack_name] = {
            "StackName": self.stack_name, "StackId": stack_id, "StackStatus": "REVIEW_IN_PROGRESS",
            "StackStatusReason": "User Initiated", "CreationTime": now_iso(), "LastUpdatedTime": now_iso(),
            "Description": "", "Parameters": [], "Tags": [], "Outputs": [], "DisableRollback": False,
            "_region": get_region(), "_resources": {}, "_template": {}, "_template_body": "", "_resolved_params": {},
            "_conditions": {},
        }  # fmt: skip
        service._stack_events[stack_id] = []
        record(stack_id, self.stack_name, self.stack_name, STACK, "REVIEW_IN_PROGRESS", "User Initiated", stack_id)

    def store(self, token, body, template, parameters):
        tags = _extract_members(self.params, "Tags")
        tags_given = "Tags" in self.params or bool(tags)
        same = lambda: {it["Key"]: it["Value"] for it in tags} == {  # noqa: E731
            it["Key"]: it["Value"] for it in self.stack.get("Tags") or []
        }
        retagged = self.kind == "UPDATE" and tags_given and not same()
        view = View(template, parameters)
        imported = self.imported(view) if _p(self.params, "ImportExistingResources").lower() == "true" else {}
        stack_id = self.stack["StackId"]
        change_set_id = f"arn:aws:cloudformation:{get_region()}:{get_account_id()}:changeSet/{self.name}/{new_uuid()}"
        found = changes.compute(self.stack, template, parameters, retagged, imported)
        status, execution, reason = "CREATE_COMPLETE", "AVAILABLE", ""
        if problem := self.refused_imports(view, imported):
            status, execution, reason, found = "FAILED", "UNAVAILABLE", problem, []
        elif not found:
            status, execution, reason = "FAILED", "UNAVAILABLE", NOTHING
        elif settings.get("early_validation") and _p(self.params, "DisableValidation").lower() != "true":
            findings = list(self.findings(view, found))
            if findings:
                invalid(stack_id, change_set_id, findings)
            fatal = [it for it in findings if it[3] == "FAIL"]
            if fatal:
                checks = sorted({"PropertyValidation" if it[2] == "PROPERTY_VALIDATION" else "ResourceExistenceCheck"
                                 for it in fatal})  # fmt: skip
                reason = INVALID.format(", ".join(f"AWS::EarlyValidation::{it}" for it in checks))
                status, execution, found = "FAILED", "UNAVAILABLE", []
        change_set = service._change_sets[change_set_id] = {
            "ChangeSetId": change_set_id, "ChangeSetName": self.name, "StackId": stack_id,
            "StackName": self.stack_name, "Status": status, "ExecutionStatus": execution, "StatusReason": reason,
            "CreationTime": now_iso(), "Description": _p(self.params, "Description"), "ChangeSetType": self.kind,
            "Changes": found, "Tags": tags, "Capabilities": _extract_string_members(self.params, "Capabilities"),
            "Parameters": [{"ParameterKey": key, "ParameterValue": it["Value"]} for key, it in parameters.items()],
            "OnStackFailure": _p(self.params, "OnStackFailure"), "_tags_given": tags_given, "_template": template,
            "_template_body": body, "_resolved_params": parameters, "_resources_to_import": [],
            "_import_existing": imported, "_disable_validation": True,
            "ImportExistingResources": _p(self.params, "ImportExistingResources").lower() == "true",
            "RoleARN": _p(self.params, "RoleARN"), "_token": token,
            **configuration.asked(self.params),
            "_ready": time.monotonic() + settings.get("change_set_ms") / 1000,
        }  # fmt: skip
        return change_set

    def imported(self, view):
        """What ImportExistingResources takes over: {logical id: {property: name}}."""
        found = {}
        for logical_id, definition in view.definitions.items():
            kind = definition.get("Type")
            key = IMPORTABLE.get(kind)
            raw = (definition.get("Properties") or {}).get(key) if key else None
            if raw is None or logical_id in self.stack.get("_resources", {}):
                continue
            if not isinstance(raw, str):
                # "Dynamic names (using !Ref or other functions) aren't currently supported."
                if not settings.get("import_dynamic_names"):
                    continue
                raw = self.static(view, raw)
            if raw and kind in resources.NAMES and resources.NAMES[kind][1](raw):
                found[logical_id] = {key: raw}
        return found

    def static(self, view, raw):
        if any(name in view.definitions for name, _ in engine._intrinsic_references(raw)):
            return None
        return engine._resolve_refs(copy.deepcopy(raw), {}, view.parameters, view.conditions, view.mappings,
                                    self.stack_name, self.stack["StackId"])  # fmt: skip

    def refused_imports(self, view, imported):
        entries = [{"ResourceType": view.definitions[name]["Type"], "LogicalResourceId": name, "ResourceIdentifier": it}
                   for name, it in imported.items()]  # fmt: skip
        return changesets._unretained_import_reason(entries, view.template) or changesets._import_owner(entries)

    def findings(self, view, found):
        actions = {it["ResourceChange"]["LogicalResourceId"]: it["ResourceChange"] for it in found}
        for logical_id, definition in view.definitions.items():
            kind, raw = definition.get("Type", ""), definition.get("Properties") or {}
            for path, sentence in schemas.complaints(kind, raw):
                yield (logical_id, kind, "PROPERTY_VALIDATION", "FAIL",
                       f"/Resources/{logical_id}/Properties{path}", sentence)  # fmt: skip
            if actions.get(logical_id, {}).get("Action") != "Add" or kind not in resources.NAMES:
                continue
            properties = {key: self.static(view, it) if isinstance(it, dict) else it for key, it in raw.items()
                          if key in schemas.SCHEMAS.get(kind, {}).get("create_only", [])}  # fmt: skip
            name = resources.taken(kind, properties)
            if name is not None:
                yield (logical_id, kind, "NAME_CONFLICT_VALIDATION", "FAIL", f"/Resources/{logical_id}",
                       f"Resource of type '{kind}' with identifier '{name}' already exists.")  # fmt: skip
        for change in actions.values():
            if change["ResourceType"] == "AWS::S3::Bucket" and change.get("PolicyAction") == "Delete":
                from ..resources import buckets
                if not buckets.is_empty(change["PhysicalResourceId"]):
                    yield (change["LogicalResourceId"], "AWS::S3::Bucket", "BUCKET_EMPTINESS_VALIDATION", "WARN",
                           f"/Resources/{change['LogicalResourceId']}",
                           f"The bucket '{change['PhysicalResourceId']}' is not empty. You must either delete all "
                           "objects and versions or use the deletion policy to retain it, otherwise the delete "
                           "operation will fail.")  # fmt: skip


def busy(stack):
    return f"Stack:{stack['StackId']} is in {stack['StackStatus']} state and can not be updated."


def check_capabilities(template, params):
    given = set(_extract_string_members(params, "Capabilities"))
    missing = handlers._missing_capabilities(given, handlers._required_iam_capabilities(template))
    if missing:
        raise Rejected(f"Requires capabilities : [{', '.join(missing)}]", "InsufficientCapabilitiesException")


def check_parameters(template, given):
    declared = template.get("Parameters", {})
    unknown = [it["Key"] for it in given if it["Key"] not in declared]
    if unknown:
        raise Rejected(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, it in declared.items()
               if "Default" not in it and name not in {entry["Key"] for entry in given}]  # fmt: skip
    if missing:
        raise Rejected(f"Parameters: [{', '.join(missing)}] must have values")


def status_of(change_set):
    """Status, execution status: a change set takes its time."""
    left = change_set.get("_ready", 0) - time.monotonic()
    if left > settings.get("change_set_ms") / 2000:
        return "CREATE_PENDING", "UNAVAILABLE"
    return ("CREATE_IN_PROGRESS", "UNAVAILABLE") if left > 0 else (change_set["Status"], change_set["ExecutionStatus"])


def find(params):
    name, stack_name = _p(params, "ChangeSetName"), _p(params, "StackName")
    stack = handlers._resolve_stack(stack_name) if stack_name else None
    change_set = changesets._find_change_set(name, stack["StackName"] if stack else stack_name)[1]
    if change_set is None:
        raise Rejected(f"ChangeSet [{name}] does not exist", "ChangeSetNotFound")
    return change_set


def describe(params):
    try:
        change_set = find(params)
    except Rejected as refusal:
        return _error(refusal.code, str(refusal), 404)
    status, execution = status_of(change_set)
    is_ready = status not in ("CREATE_PENDING", "CREATE_IN_PROGRESS")
    with_values = settings.get("property_values") and _p(params, "IncludePropertyValues").lower() == "true"
    found = change_set["Changes"] if is_ready else []
    start = int(_p(params, "NextToken") or 0)
    # AWS pages at 1 MB; so that paging is met at all, here it is 100 changes.
    page, more = found[start : start + 100], len(found) > start + 100
    inner = "".join(
        f"<{name}>{_esc(str(change_set.get(name) or ''))}</{name}>"
        for name in ("ChangeSetId", "ChangeSetName", "StackId", "StackName", "CreationTime")
    )
    inner += f"<Status>{status}</Status><ExecutionStatus>{execution}</ExecutionStatus>"
    for name in ("Description", "OnStackFailure", *(["StatusReason"] if is_ready else [])):
        if change_set.get(name):
            inner += f"<{name}>{_esc(change_set[name])}</{name}>"
    if change_set.get("ImportExistingResources"):
        inner += "<ImportExistingResources>true</ImportExistingResources>"
    inner += configuration.xml(change_set)
    inner += listed("Capabilities", map(_esc, change_set["Capabilities"]))
    inner += listed("Parameters", (members(it) for it in change_set["Parameters"]))
    inner += listed("Tags", (members({"Key": it["Key"], "Value": it["Value"]}) for it in change_set["Tags"]))
    inner += listed("Changes", (change_xml(it["ResourceChange"], with_values) for it in page))
    inner += f"<NextToken>{start + 100}</NextToken>" if more else ""
    return _xml(200, "DescribeChangeSetResponse", f"<DescribeChangeSetResult>{inner}</DescribeChangeSetResult>")


VALUES = ("Path", "BeforeValue", "AfterValue", "AttributeChangeType")


def change_xml(change, with_values):
    order = ("PolicyAction", "Action", "LogicalResourceId", "PhysicalResourceId", "ResourceType", "Replacement")
    inner = members({name: change[name] for name in order if name in change})
    inner += listed("Scope", change["Scope"])
    details, told = [], set()
    for detail in change["Details"]:
        target = detail["Target"] if with_values else {
            name: it for name, it in detail["Target"].items() if name not in VALUES
        }  # fmt: skip
        xml = f"<Target>{members(target)}</Target>" + members({k: it for k, it in detail.items() if k != "Target"})
        # Without values, two places in one property are one detail.
        if xml not in told:
            told.add(xml)
            details.append(xml)
    inner += listed("Details", details)
    if with_values:
        inner += members({name: change[name] for name in ("BeforeContext", "AfterContext") if name in change})
    return f"<Type>Resource</Type><ResourceChange>{inner}</ResourceChange>"


def members(values):
    return "".join(f"<{name}>{_esc(str(it))}</{name}>" for name, it in values.items())


def listed(name, items):
    return f"<{name}>" + "".join(f"<member>{it}</member>" for it in items) + f"</{name}>"


def execute(params):
    try:
        change_set = find(params)
    except Rejected as refusal:
        return _error(refusal.code, str(refusal), 404)
    token = _p(params, "ClientRequestToken")
    if token and change_set.get("_executed_with") == token:
        return _xml(200, "ExecuteChangeSetResponse", "<ExecuteChangeSetResult></ExecuteChangeSetResult>")
    status, execution = status_of(change_set)
    if execution != "AVAILABLE":
        shown = f"status of [{status}]" if status != "CREATE_COMPLETE" else f"execution status of [{execution}]"
        return _error("InvalidChangeSetStatus",
                      f"ChangeSet [{change_set['ChangeSetId']}] cannot be executed in its current {shown}")  # fmt: skip
    stack = service._stacks.get(change_set["StackName"], {})
    allowed = {"REVIEW_IN_PROGRESS"} if change_set["ChangeSetType"] == "CREATE" else UPDATABLE
    if change_set["ChangeSetType"] != "IMPORT" and stack.get("StackStatus") not in allowed:
        return _error("ValidationError", busy(stack))
    operation = "CREATE_STACK" if change_set["ChangeSetType"] == "CREATE" else "UPDATE_STACK"
    begin(operation, change_set["StackId"])
    configuration.begin(stack, change_set)
    answer = plain_execute({**params, "ChangeSetName": [change_set["ChangeSetId"]]})
    if answer[0] == 200:
        change_set["_executed_with"] = token
        stack["RoleARN"] = change_set.get("RoleARN") or stack.get("RoleARN", "")
        stack["ChangeSetId"] = change_set["ChangeSetId"]
        stack["CreationTime"] = stack["CreationTime"] if change_set["ChangeSetType"] != "CREATE" else stack["CreationTime"]
    return answer


plain_create = replace_in(handlers._ACTION_HANDLERS, "CreateChangeSet", create)
replace_in(handlers._ACTION_HANDLERS, "DescribeChangeSet", describe)
plain_execute = replace_in(handlers._ACTION_HANDLERS, "ExecuteChangeSet", execute)
