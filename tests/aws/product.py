"""`syncctl` as people and pipelines run it: the real program, against the stage."""

import json
import os
import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("SYNCCTL_TEST_BINARIES", REPOSITORY / "target/debug"))

# Only its head is read, and its bytes are shipped: any small program of this machine is a release.
SOME_PROGRAM = "/bin/true"

BLUEPRINT = """\
version: 1
name: {name}
target: aws
region: eu-west-1
network: {{ zones: 3, egress: public-ip }}
servers:
  instance: t3.small
  min: {least}
  max: 9
  release: {release}
storage: {{ content: {{ retain: {retain} }} }}
{more}
"""


class Product:
    """A folder with a blueprint, and the program that reads it."""

    def __init__(self, folder, stage, **values):
        self.folder, self.stage = Path(folder), stage
        self.folder.mkdir(parents=True, exist_ok=True)
        self.values = {"name": "acme", "least": 3, "retain": "false", "more": "", **values}
        stage.set(quotas={"L-1216C47A": 64})
        self.release("one")
        self.write()

    def release(self, what):
        """Another server program; only its digest differs."""
        path = self.folder / f"syncd-{what}"
        shutil.copy(SOME_PROGRAM, path)
        with path.open("ab") as program:
            program.write(what.encode())
        self.values["release"] = f"./{path.name}"
        return path

    def write(self, **values):
        self.values.update(values)
        (self.folder / "syncctl.yaml").write_text(BLUEPRINT.format(**self.values))

    def environment(self, **more):
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.folder),
            "CI": "true",
            "AWS_ENDPOINT_URL": self.stage.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            **more,
        }

    def command(self, *arguments):
        return [str(PROGRAMS / "syncctl"), *arguments]

    def run(self, *arguments, code=0, seconds=120, **environment):
        """Runs one command; what it printed, once the exit code is the expected one."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        told = f"{' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert code is None or done.returncode == code, told
        assert "panicked" not in done.stderr, told
        return done

    def json(self, *arguments, **options):
        return json.loads(self.run("--format", "json", *arguments, **options).stdout)

    def stream(self, *arguments, **options):
        """The documents of a command that tells of what it does, one a line."""
        return [json.loads(line) for line in self.run("--format", "json", *arguments, **options).stdout.splitlines()]

    def start(self, *arguments, **environment):
        """Begins a command; the caller waits for it."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
