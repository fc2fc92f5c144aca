"""The resource schemas of the types our templates use, from `schemas.json`.

https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html says what the properties
mean: createOnlyProperties replace, conditionalCreateOnlyProperties may replace.
"""

import json
from pathlib import Path

SCHEMAS = json.loads(Path(__file__).with_name("schemas.json").read_text())


def recreation(kind, name):
    """`RequiresRecreation` of a property, as a change set words it."""
    schema = SCHEMAS.get(kind)
    if schema is None or name in schema["conditional_create_only"]:
        return "Conditionally"
    return "Always" if name in schema["create_only"] else "Never"


def replaces(kind, before, after):
    """Whether the difference of two sets of properties needs a new resource."""
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    # A table with another key is another table; its other conditional property is none of ours.
    keys = {"KeySchema"} if kind == "AWS::DynamoDB::Table" else set()
    return any(name in keys or recreation(kind, name) == "Always" for name in changed)


def can_have_tags(kind):
    return SCHEMAS.get(kind, {}).get("tags", False)


def complaints(kind, properties):
    """What is wrong with properties before anything is resolved, as (path, sentence)."""
    schema = SCHEMAS.get(kind)
    if schema is None or not isinstance(properties, dict):
        return []
    found = list(unknown_names(schema["properties"], properties, ""))
    found += [("", f"Required property [{name}] not found") for name in schema["required"] if name not in properties]
    found += [
        (f"/{name}", f"Encountered read-only property [{name}]") for name in schema["read_only"] if name in properties
    ]
    return found


def unknown_names(shape, value, path):
    if isinstance(shape, list):
        for index, inner in enumerate(value if isinstance(value, list) else []):
            yield from unknown_names(shape[0], inner, f"{path}/{index}")
    elif isinstance(shape, dict) and isinstance(value, dict) and not is_intrinsic(value):
        for name, inner in value.items():
            if name not in shape:
                yield path, f"Unsupported property [{name}]"
            else:
                yield from unknown_names(shape[name], inner, f"{path}/{name}")


def is_intrinsic(value):
    return len(value) == 1 and (next(iter(value)) == "Ref" or next(iter(value)).startswith("Fn::"))
