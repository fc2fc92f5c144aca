"""The templates of the shipped blueprints, rendered by the product itself."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Rendered:
    """One stack of a blueprint."""

    def __init__(self, directory, name, stack):
        self.name = f"{name}-data" if stack == "data" else name
        path = Path(directory) / f"{name}.{stack}"
        self.text = path.with_suffix(f".{stack}.json").read_text()
        values = json.loads(path.with_suffix(f".{stack}.values").read_text())
        self.parameters, self.tags = values["Parameters"], values["Tags"]

    @property
    def document(self):
        return json.loads(self.text)

    def release(self, digest, launch_template):
        """The same with another release, as the product would render it: its launch template has another name."""
        old = self.parameters["Release"]
        known = next(it for it in self.document["Resources"] if it.startswith("LaunchTemplate"))
        other = object.__new__(Rendered)
        other.name, other.text = self.name, self.text.replace(known, f"LaunchTemplate{launch_template}")
        other.parameters = json.loads(json.dumps(self.parameters).replace(old, digest))
        other.tags = json.loads(json.dumps(self.tags).replace(old, digest))
        return other

    def arguments(self):
        return self.text, self.parameters, self.tags


def render(directory):
    """Renders the shipped blueprints into a directory, unless TEMPLATES_OUT has them."""
    out = Path(os.environ.get("TEMPLATES_OUT") or directory)
    if not any(out.glob("production.*.json")):
        binary = os.environ.get("RENDER_ALL")
        command = [binary] if binary else ["cargo", "run", "-q", "-p", "stack", "--example", "render_all", "--"]
        subprocess.run([*command, str(out), "0"], cwd=ROOT, check=True)
    return out
