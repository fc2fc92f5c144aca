"""Stack operations: create, update, roll back, clean up, delete. They take the place of ministack's, which are over
before anybody can look.

How a stack moves: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
Rollback and its failures: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html
Policies of what is left: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
"""

import asyncio
import copy
import logging

from ministack.core.responses import now_iso
from ministack.services import cloudformation as service
from ministack.services.cloudformation import changesets, engine, handlers, stacks

from .. import settings
from ..hooks import replace
from . import policy as stack_policy
from . import resources
from .events import STACK, record
from .walk import Stop, Stopped, walk

log = logging.getLogger("stage")

# The operation under way on a stack, by stack id.
RUNNING = {}
# What ContinueUpdateRollback and RollbackStack go on with, by stack id.
UNFINISHED = {}

RETAINING = ("Retain", "RetainExceptOnCreate")
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-resource-configuration-complete.html
CONFIGURED_EARLY = {
    "AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::NatGateway", "AWS::EC2::VPCEndpoint", "AWS::IAM::InstanceProfile",
    "AWS::IAM::Role", "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::Route53::RecordSet", "AWS::KMS::Key", "AWS::DynamoDB::Table", "AWS::S3::Bucket",
}  # fmt: skip
CANCELLED = {"create": "Resource creation cancelled", "update": "Resource update cancelled"}


def reset():
    for operation in list(RUNNING.values()):
        operation.abandon()
    RUNNING.clear()
    UNFINISHED.clear()


class Operation:
    """What all operations on a stack share."""

    def __init__(self, stack_name, stack_id):
        self.stack = service._stacks[stack_name]
        self.name, self.id = stack_name, stack_id
        self.stop = Stop()
        self.abandoned = False

    def abandon(self):
        self.abandoned = True
        self.stop.set()

    def say(self, logical_id, kind, status, reason="", physical_id="", detailed_status=""):
        record(self.id, self.name, logical_id, kind, status, reason, physical_id, detailed_status)

    def status(self, status, reason="", detailed_status=""):
        if self.abandoned:
            raise Stopped
        self.stack["StackStatus"] = status
        self.stack["_detailed_status"] = detailed_status
        self.say(self.name, STACK, status, reason, self.id, detailed_status)

    def resolve(self, value, records, view):
        return engine._resolve_refs(
            copy.deepcopy(value), records, view.parameters, view.conditions, view.mappings, self.name, self.id
        )

    def policy_of(self, logical_id, attribute, records, view):
        return stacks._resource_policy(
            view.definitions.get(logical_id), attribute, records, view.parameters, view.conditions, view.mappings,
            self.name, self.id,
        )  # fmt: skip

    async def remove(self, logical_id, kind, physical_id, properties, half=False):
        """Deletes a resource, with its events; the failure's text, or None."""
        self.say(logical_id, kind, "DELETE_IN_PROGRESS", "", physical_id)
        await asyncio.sleep(settings.pace(kind))
        try:
            await resources.delete(self.stop, self.stack, logical_id, kind, physical_id, properties)
        except Exception as failure:
            log.warning("deletion of %s %s failed: %s", logical_id, physical_id, failure)
            self.say(logical_id, kind, "DELETE_FAILED", str(failure), physical_id)
            return str(failure) or "failed"
        self.say(logical_id, kind, "DELETE_COMPLETE", "", physical_id)
        return None


class View:
    """A template with its parameters, conditions decided."""

    def __init__(self, template, parameters):
        self.template, self.parameters = template or {}, parameters or {}
        self.mappings = self.template.get("Mappings", {})
        self.conditions = engine._evaluate_conditions(self.template, self.parameters) if self.template else {}
        self.definitions = {
            name: it for name, it in self.template.get("Resources", {}).items()
            if not it.get("Condition") or self.conditions.get(it["Condition"], True)
        }  # fmt: skip

    def depends(self, name):
        return engine._extract_deps(self.definitions.get(name, {}), set(self.definitions))


