"""A closed world for every test: a fresh home, a free port, and nothing left running afterwards."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from client import Api  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
BINARIES = Path(os.environ.get("SYNCCTL_TEST_BINARIES", ROOT / "target" / "debug"))
PASSWORD = "correct horse battery staple"


class Home:
    """A person's home on a machine: an empty directory and a short environment."""

    def __init__(self, path):
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.env = {
            "HOME": str(self.path),
            "PATH": f"{BINARIES}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "TMPDIR": str(self.path),
        }

    def run(self, *command, check=True, input=None, timeout=120, **options):
        done = subprocess.run(
            [str(part) for part in command], env=self.env, cwd=self.path, input=input, text=True,
            capture_output=True, timeout=timeout, **options,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, *command):
        return subprocess.Popen(
            [str(part) for part in command], env=self.env, cwd=self.path, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def secret(self, name, text):
        """A file only its owner reads."""
        path = self.path / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path


class Service(Home):
    """The local target in a home of its own."""

    def __init__(self, path):
        super().__init__(path)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.env["SYNCCTL_SET_LOCAL__PORT"] = str(self.port)
        self.started = False

    def up(self, **options):
        self.started = True
        return self.run("syncctl", "up", **options)

    def down(self):
        return self.run("syncctl", "down")

    def status(self):
        done = self.run("syncctl", "status", "--format", "json", check=False)
        return json.loads(done.stdout)

    def invitation(self, login):
        path = self.path / f"invitation-{secrets.token_hex(4)}"
        self.run("syncctl", "user", "add", login, "--invitation-file", path)
        return path

    def user(self, login):
        """Somebody with an account and one device, through the documented API."""
        api = Api(self.endpoint)
        api.redeem(self.invitation(login).read_text().strip(), PASSWORD)
        api.login = login
        return api

    def device(self, login, name, fresh=False):
        """Another machine of a user, with `sync-agent` logged in."""
        home = Home(self.path / name)
        password = home.secret("password", PASSWORD)
        if fresh:
            invitation = home.secret("invitation", self.invitation(login).read_text())
            home.run("sync-agent", "login", self.endpoint, "--invitation-file", invitation, "--password-file", password)
        else:
            home.run("sync-agent", "login", self.endpoint, "--login", login, "--password-file", password)
        return home

    def processes(self):
        """Every process that runs for this service, by its own command line or environment."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes() + b"\0" + (entry / "environ").read_bytes()
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if str(self.path).encode() in words and state != "Z":
                name = (entry / "comm").read_text().strip()
                if name in ("syncctl", "syncd", "sync-agent"):
                    found[int(entry.name)] = name
        return found


def make_service(path):
    service = Service(path)
    yield service
    if service.started:
        service.run("syncctl", "down", check=False)
    left = service.processes()
    shutil.rmtree(path, ignore_errors=True)
    assert not left, f"still running after down: {left}"


@pytest.fixture
def service(tmp_path):
    """A home in which `syncctl up` was not called yet."""
    yield from make_service(tmp_path / "service")


@pytest.fixture(scope="module")
def module_service(tmp_path_factory):
    """A running service that the tests of a file share."""
    for service in make_service(tmp_path_factory.mktemp("service")):
        service.up()
        yield service
