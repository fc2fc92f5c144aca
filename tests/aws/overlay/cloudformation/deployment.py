"""Creation and update of a stack.

How a stack moves: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

import asyncio

from ministack.core.responses import now_iso
from ministack.services import cloudformation as service
from ministack.services.cloudformation import changesets, engine, stacks

from .. import settings
from . import configuration, resources
from . import policy as stack_policy
from .operation import RETAINING, RUNNING, UNFINISHED, View, dependents, log
from .rollback import Rollback
from .walk import Stop, Stopped, walk

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-resource-configuration-complete.html
CONFIGURED_EARLY = {
    "AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::NatGateway", "AWS::EC2::VPCEndpoint", "AWS::IAM::InstanceProfile",
    "AWS::IAM::Role", "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::Route53::RecordSet", "AWS::KMS::Key", "AWS::DynamoDB::Table", "AWS::S3::Bucket",
}  # fmt: skip
CANCELLED = {"create": "Resource creation cancelled", "update": "Resource update cancelled"}


class Deployment(Rollback):
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
        if broken := configuration.broken(self.stack):
            self.failed.setdefault(self.name, broken)
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
        if broken := configuration.broken(self.stack):
            self.failed.setdefault(self.name, broken)
            self.stop.set()
            return False
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
        if not configuration.is_express(self.stack):
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