class Deployment(Operation):
    """Creation or update of a stack."""

    def __init__(self, stack_name, stack_id, template, parameters, *, previous, disable_rollback, undo_retained, imports):
        super().__init__(stack_name, stack_id)
        self.view = View(template, parameters)
        self.is_update = previous is not None
        self.previous = previous or {}
        self.old_view = View(self.previous.get("_template"), self.previous.get("_resolved_params"))
        self.old = self.previous.get("_resources", {})
        self.records = self.stack["_resources"]
        self.disable_rollback, self.undo_retained = disable_rollback, undo_retained
        self.imports = imports or {}
        self.tags, self.old_tags = self.stack.get("Tags") or [], self.previous.get("Tags") or []
        # In the order it happened: ("created" | "updated" | "replaced" | "imported", logical id).
        self.done = []
        self.failed = {}
        self.cancelled = False
        # Physical resources that nothing refers to once the operation is through: (logical id, record, policy).
        self.superseded = []
        self.prefix = "UPDATE" if self.is_update else "CREATE"

    async def run(self):
        RUNNING[self.id] = self
        self.stack["_updated"] = self.is_update
        self.stack.pop("_failed_operation", None)
        UNFINISHED.pop(self.id, None)
        try:
            await self.steps()
        except Stopped:
            if not self.abandoned:
                raise
        except Exception:
            log.exception("operation on %s", self.name)
            raise
        finally:
            if RUNNING.get(self.id) is self:
                del RUNNING[self.id]

    async def steps(self):
        self.check_removals()
        await walk(list(self.view.definitions), self.view.depends, self.visit, self.stop)
        if self.abandoned:
            return
        outputs = exports = None
        if not self.failed and not self.cancelled:
            try:
                outputs, exports = stacks._resolve_stack_outputs(
                    self.view.template.get("Outputs", {}), self.view.conditions,
                    {name: it for name, it in self.records.items() if name in self.view.definitions},
                    self.view.parameters, self.view.mappings, self.name, self.id,
                )  # fmt: skip
            except Exception as failure:
                self.failed[self.name] = str(failure)
        if self.failed or self.cancelled:
            await self.fail()
            return
        await self.finish(outputs, exports)

    def check_removals(self):
        """A resource that the stack policy keeps cannot be taken out."""
        for logical_id in self.old.keys() - self.view.definitions.keys():
            entry = self.old[logical_id]
            try:
                stack_policy.check(self.stack, logical_id, entry["ResourceType"], entry["PhysicalResourceId"], "Delete")
            except stack_policy.DeniedByPolicy as refusal:
                self.failed[logical_id] = str(refusal)
                self.say(logical_id, entry["ResourceType"], "UPDATE_FAILED", str(refusal), entry["PhysicalResourceId"])
                self.stop.set()

    # One resource.

    async def visit(self, logical_id):
        definition = self.view.definitions[logical_id]
        kind = definition.get("Type", "")
        action = "update" if logical_id in self.old else "create"
        try:
            await self.bring(logical_id, kind, definition)
            return True
        except Stopped:
            self.failed.setdefault(logical_id, "") if self.abandoned else None
            entry = self.records.get(logical_id, {})
            self.say(logical_id, kind, f"{action.upper()}_FAILED", CANCELLED[action], entry.get("PhysicalResourceId", ""))
        except Exception as failure:
            log.warning("%s of %s (%s) failed: %s", action, logical_id, kind, failure)
            self.failed[logical_id] = str(failure)
            physical_id = self.records.get(logical_id, {}).get("PhysicalResourceId", "")
            word = "IMPORT" if logical_id in self.imports else action.upper()
            self.say(logical_id, kind, f"{word}_FAILED", str(failure), physical_id)
            self.stop.set()
        if logical_id in self.records:
            self.records[logical_id]["ResourceStatus"] = f"{action.upper()}_FAILED"
            self.records[logical_id]["ResourceStatusReason"] = self.failed.get(logical_id, CANCELLED[action])
        return False

    async def bring(self, logical_id, kind, definition):
        """Makes a resource be as the template says."""
        await asyncio.sleep(0)
        try:
            properties = self.resolve(definition.get("Properties", {}), self.records, self.view)
            properties = {key: it for key, it in properties.items() if it is not engine._NO_VALUE}
            properties, dynamic = engine._resolve_dynamic_references(properties, None)
        except Exception:
            self.say(logical_id, kind, f"{'UPDATE' if logical_id in self.old else 'CREATE'}_IN_PROGRESS")
            raise
        old = self.old.get(logical_id)
        if old is None:
            if logical_id in self.imports:
                await self.adopt(logical_id, kind, properties)
            else:
                await self.make(logical_id, kind, properties)
            return
        before = resources.tagged(self.stack, logical_id, kind, old["Properties"], self.old_tags)
        after = resources.tagged(self.stack, logical_id, kind, properties, self.tags)
        attributes = ("Metadata", "UpdatePolicy", "CreationPolicy")
        was = self.old_view.definitions.get(logical_id, {})
        if before == after and kind == old["ResourceType"] and all(was.get(it) == definition.get(it) for it in attributes):
            # What does not change has no events: it keeps what it has.
            self.records[logical_id] = {**old, "Properties": properties}
            return
        is_new = kind != old["ResourceType"] or resources.needs_new(kind, old["Properties"], properties)
        stack_policy.check(self.stack, logical_id, kind, old["PhysicalResourceId"], "Replace" if is_new else "Modify")
        if is_new:
            await self.replace(logical_id, kind, properties, old)
        else:
            await self.change(logical_id, kind, properties, old, before, after, definition)

    async def make(self, logical_id, kind, properties, seed="", word="CREATE"):
        pace = settings.pace(kind)
        if word == "CREATE":
            self.say(logical_id, kind, "CREATE_IN_PROGRESS")
        await self.stop.pause(pace / 3)
        tagged = resources.tagged(self.stack, logical_id, kind, properties, self.tags)
        physical_id, attributes, seed = await resources.create(self.stop, self.stack, logical_id, kind, tagged, seed)
        self.done.append(("created" if word == "CREATE" else "replaced", logical_id))
        entry = self.records[logical_id] = self.entry(logical_id, kind, physical_id, properties, attributes, seed)
        entry["ResourceStatus"] = f"{word}_IN_PROGRESS"
        self.say(logical_id, kind, f"{word}_IN_PROGRESS", "Resource creation Initiated", physical_id)
        await self.stop.pause(pace / 3)
        if kind in CONFIGURED_EARLY and word == "CREATE":
            self.say(logical_id, kind, "CREATE_IN_PROGRESS", "Eventual consistency check initiated", physical_id,
                     "CONFIGURATION_COMPLETE")  # fmt: skip
            self.configured()
        await resources.settle(self.stop, kind, physical_id, tagged)
        await self.stop.pause(pace / 3)
        self.complete(logical_id, kind, f"{word}_COMPLETE")

    def configured(self):
        """The stack is configured once all its resources are, and says so before it is complete."""
        if self.is_update or self.stack.get("_detailed_status"):
            return
        started = self.records.keys() >= self.view.definitions.keys()
        if started:
            self.status("CREATE_IN_PROGRESS", "Eventual consistency check initiated", "CONFIGURATION_COMPLETE")

    async def adopt(self, logical_id, kind, properties):
        pace = settings.pace(kind)
        stacks._add_event(self.id, self.name, logical_id, kind, "IMPORT_IN_PROGRESS", "Resource import started.")
        await self.stop.pause(pace / 2)
        missing = changesets._import_not_found([{"ResourceType": kind, "ResourceIdentifier": self.imports[logical_id]}])
        if missing is not None:
            raise ValueError(missing)
        physical_id, attributes = stacks._import_resource(kind, self.imports[logical_id])
        self.done.append(("imported", logical_id))
        self.records[logical_id] = self.entry(logical_id, kind, physical_id, properties, attributes, "")
        self.say(logical_id, kind, "IMPORT_COMPLETE", "Resource import completed.", physical_id)
        self.say(logical_id, kind, "UPDATE_IN_PROGRESS", stacks._IMPORT_TAGS, physical_id)
        await self.stop.pause(pace / 2)
        self.complete(logical_id, kind, "UPDATE_COMPLETE")

    async def change(self, logical_id, kind, properties, old, before, after, definition):
        pace, physical_id = settings.pace(kind), old["PhysicalResourceId"]
        self.say(logical_id, kind, "UPDATE_IN_PROGRESS", "", physical_id)
        entry = self.records[logical_id] = {**old, "ResourceStatus": "UPDATE_IN_PROGRESS"}
        await self.stop.pause(pace / 2)
        if before != after:
            self.done.append(("updated", logical_id))
            update_policy = self.resolve(definition.get("UpdatePolicy", {}), self.records, self.view)
            entry["Attributes"] = await resources.update(
                self.stop, self.stack, logical_id, kind, entry, before, after, update_policy
            )
        entry["Properties"] = properties
        await self.stop.pause(pace / 2)
        self.complete(logical_id, kind, "UPDATE_COMPLETE")

    async def replace(self, logical_id, kind, properties, old):
        self.say(logical_id, kind, "UPDATE_IN_PROGRESS", "", old["PhysicalResourceId"])
        self.say(logical_id, kind, "UPDATE_IN_PROGRESS",
                 "Requested update requires the creation of a new physical resource; hence creating one.",
                 old["PhysicalResourceId"])  # fmt: skip
        name = resources.NAMES.get(kind, (lambda _: None, None))[0](properties)
        if name and name == resources.NAMES[kind][0](old["Properties"]):
            # https://repost.aws/knowledge-center/cloudformation-custom-name
            raise ValueError(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {name} and update the stack again."
            )
        await self.make(logical_id, kind, properties, stacks.new_uuid()[:8], word="UPDATE")
        policy = self.policy_of(logical_id, "UpdateReplacePolicy", self.records, self.view)
        self.superseded.append((logical_id, old, policy))

    def entry(self, logical_id, kind, physical_id, properties, attributes, seed):
        found = {
            "PhysicalResourceId": physical_id, "ResourceType": kind, "LogicalResourceId": logical_id,
            "Properties": properties, "Attributes": attributes, "Timestamp": now_iso(),
        }  # fmt: skip
        return {**found, "_name_seed": seed} if seed else found

    def complete(self, logical_id, kind, status):
        entry = self.records[logical_id]
        entry.update(ResourceStatus=status, Timestamp=now_iso())
        entry.pop("ResourceStatusReason", None)
        self.say(logical_id, kind, status, "", entry["PhysicalResourceId"])

    # The end, when all went well.

    async def finish(self, outputs, exports):
        removed = [name for name in self.old if name not in self.view.definitions]
        # Nothing stops from here on: "An update in its cleanup cannot be cancelled."
        if self.is_update and (removed or self.superseded):
            self.publish(outputs, exports)
            self.status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            left = await self.clean_up(removed)
            self.status("UPDATE_COMPLETE", "One or more resources could not be deleted." if left else "")
            return
        self.publish(outputs, exports)
        if self.is_update:
            self.status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            await asyncio.sleep(settings.get("pace_ms") / 1000)
        self.status(f"{self.prefix}_COMPLETE")

    def publish(self, outputs, exports):
        self.stack.update(
            _resources=self.records, _template=self.view.template, _resolved_params=self.view.parameters,
            _conditions=self.view.conditions, Outputs=outputs, Description=self.view.template.get("Description", ""),
        )  # fmt: skip
        service._exports.update(exports)

    async def clean_up(self, removed):
        """Deletes what the update took out or superseded; a failure is told and the resource is nobody's."""
        left = []
        for logical_id, old, policy in reversed(self.superseded):
            if policy in RETAINING:
                self.say(logical_id, old["ResourceType"], "DELETE_SKIPPED", "", old["PhysicalResourceId"])
            elif await self.remove(logical_id, old["ResourceType"], old["PhysicalResourceId"], old["Properties"]):
                left.append(logical_id)

        async def visit(logical_id):
            old = self.old[logical_id]
            if self.policy_of(logical_id, "DeletionPolicy", self.old, self.old_view) in RETAINING:
                self.say(logical_id, old["ResourceType"], "DELETE_SKIPPED", "", old["PhysicalResourceId"])
            elif await self.remove(logical_id, old["ResourceType"], old["PhysicalResourceId"], old["Properties"]):
                left.append(logical_id)
            self.records.pop(logical_id, None)

        await walk(removed, dependents(removed, self.old_view), visit, Stop())
        return left

    # The end, when something failed.

    async def fail(self):
        reason = self.why()
        if self.disable_rollback and not self.cancelled:
            self.stack["_failed_operation"] = {"is_update": self.is_update}
            UNFINISHED[self.id] = self
            self.status(f"{self.prefix}_FAILED", reason)
            return
        await self.roll_back(reason)

    def why(self):
        if self.cancelled:
            return "User Initiated"
        made = sorted(name for name in self.failed if name not in self.old)
        changed = sorted(name for name in self.failed if name in self.old)
        if made == [self.name]:
            return self.failed[self.name]
        parts = [f"The following resource(s) failed to create: [{', '.join(made)}]. "] if made else []
        parts += [f"The following resource(s) failed to update: [{', '.join(changed)}]. "] if changed else []
        return "".join(parts) + ("" if self.is_update else "Rollback requested by user.")

    async def roll_back(self, reason):
        # A rollback is deaf to what stopped the operation.
        self.stop = Stop()
        if self.is_update:
            self.status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
            self.restore()
            await self.revert([entry for entry in reversed(self.done) if entry[0] != "created"])
            return
        self.status("ROLLBACK_IN_PROGRESS", reason)
        failed = await self.undo([name for what, name in self.done if what == "created"])
        for what, name in reversed(self.done):
            if what == "imported":
                entry = self.records.pop(name)
                self.say(name, entry["ResourceType"], "IMPORT_ROLLBACK_COMPLETE", "", entry["PhysicalResourceId"])
        self.stack.update(_template=self.view.template, _resolved_params=self.view.parameters, Outputs=[])
        if failed:
            self.status("ROLLBACK_FAILED", f"The following resource(s) failed to delete: [{', '.join(sorted(failed))}]. ")
        else:
            self.status("ROLLBACK_COMPLETE")

    def restore(self):
        for key in ("_template", "_template_body", "_resolved_params", "_conditions", "Parameters", "Tags", "Outputs"):
            if key in self.previous:
                self.stack[key] = self.previous[key]

    async def revert(self, entries, skip=()):
        """Sends what was changed back to what it was, then removes what is new."""
        failed = {}
        for what, logical_id in entries:
            old, now = self.old.get(logical_id), self.records.get(logical_id)
            if what == "imported":
                self.say(logical_id, now["ResourceType"], "IMPORT_ROLLBACK_COMPLETE", "", now["PhysicalResourceId"])
                self.records.pop(logical_id)
                continue
            kind = old["ResourceType"]
            if logical_id in skip:
                self.say(logical_id, kind, "UPDATE_COMPLETE", "Resource rollback skipped by user", old["PhysicalResourceId"])
                self.records[logical_id] = {**old, "ResourceStatus": "UPDATE_COMPLETE"}
                continue
            self.say(logical_id, kind, "UPDATE_IN_PROGRESS", "", old["PhysicalResourceId"])
            try:
                await asyncio.sleep(settings.pace(kind))
                if what == "updated":
                    await self.send_back(logical_id, kind, old)
                else:
                    self.superseded.append((logical_id, now, "Delete"))
                    self.records[logical_id] = dict(old)
            except Exception as failure:
                failed[logical_id] = (what, str(failure))
                self.say(logical_id, kind, "UPDATE_FAILED", str(failure), old["PhysicalResourceId"])
                self.records[logical_id].update(ResourceStatus="UPDATE_FAILED", ResourceStatusReason=str(failure))
                continue
            self.complete(logical_id, kind, "UPDATE_COMPLETE")
        if failed:
            UNFINISHED[self.id] = self
            self.pending = [(what, name) for name, (what, _) in failed.items()]
            self.stack["_rollback_failed"] = {name: dict(self.old[name]) for name in failed}
            self.status("UPDATE_ROLLBACK_FAILED",
                        f"The following resource(s) failed to update: [{', '.join(sorted(failed))}]. ")  # fmt: skip
            return
        await self.after_revert()

    async def send_back(self, logical_id, kind, old):
        definition = self.view.definitions.get(logical_id, {})
        tried = self.resolve(definition.get("Properties", {}), self.records, self.view)
        tried = {key: it for key, it in tried.items() if it is not engine._NO_VALUE}
        before = resources.tagged(self.stack, logical_id, kind, tried, self.tags)
        after = resources.tagged(self.stack, logical_id, kind, old["Properties"], self.old_tags)
        was = self.old_view.definitions.get(logical_id, {}).get("UpdatePolicy", {})
        update_policy = self.resolve(was, self.records, self.old_view)
        await resources.update(self.stop, self.stack, logical_id, kind, old, before, after, update_policy)
        self.records[logical_id] = dict(old)

    async def after_revert(self):
        self.stack.pop("_rollback_failed", None)
        UNFINISHED.pop(self.id, None)
        self.status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        for logical_id, entry, _ in reversed([it for it in self.superseded if it[2] == "Delete" and it[1] is not self.old.get(it[0])]):
            if entry["PhysicalResourceId"] != self.old.get(logical_id, {}).get("PhysicalResourceId"):
                await self.remove(logical_id, entry["ResourceType"], entry["PhysicalResourceId"], entry["Properties"])
        await self.undo([name for what, name in self.done if what == "created"])
        for name in self.old:
            self.records.setdefault(name, self.old[name])
        self.status("UPDATE_ROLLBACK_COMPLETE")

    async def undo(self, names):
        """Deletes what this operation made, dependents first; the names that are still there."""
        failed = []

        async def visit(logical_id):
            entry = self.records[logical_id]
            policy = self.policy_of(logical_id, "DeletionPolicy", self.records, self.view)
            # RetainExceptOnCreate does not hold for the operation that made the resource.
            if policy == "Retain" and not self.undo_retained:
                self.say(logical_id, entry["ResourceType"], "DELETE_SKIPPED", "", entry["PhysicalResourceId"])
            elif await self.remove(logical_id, entry["ResourceType"], entry["PhysicalResourceId"], entry["Properties"]):
                failed.append(logical_id)
                entry["ResourceStatus"] = "DELETE_FAILED"
                return False
            self.records.pop(logical_id)
            return True

        await walk(names, dependents(names, self.view), visit, Stop())
        return failed


