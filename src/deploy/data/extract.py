"""Writes schemas.json beside this file: what the deployer needs to know of CloudFormation's resource schemas.

Asks cfn-lint, whose package carries the schemas of every Region, for the types that `templates/stack` names:

    python -m venv .venv-templates && .venv-templates/bin/pip install -r tests/templates/requirements.txt
    .venv-templates/bin/python src/deploy/data/extract.py

One line per type, sorted, so that a newer cfn-lint is a diff that can be reviewed.
"""

import json
import re
from pathlib import Path

import cfnlint

HERE = Path(__file__).parent
TEMPLATES = HERE.parents[2] / "templates" / "stack"
# Types are the same wherever they exist; this Region has all of them.
REGION = "us-east-1"
PROPERTIES = [
    "conditionalCreateOnlyProperties",
    "createOnlyProperties",
    "primaryIdentifier",
    "readOnlyProperties",
]
TAGGING = ["cloudFormationSystemTags", "tagProperty", "tagUpdatable", "taggable"]
HANDLERS = ["create", "read", "update", "delete", "list"]


def types_in_use():
    texts = (path.read_text() for path in sorted(TEMPLATES.rglob("*.j2")))
    return sorted({name for text in texts for name in re.findall(r"\bType: (AWS::\w+::\w+)\s", text)})


def extract(schema):
    """The parts that are not empty."""
    kept = {name: sorted(schema.get(name) or []) for name in PROPERTIES}
    tagging = schema.get("tagging") or {}
    kept["tagging"] = {name: tagging[name] for name in TAGGING if tagging.get(name)}
    if permissions := tagging.get("permissions"):
        kept["tagging"]["permissions"] = sorted(set(permissions))
    handlers = schema.get("handlers") or {}
    kept["handlers"] = {
        name: sorted(set(handlers[name]["permissions"])) for name in HANDLERS if name in handlers
    }
    return {name: value for name, value in kept.items() if value}


def main():
    schemas = Path(cfnlint.__file__).parent / "data" / "schemas"
    digests = json.loads((schemas / "providers" / f"{REGION}.json").read_text())

    def line(name):
        schema = json.loads((schemas / "resources" / f"{digests[name]}.json").read_text())
        return f"{json.dumps(name)}: {json.dumps(extract(schema), sort_keys=True)}"

    lines = ",\n".join(line(name) for name in types_in_use())
    (HERE / "schemas.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
