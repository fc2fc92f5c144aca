"""Every private name of ministack's that the overlay uses is still there.

ministack is pinned to one version; whoever raises it sees here what has to be looked at again.
"""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

OVERLAY = Path(__file__).parent / "overlay"
FILES = sorted(OVERLAY.rglob("*.py"))


def uses(path):
    """(module, name) of everything of ministack's that a file imports or reaches into."""
    tree = ast.parse(path.read_text())
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack"):
            for it in node.names:
                yield node.module, it.name
                modules[it.asname or it.name] = f"{node.module}.{it.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield modules[node.value.id], node.attr


def found():
    return sorted({use for path in FILES for use in uses(path)})


def has(module, name):
    try:
        importlib.import_module(f"{module}.{name}")
        return True
    except ImportError:
        pass
    try:
        return hasattr(importlib.import_module(module), name)
    except ImportError:
        # `from ministack.core.responses import now_iso`, then `now_iso.…`: a value, not a module.
        parent, _, value = module.rpartition(".")
        return hasattr(getattr(importlib.import_module(parent), value), name)


def test_there_are_hooks():
    assert len(found()) > 100


@pytest.mark.parametrize(("module", "name"), found())
def test_hook_is_there(module, name):
    assert has(module, name), f"{module}.{name} is gone"


PARAMETERS = {
    ("ministack.services.cloudformation.stacks", "_deploy_stack_async"): [
        "stack_name", "stack_id", "template", "param_values", "disable_rollback", "tags", "is_update",
        "previous_stack", "retain_except_on_create", "imports"],
    ("ministack.services.cloudformation.stacks", "_delete_stack_async"): [
        "stack_name", "stack_id", "retain_resources", "force"],
    ("ministack.services.cloudformation.stacks", "_add_event"): [
        "stack_id", "stack_name", "logical_id", "resource_type", "status", "reason", "physical_id", "detailed_status"],
    ("ministack.services.cloudformation.stacks", "_continue_update_rollback_async"): [
        "stack_name", "stack_id", "resources_to_skip"],
    ("ministack.services.cloudformation.stacks", "_roll_back_operation"): [
        "stack_name", "stack_id", "stack", "operation", "reason_override"],
    ("ministack.services.cloudformation.provisioners", "_update_resource"): [
        "resource_type", "physical_id", "old_props", "new_props", "stack_name", "logical_id", "old_attrs"],
    ("ministack.services.ec2", "_launch_instances_internal"): [
        "image_id", "instance_type", "subnet_id", "count", "key_name", "user_data", "sg_ids", "requested_private_ip",
        "iam_profile"],
    ("ministack.services.autoscaling", "_reconcile_instances"): ["asg"],
}  # fmt: skip


@pytest.mark.parametrize(("module", "name"), PARAMETERS)
def test_hook_takes_what_it_took(module, name):
    function = getattr(importlib.import_module(module), name)
    assert list(inspect.signature(function).parameters) == PARAMETERS[module, name]


def test_a_missing_hook_is_seen():
    from overlay.hooks import replace, replace_in

    with pytest.raises(RuntimeError, match="has no .*_gone"):
        replace(inspect, "_gone", None)
    with pytest.raises(RuntimeError, match="no entry 'Gone'"):
        replace_in({}, "Gone", None)
    assert not has("ministack.services.ec2", "_gone")


def test_the_version_is_the_one_that_was_read():
    from importlib.metadata import version

    assert version("ministack") == "1.5.33"
