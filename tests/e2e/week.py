"""A simulated week: faults drawn by a seed hit a service under load; it always comes back, and loses nothing.

    python tests/e2e/week.py --faults 2000 --seed 7

Every fault prints a line. Fault 12 of seed 7 is drawn from "7/12" alone, so `--seed 7 --first 12` begins with it.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from client import Api  # noqa: E402
from conftest import BINARIES, Service  # noqa: E402
from faults import WEIGHTS, Fault  # noqa: E402
from load import Auditor, Load  # noqa: E402
from releases import Releases  # noqa: E402

LOGIN = "ada@x.example"
# Engines that are frozen for good need 6 checks of 5 s; a release that keeps failing waits up to 30 s.
LONGEST_RETURN = 150
SETTINGS = {"SYNCCTL_SET_ROLLOUT__BAKE": "1s", "SYNCCTL_SET_EMAIL__DIGEST": "1h"}


class WeekFailed(Exception):
    """The promise that was broken, in the words of whoever noticed."""


class Week:
    """A service, its load, and one fault after the other."""

    def __init__(self, path, seed, log=print, settings=None):
        self.seed, self.log = seed, log
        self.service = Service(path)
        self.service.env.update(SETTINGS | (settings or {}))
        self.releases = Releases(BINARIES / "syncd", self.service.path / "builds")
        self.build = None  # name of the good build that was rolled last
        self.status = None
        self.condemned = []  # processes that have to be gone before all is well
        self.longest = (0.0, "nothing")
        self.faults = 0

    def start(self):
        self.service.up()
        api = self.service.user(LOGIN)
        space = api.create_space("work")
        self.load = Load(lambda: Api(api.endpoint, api.token), space, self.seed)
        self.auditor = Auditor(Api(api.endpoint, api.token), self.load.ledger)
        self.load.start()
        self.settle()

    def run(self, faults, first=0, seconds=None, audit_every=25):
        """Until so many faults have happened, or so much time has passed."""
        begun = time.monotonic()
        for number in range(first, first + faults):
            if seconds and time.monotonic() - begun > seconds:
                self.log(f"{seconds} s are over")
                break
            self.one(number)
            self.faults += 1
            if self.faults % audit_every == 0:
                self.log(f"audit: {self.audit()}")
        self.load.stop()
        self.settle()
        self.log(f"last audit: {self.audit(everything=True, sample=1000)}")

    def one(self, number):
        rng = random.Random(f"{self.seed}/{number}")
        draw = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        label = f"#{number} {draw.__name__}"
        # Whatever is going on at that moment.
        time.sleep(rng.uniform(0, 0.5))
        begun = time.monotonic()
        try:
            text = draw(Fault(self, rng))
            struck = time.monotonic()
            self.settle()
        except AssertionError as error:
            raise WeekFailed(f"{label}: {error}") from error
        back = time.monotonic() - struck
        self.longest = max(self.longest, (back, label))
        ledger = self.load.ledger
        self.log(
            f"{label}: {text}; {struck - begun:.2f} s, back after {back:.2f} s; "
            f"{len(ledger.acknowledged)} files acknowledged, {ledger.waiting} repeated"
        )
        if ledger.problems:
            raise WeekFailed(f"{label}: {ledger.problems[:5]}")

    def settle(self):
        """Until the group is what is desired: six processes, all healthy, one release, and ready."""
        until = time.monotonic() + LONGEST_RETURN
        while (lacking := self.lacking()) is not None:
            if time.monotonic() > until:
                raise AssertionError(f"not back after {LONGEST_RETURN} s: {lacking}")
            time.sleep(0.1)

    def lacking(self):
        """What is not as desired, or None."""
        status = self.service.status()
        self.status = status
        if any(self.owns(pid) for pid in self.condemned):
            return f"processes {self.condemned} are still there"
        if status["state"] != "running" or not status["converged"] or not status["ready"]:
            return f"state {status['state']}, converged {status['converged']}, ready {status['ready']}"
        if status.get("rollout", {}).get("phase") in ("replacing", "baking", "undoing"):
            return f"a roll is {status['rollout']['phase']}"
        zones = sorted(server["zone"] for server in status["servers"])
        if zones != ["a", "b", "c"]:
            return f"servers in zones {zones}"
        if any(server["digest"] != status["release"] for server in status["servers"]):
            return "a server runs another release"
        processes = self.service.processes()
        if len(processes) != 6:
            return f"{len(processes)} processes: {processes}"
        return None

    def owns(self, pid):
        """Whether the process is (still) one of this service."""
        try:
            mark = f"SYNCCTL_LOCAL_DATA={self.service.path}/".encode()
            return mark in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False

    def audit(self, **options):
        begun = time.monotonic()
        try:
            read = self.auditor.audit(**options)
        except AssertionError as error:
            raise WeekFailed(f"audit after fault {self.faults}: {error}") from error
        commits = len(self.auditor.entries)
        return f"{commits} commits dense, every acknowledged one there, {read} files read whole, {time.monotonic() - begun:.1f} s"

    def summary(self):
        ledger = self.load.ledger
        commits = len({seq for seq, _ in ledger.acknowledged.values()})
        return (
            f"seed {self.seed}: {self.faults} faults, {commits} acknowledged commits with {len(ledger.acknowledged)} files, "
            f"longest time back to desired {self.longest[0]:.1f} s ({self.longest[1]})"
        )

    def last_activities(self):
        done = self.service.run("syncctl", "status", "--activities", "80", check=False)
        return done.stdout + done.stderr

    def close(self):
        self.load.stop()
        self.service.down()
        left = self.service.processes()
        assert not left, f"still running after down: {left}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", default=os.environ.get("SYNCCTL_TEST_SEED", str(random.randrange(10**6))))
    parser.add_argument("--faults", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="number of the first fault")
    parser.add_argument("--seconds", type=float, help="end after so much time, however many faults there were")
    parser.add_argument("--audit-every", type=int, default=25, metavar="N", help="look at everything that is new after N faults")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="syncctl-week-"))
    week = Week(folder / "home", arguments.seed, log=tell)
    tell(f"seed {arguments.seed}, {arguments.faults} faults, {BINARIES}, data in {folder}")
    try:
        week.start()
        week.run(arguments.faults, arguments.first, arguments.seconds, arguments.audit_every)
        week.close()
    except BaseException as error:
        # Everything stays as it is, running: that is what one wants to look at.
        tell(f"FAILED: {error!r}\n{week.last_activities()}")
        tell(f"{week.summary()}\nseed {arguments.seed}; everything is kept and running in {folder} (HOME={week.service.path})")
        raise SystemExit(1) from error
    tell(week.summary())
    shutil.rmtree(folder, ignore_errors=True)


def tell(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


if __name__ == "__main__":
    main()
