"""What users notice of drills and rolls: 600 requests a second that are never repeated, and a running push.

Prints a Markdown table for BENCHMARKS.md. `availability.py [DIRECTORY]` names the folder with syncctl, syncd and
sync-agent; else it is target/release, or target/debug. Nothing is installed, and only loopback is used.
"""

import json
import os
import platform
import shutil
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def binaries():
    named = [Path(sys.argv[1])] if len(sys.argv) > 1 else []
    for folder in named or [ROOT / "target/release", ROOT / "target/debug"]:
        if all((folder / name).exists() for name in ("syncctl", "syncd", "sync-agent")):
            return folder.resolve()
    sys.exit("no syncctl, syncd and sync-agent; build them: make release")


BINARIES = binaries()
os.environ["SYNCCTL_TEST_BINARIES"] = str(BINARIES)
sys.path.insert(0, str(ROOT / "tests/e2e"))

from conftest import Service  # noqa: E402
from pushing import Pusher  # noqa: E402
from releases import Releases  # noqa: E402
from steady import Steady, failures  # noqa: E402

LOGIN = "bench@x.example"
RATE = int(os.environ.get("SYNCCTL_BENCH_RATE", "600"))
# Two checks every 5 s that may each take 2 s: HA-5's defaults.
WINDOW = 12
CALM = 2


def main():
    work = Path(tempfile.mkdtemp(prefix="syncctl-bench-"))
    service = Service(work / "home")
    only = os.environ.get("SYNCCTL_BENCH_ONLY", "")
    try:
        bench = Bench(service)
        print(f"{os.cpu_count()} cores, {platform.platform()}, {BINARIES.name} build, {RATE} requests/s asked for\n")
        print("| scenario | requests (per s) | failed until noticed | failed after | of these POST | noticed, s | back, s | exit code | push |")
        print("|---|---|---|---|---|---|---|---|---|", flush=True)
        for name, code, words in scenarios(bench.releases):
            if only in name:
                bench.run(name, code, words)
    finally:
        if service.started:
            service.run("syncctl", "down", check=False)
        shutil.rmtree(work, ignore_errors=True)


def scenarios(releases):
    """Name, the exit code that is right, and the command."""
    yield "`drill instance`", 0, ["drill", "instance"]
    yield "`drill zone --for 10s`", 0, ["drill", "zone", "--for", "10s"]
    yield "`drill freeze`", 0, ["drill", "freeze"]

    def roll(program, bake):
        return ["roll", "--release", program, "--bake", bake]

    yield "roll, a good release", 0, roll(releases.good_build("newer"), "5s")
    yield "roll back", 0, ["rollback", "--bake", "5s"]
    yield "roll, cannot be executed", 70, roll(releases.cannot_be_executed(), "5s")
    yield "roll, crashes at start", 70, roll(releases.crashes_at_start(), "5s")
    yield "roll, wrong table: never ready", 70, roll(releases.never_ready(), "5s")
    yield "roll, answers only /health", 70, roll(releases.answers_health_only(), "5s")
    yield "roll, crashes while it is watched", 70, roll(releases.crashes_after(12), "30s")
    yield "roll, unhealthy while it is watched", 70, roll(releases.becomes_unhealthy(12), "40s")
    yield "roll, freezes while it is watched", 70, roll(releases.freezes_after(12), "40s")
    yield "roll, answers with 500", 70, roll(releases.answers_with_errors(), "30s")


class Bench:
    """A deployment of its own, with an account that asks and a device that pushes."""

    def __init__(self, service):
        self.service = service
        service.up()
        self.releases = Releases(BINARIES / "syncd", service.path / "builds")
        self.api = service.user(LOGIN)
        self.space = self.api.create_space("bench")
        self.device = service.device(LOGIN, "laptop")
        self.scenario = 0

    def run(self, name, expected, words):
        self.scenario += 1
        self.settle()
        with Steady(self.service.port, self.api.token, self.space, RATE) as load, Pusher(self.device, "bench:/", f"tree-{self.scenario}") as pusher:
            time.sleep(CALM)
            begun = time.time()
            done = self.service.run("syncctl", "--format", "json", *words, check=False, timeout=400)
            back = self.settle()
            time.sleep(CALM)
        struck, noticed, restored = self.times(words, begun, back, done)
        took = load.answers[-1].sent - load.answers[0].sent
        # What is taken away is noticed by health checks, within their window; a bad release by the gate.
        window = struck + WINDOW if words[0] == "drill" else begun + noticed
        failed = [answer for answer in load.answers if answer.failure]
        # In flight at the blow counts as well.
        inside = [answer for answer in failed if answer.sent + answer.took >= struck and answer.sent <= window]
        outside = [answer for answer in failed if answer not in inside]
        code = f"{done.returncode}" if done.returncode == expected else f"**{done.returncode}, not {expected}**"
        posts = sum(answer.kind == "POST" for answer in failed)
        print(
            f"| {name} | {len(load.answers):,} ({len(load.answers) / took:.0f}) | {len(inside)} | {len(outside)} | {posts} "
            f"| {seconds(noticed)} | {seconds(restored)} | {code} | {verdict(pusher)} |",
            flush=True,
        )
        note = [f"slowest answer {max(answer.took for answer in load.answers):.2f} s"]
        if failed:
            after = sorted(answer.sent - struck for answer in failed)
            note.append(f"{failures(failed)}, sent {after[0]:.1f} to {after[-1]:.1f} s after the beginning")
        if done.returncode != expected:
            note.append(done.stdout[-300:] + done.stderr[-600:])
        print(f"  {name}: {'; '.join(note)}", file=sys.stderr, flush=True)

    def times(self, words, begun, back, done):
        """When it began (seconds since 1970), and after how long it was noticed, and made good."""
        activities = self.service.status()["activities"]
        if words[0] == "drill" and done.returncode in (0, 1):
            report = json.loads(done.stdout)
            # The report counts from the blow; the history says when things happened.
            first = report["timeline"][0]
            lines = [line for line in activities if f": {line['cause']}" in first["text"] and line["component"] == first["component"]]
            struck = instant(lines[-1]["at"]) - first["after"]
            # The drill's own lines tell what it did, not what was noticed of it.
            noticed = [moment["after"] for moment in report["timeline"] if moment["component"] != "drill"]
            return struck, noticed[0] if noticed else None, report["replaced_after"]
        gone = [line for line in activities if line["cause"].startswith("going back from") and instant(line["at"]) >= begun]
        return begun, instant(gone[0]["at"]) - begun if gone else 0, back - begun

    def settle(self):
        """Until everything is as desired; answers when that was."""
        until = time.monotonic() + 150
        while time.monotonic() < until:
            status = self.service.status()
            rolling = status.get("rollout", {}).get("phase") in ("replacing", "baking", "undoing")
            if status["state"] == "running" and status["converged"] and not rolling and len(status["servers"]) == 3:
                return time.time()
            time.sleep(0.1)
        sys.exit(f"not at full strength: {json.dumps(status)[:2000]}")


def verdict(pusher):
    troubles = pusher.compare()
    for tree in pusher.trees:
        shutil.rmtree(tree)
    for trouble in troubles:
        print(f"  {trouble}", file=sys.stderr)
    count = len(pusher.trees)
    return f"{count} identical" if not troubles else f"**{len(troubles)} of {count} failed**"


def instant(text):
    return datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00").timestamp()


def seconds(value):
    return "never" if value is None else f"{value:.1f}" if value else ""


if __name__ == "__main__":
    main()
