"""One resource at a time: make, change, delete, through ministack's handlers, the overlay's slow ones and the failure
switches."""

import inspect

from ministack.core.responses import new_uuid
from ministack.services.cloudformation import provisioners, stacks

from .. import faults, schemas
from . import rights

HANDLERS = provisioners._RESOURCE_HANDLERS
# What takes its time after the call that made or changed a resource: {type: async (stop, physical id, properties)}.
SETTLE = {}
# Changes in place that take their time: {type: async (stop, physical id, before, after, context)}.
SLOW_UPDATES = {}
# What takes its time before a resource can be deleted: {type: async (stop, physical id)}.
SLOW_DELETES = {}
# Names to be given once in an account: {type: (properties -> name, name -> whether it is taken)}.
NAMES = {}


class HandlerFailed(Exception):
    """A resource handler failed.

    The sentence is the one of https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html
    """

    def __init__(self, message, code="GeneralServiceException"):
        super().__init__(
            f'Resource handler returned message: "{message}" (RequestToken: {new_uuid()}, HandlerErrorCode: {code})'
        )


def taken(kind, properties):
    """The name a resource asks for, if somebody has it already."""
    if kind not in NAMES:
        return None
    name_of, exists = NAMES[kind]
    name = name_of(properties)
    return name if name and exists(name) else None


def tagged(stack, logical_id, kind, properties, tags):
    return stacks._with_stack_tags(kind, properties, tags, stack["StackName"], stack["StackId"], logical_id)


async def create(stop, stack, logical_id, kind, properties, seed=""):
    """Makes a resource: (physical id, attributes, seed of generated names)."""
    faults.of_resource(logical_id, kind, "create")
    rights.check(kind, "create", stack, properties)
    name = taken(kind, properties)
    if name is not None:
        raise HandlerFailed(f"Resource of type '{kind}' with identifier '{name}' already exists.", "AlreadyExists")
    token = provisioners._NAME_SEED.set(seed)
    try:
        physical_id, attributes = provisioners._provision_resource(kind, logical_id, properties, stack["StackName"])
        seed = provisioners._NAME_SEED.get()
    finally:
        provisioners._NAME_SEED.reset(token)
    return physical_id, attributes, seed


async def settle(stop, kind, physical_id, properties):
    if kind in SETTLE:
        await SETTLE[kind](stop, physical_id, properties)


async def update(stop, stack, logical_id, kind, record, before, after, policy):
    """Changes a resource in place and returns its attributes."""
    faults.of_resource(logical_id, kind, "update")
    rights.check(kind, "update", stack, after)
    physical_id, attributes = record["PhysicalResourceId"], record.get("Attributes") or {}
    if kind in SLOW_UPDATES:
        done = SLOW_UPDATES[kind](stop, physical_id, before, after, policy)
        return {**attributes, **((await done if inspect.isawaitable(done) else done) or {})}
    token = provisioners._NAME_SEED.set(record.get("_name_seed", ""))
    try:
        new_id, changed = provisioners._update_resource(
            kind, physical_id, before, after, stack["StackName"], logical_id, attributes
        )
    finally:
        provisioners._NAME_SEED.reset(token)
    if new_id != physical_id:
        raise HandlerFailed(f"{kind} {physical_id} was replaced by {new_id} although nothing asked for it")
    return {**attributes, **(changed or {})}


async def delete(stop, stack, logical_id, kind, physical_id, properties):
    faults.of_resource(logical_id, kind, "delete")
    rights.check(kind, "delete", stack, properties)
    if kind in SLOW_DELETES:
        await SLOW_DELETES[kind](stop, physical_id)
    provisioners._delete_resource(kind, physical_id, properties, stack["StackName"], logical_id)


def needs_new(kind, before, after):
    return schemas.replaces(kind, before, after)