def dependents(names, view):
    """Who must go before a resource can: those that depend on it."""
    found = {name: set() for name in names}
    for name in names:
        for needed in view.depends(name):
            if needed in found and needed != name:
                found[needed].add(name)
    return lambda name: found[name]


class Deletion(Operation):
    """Deletion of a stack."""

    def __init__(self, stack_name, stack_id, retain, force):
        super().__init__(stack_name, stack_id)
        self.view = View(self.stack.get("_template"), self.stack.get("_resolved_params"))
        self.records = self.stack.get("_resources", {})
        self.retain, self.force = set(retain), force

    async def run(self):
        earlier = RUNNING.get(self.id)
        if earlier is not None:
            # Deleting a stack in the making ends its making first.
            earlier.abandon()
            while RUNNING.get(self.id) is earlier:
                await asyncio.sleep(0.005)
        RUNNING[self.id] = self
        try:
            await self.steps()
        except Stopped:
            if not self.abandoned:
                raise
        finally:
            if RUNNING.get(self.id) is self:
                del RUNNING[self.id]

    async def steps(self):
        self.status("DELETE_IN_PROGRESS", "User Initiated")
        failed = []

        async def visit(logical_id):
            entry = self.records[logical_id]
            kind, physical_id = entry["ResourceType"], entry["PhysicalResourceId"]
            policy = self.policy_of(logical_id, "DeletionPolicy", self.records, self.view)
            if policy in RETAINING or logical_id in self.retain:
                self.say(logical_id, kind, "DELETE_SKIPPED", "", physical_id)
            else:
                entry["ResourceStatus"] = "DELETE_IN_PROGRESS"
                failure = await self.remove(logical_id, kind, physical_id, entry["Properties"])
                if failure and not self.force:
                    entry.update(ResourceStatus="DELETE_FAILED", ResourceStatusReason=failure)
                    failed.append(logical_id)
                    return False
                if failure:
                    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-delete-stack.html
                    self.say(logical_id, kind, "DELETE_SKIPPED", failure, physical_id)
                    self.retain |= self.view.depends(logical_id)
            self.records.pop(logical_id)
            return True

        await walk(list(self.records), dependents(self.records, self.view), visit, self.stop)
        if failed:
            self.status("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(sorted(failed))}]. ")
            return
        for output in self.stack.get("Outputs", []):
            service._exports.pop(output.get("ExportName"), None)
        self.stack["DeletionTime"] = now_iso()
        self.status("DELETE_COMPLETE")


