"""Stack policies: what an update may do to which resource.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html: everything is denied
that no statement allows, a denial wins, and the update of a denied resource fails.
"""

import fnmatch
import json


class DeniedByPolicy(Exception):
    """The stack policy says no."""


def check(stack, logical_id, kind, physical_id, action):
    text = stack.get("_stack_policy")
    if not text:
        return
    effects = [it["Effect"] for it in json.loads(text)["Statement"] if applies(it, logical_id, kind, action)]
    if "Deny" in effects or "Allow" not in effects:
        raise DeniedByPolicy("Action denied by stack policy: Statement [#1] does not allow "
                             f"[Update:{action}] for resource [LogicalResourceId/{logical_id}]")  # fmt: skip


def applies(statement, logical_id, kind, action):
    actions = listed(statement.get("Action", []))
    if "NotAction" in statement:
        actions_match = not matches(listed(statement["NotAction"]), f"Update:{action}")
    else:
        actions_match = matches(actions, f"Update:{action}")
    name = f"LogicalResourceId/{logical_id}"
    if "NotResource" in statement:
        resource_matches = not matches(listed(statement["NotResource"]), name)
    else:
        resource_matches = matches(listed(statement.get("Resource", "*")), name)
    types = [kinds for operator in statement.get("Condition", {}).values()
             for key, kinds in operator.items() if key == "ResourceType"]
    return actions_match and resource_matches and all(matches(listed(kinds), kind) for kinds in types)


def matches(patterns, name):
    return any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def listed(value):
    return value if isinstance(value, list) else [value]
