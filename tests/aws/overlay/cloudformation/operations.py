"""Stack operations: create, update, roll back, clean up, delete. They take the place of ministack's, which are over
before anybody can look.
"""

from ministack.services import cloudformation as service
from ministack.services.cloudformation import changesets, handlers, stacks

from ..hooks import replace
from .deletion import Deletion
from .deployment import Deployment
from .operation import RUNNING, UNFINISHED


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