async def deploy(stack_name, stack_id, template, param_values, disable_rollback, tags, is_update=False,
                 previous_stack=None, retain_except_on_create=False, imports=None):  # fmt: skip
    """In the place of ministack's: the background task of a creation or an update."""
    await Deployment(
        stack_name, stack_id, template, param_values, previous=previous_stack if is_update else None,
        disable_rollback=disable_rollback, undo_retained=retain_except_on_create, imports=imports,
    ).run()  # fmt: skip


async def delete(stack_name, stack_id, retain_resources=(), force=False):
    if service._stacks.get(stack_name, {}).get("StackId") == stack_id:
        await Deletion(stack_name, stack_id, retain_resources, force).run()


async def create_then_delete_on_failure(stack_name, stack_id, coroutine):
    """`OnStackFailure: DELETE`."""
    await coroutine
    stack = service._stacks.get(stack_name, {})
    if stack.get("StackId") == stack_id and stack["StackStatus"] in stacks._FAILED_CREATE_STATUSES:
        await delete(stack_name, stack_id)


async def continue_rollback(stack_name, stack_id, skip):
    deployment = UNFINISHED[stack_id]
    RUNNING[stack_id] = deployment
    try:
        deployment.status("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
        await deployment.revert(deployment.pending, skip)
    finally:
        RUNNING.pop(stack_id, None)


async def roll_back(stack_name, stack_id, stack, operation, reason_override=""):
    """RollbackStack, after a failure with DisableRollback."""
    deployment = UNFINISHED[stack_id]
    RUNNING[stack_id] = deployment
    try:
        await deployment.roll_back(reason_override)
    finally:
        RUNNING.pop(stack_id, None)


for module in (stacks, handlers, changesets):
    replace(module, "_deploy_stack_async", deploy)
    replace(module, "_create_then_delete_on_failure", create_then_delete_on_failure)
for module in (stacks, handlers):
    replace(module, "_delete_stack_async", delete)
    replace(module, "_continue_update_rollback_async", continue_rollback)
    replace(module, "_roll_back_operation", roll_back)
