"""What every CI system has: a repository, releases to download, machines that run steps, and logs that people read."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

from product import PROGRAMS, REPOSITORY, SOME_PROGRAM

EXAMPLES = REPOSITORY / "examples"

# Logs are kept for reading where this names a folder.
LOGS = os.environ.get("PIPELINE_LOGS")

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"

# Seconds from the first signal to the second, and from that to the end. GitHub's are 7.5 and 2.5.
REAL_SCHEDULE = (7.5, 2.5)
QUICK_SCHEDULE = (1.5, 0.5)

TRACED = """\
if [ -n "${PIPELINE_TRACE:-}" ]; then
    exec {PIPELINE_TRACE_FD}>>"$PIPELINE_TRACE"
    BASH_XTRACEFD=$PIPELINE_TRACE_FD
    PS4='+${BASH_SOURCE[0]-}:$LINENO:'
    set -x
fi
"""


class Releases:
    """A folder as `make release` makes it, published. The program in it is the one under test, called by a script."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.address = f"file://{self.folder}"
        self.publish("0.1.0")

    def publish(self, version):
        name = f"syncctl-{version}-{os.uname().machine}-linux"
        inside = self.folder / name
        inside.mkdir()
        for server in ("syncd", "syncd-x86_64"):
            shutil.copy(SOME_PROGRAM, inside / server)
            with (inside / server).open("ab") as program:
                program.write(version.encode())
        (inside / "syncctl").write_text(f'#!/bin/sh\nSYNCCTL_SYNCD="${{0%/*}}/syncd-x86_64" exec {PROGRAMS / "syncctl"} "$@"\n')
        (inside / "syncctl").chmod(0o755)
        archive = self.folder / f"{name}.tar.gz"
        with tarfile.open(archive, "w:gz") as packed:
            packed.add(inside, name)
        shutil.move(inside / "syncd-x86_64", self.server(version))
        shutil.rmtree(inside)
        digest = subprocess.run(["sha256sum", archive.name], cwd=self.folder, capture_output=True, text=True, check=True)
        (self.folder / f"{name}.tar.gz.sha256").write_text(digest.stdout)
        return archive

    def server(self, version):
        """The server program of a release."""
        return self.folder / f"syncd-{version}"


class Repository:
    """An example's files as people would have them in a repository of their own."""

    def __init__(self, folder, example):
        self.folder = Path(folder)
        shutil.copytree(EXAMPLES / example, self.folder)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("config", "user.email", "ann@example.com")
        self.git("config", "user.name", "Ann")
        self.commit("Begin")

    def git(self, *arguments):
        done = subprocess.run(["git", *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, message):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head()

    def head(self):
        return self.git("rev-parse", "HEAD")

    def branch(self, name):
        self.git("checkout", "--quiet", "-B", name)

    def merge(self, name):
        self.git("checkout", "--quiet", "main")
        self.git("merge", "--quiet", "--no-edit", name)
        return self.head()

    def change(self, file, old, new):
        path = self.folder / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new))
        return self.commit(f"Change {file}")

    def clone(self, to, commit):
        """As CI systems check out: a commit, on no branch."""
        subprocess.run(["git", "clone", "--quiet", "--no-checkout", str(self.folder), str(to)], check=True)
        subprocess.run(["git", "checkout", "--quiet", "--detach", commit], cwd=to, check=True)


class Trace:
    """Which lines of which scripts the shells of all jobs have run."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = self.folder / "trace"
        self.setup = self.folder / "trace.sh"
        self.setup.write_text(TRACED)
        self.blocks = set()

    def environment(self):
        return {"BASH_ENV": str(self.setup), "PIPELINE_TRACE": str(self.file)}

    def lines(self):
        """By the name of the script; a repository's folder is different in every test."""
        found = {}
        for line in self.file.read_text(errors="replace").splitlines():
            source, number, *_ = [*line.lstrip("+").split(":", 2), "", ""]
            if line.startswith("+") and number.isdigit():
                found.setdefault(Path(source).name, set()).add(int(number))
        return found


class Log:
    """What a person sees of a job."""

    def __init__(self, name, secrets=()):
        self.name, self.secrets = name, list(secrets)
        self.text = ""
        self._lock = threading.Lock()

    def write(self, text):
        with self._lock:
            self.text += text

    def keep(self):
        if LOGS:
            path = Path(LOGS) / f"{self.name}.log"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text)

    def check(self):
        """No terminal, so no escape; and nothing that opens a door."""
        assert "\x1b" not in self.text, f"{self.name}: escapes in the log\n{self.text}"
        assert "\r" not in self.text, f"{self.name}: progress bars in the log\n{self.text}"
        assert "syi_" not in self.text, f"{self.name}: an invitation in the log"
        assert "panicked" not in self.text, self.text
        for secret in self.secrets:
            assert secret not in self.text, f"{self.name}: a secret in the log\n{self.text}"


def base_environment(machine, stage, programs=None):
    """What a fresh machine has, and where AWS is. No terminal, no colour, nobody's home."""
    home = Path(machine) / "home"
    home.mkdir(parents=True, exist_ok=True)
    tools = {str(Path(shutil.which(name)).parent) for name in ("bash", "git", "curl", "jq", "tar", "sha256sum")}
    path = [str(programs)] if programs else []
    return {
        "PATH": ":".join([*path, *sorted(tools), "/usr/bin", "/bin"]),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "CI": "true",
        "AWS_ENDPOINT_URL": stage.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class Cancellation:
    """Somebody who may press the button, now or later."""

    def __init__(self, schedule=QUICK_SCHEDULE):
        self.asked = threading.Event()
        self.schedule = schedule
        self.signals = []

    def press(self):
        self.asked.set()


def run(command, log, cwd, environment, cancellation, group=False, first=signal.SIGINT):
    """Runs a step to its end, or to the end of the schedule once it is cancelled; the exit code.

    GitHub tells only the step's own process and waits for it; GitLab tells the whole group and waits until nobody
    writes to the log any more. Whatever is left is killed with everything below.
    """
    process = subprocess.Popen(
        command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip

    def read():
        for line in process.stdout:
            log.write(line.decode(errors="replace"))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    send = os.killpg if group else os.kill
    ended = threading.Event()
    last = reader.join if group else process.wait
    threading.Thread(target=lambda: (last(), ended.set()), daemon=True).start()
    while not ended.wait(0.02):
        if cancellation.asked.is_set():
            for kind, patience in zip((first, signal.SIGTERM), cancellation.schedule):
                cancellation.signals.append(kind)
                _quietly(send, process.pid, kind)
                if ended.wait(patience):
                    break
            else:
                cancellation.signals.append(signal.SIGKILL)
            _quietly(os.killpg, process.pid, signal.SIGKILL)
            break
    ended.wait(30)
    reader.join(10)
    return process.wait(30)


def _quietly(send, pid, kind):
    try:
        send(pid, kind)
    except ProcessLookupError:
        pass


def deep_merge(base, more):
    merged = dict(base)
    for name, value in more.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = deep_merge(merged[name], value) if both else value
    return merged


def token(issuer, subject, audience):
    """A web identity as the CI system signs it; nobody checks the signature here, everybody the claims."""
    import base64

    def part(claims):
        return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()

    claims = {"iss": issuer, "sub": subject, "aud": audience, "exp": int(time.time()) + 3600}
    return f"{part({'alg': 'RS256'})}.{part(claims)}.c2lnbmF0dXJl"


def python_script(path, source):
    """A program that stands in for another one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{source}")
    path.chmod(0o755)
