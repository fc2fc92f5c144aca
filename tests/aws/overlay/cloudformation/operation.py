"""What all operations on a stack share: what is under way, events, a template with its values."""

import asyncio
import copy
import logging

from ministack.services import cloudformation as service
from ministack.services.cloudformation import engine, stacks

from .. import settings
from . import resources
from .events import STACK, record
from .walk import Stop, Stopped

log = logging.getLogger("stage")

# The operation under way on a stack, by stack id.
RUNNING = {}
# What ContinueUpdateRollback and RollbackStack go on with, by stack id.
UNFINISHED = {}

RETAINING = ("Retain", "RetainExceptOnCreate")


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


def dependents(names, view):
    """Who must go before a resource can: those that depend on it."""
    found = {name: set() for name in names}
    for name in names:
        for needed in view.depends(name):
            if needed in found and needed != name:
                found[needed].add(name)
    return lambda name: found[name]
