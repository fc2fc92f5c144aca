"""Every template there is to judge: the shipped blueprints' and some three hundred generated ones'."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GENERATED = 320
SAMPLE = 64


class Rendered:
    """One rendered template."""

    def __init__(self, path):
        self.path = path
        self.name, self.stack = path.name.removesuffix(".json").rsplit(".", 1)
        self.text = path.read_text()
        self.document = json.loads(self.text)
        values = json.loads(path.with_suffix(".values").read_text())
        self.parameters, self.tags = values["Parameters"], values["Tags"]
        self.is_shipped = not self.name.startswith("generated-")

    @property
    def resources(self):
        return self.document["Resources"]

    def of_type(self, kind):
        return {name: it for name, it in self.resources.items() if it["Type"] == kind}


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    out = Path(os.environ.get("TEMPLATES_OUT") or tmp_path_factory.mktemp("templates"))
    if not any(out.glob("*.json")):
        command = ["cargo", "run", "-q", "-p", "stack", "--example", "render_all", "--", str(out), str(GENERATED)]
        subprocess.run(command, cwd=ROOT, check=True)
    return [Rendered(path) for path in sorted(out.glob("*.json"))]


@pytest.fixture(scope="session")
def shapes(rendered):
    """What was shipped, the fewest templates that together have every resource in each of its shapes, and some more.

    A shape is what is left when texts and numbers are replaced by their types: judges of structure have nothing more
    to see in the other templates. All of them are judged when TEMPLATES_ALL is set.
    """
    if os.environ.get("TEMPLATES_ALL"):
        return rendered
    parts = {it.path: {shape_of_resource(name, body) for name, body in it.resources.items()} for it in rendered}
    chosen = [it for it in rendered if it.is_shipped]
    missing = set().union(*parts.values()).difference(*(parts[it.path] for it in chosen))
    while missing:
        best = max(rendered, key=lambda it: len(parts[it.path] & missing))
        chosen.append(best)
        missing -= parts[best.path]
    # Mixtures of shapes, and numbers.
    return chosen + [it for it in rendered[::SAMPLE] if it not in chosen]


def shape_of_resource(name, body):
    return re.sub("^LaunchTemplate[0-9a-f]+$", "LaunchTemplate", name) + json.dumps(shape(body), sort_keys=True)


def shape(value):
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        # Three subnets are no other shape than two.
        distinct = {json.dumps(shape(inner), sort_keys=True) for inner in value}
        return sorted(distinct)
    return type(value).__name__
