"""Deletion of a stack.

Policies of what is left: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
"""

import asyncio

from ministack.core.responses import now_iso
from ministack.services import cloudformation as service

from .operation import RETAINING, RUNNING, Operation, View, dependents
from .walk import Stopped, walk


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
