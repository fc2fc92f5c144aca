"""The end of a creation or an update that failed.

Rollback and its failures: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html
"""

import asyncio

from ministack.services.cloudformation import engine

from .. import settings
from . import resources
from .operation import UNFINISHED, Operation, dependents
from .walk import Stop, walk


class Rollback(Operation):
    """Sends back what an operation has done so far."""

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
        if not settings.get("alarms_stop_rollbacks"):
            update_policy.get("AutoScalingInstanceRefresh", {}).get("Preferences", {}).pop("AlarmSpecification", None)
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
