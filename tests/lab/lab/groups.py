"""The control group of a machine: what runs in it can be frozen, killed and counted as one.

Always cgroup version 2, which systems with version 1 have as well: freezing and killing need none of its controllers.
https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

import os
import re
import secrets
import time
from pathlib import Path

NAME = "sync-lab"
# Enough for a process to enter the group that was made for it.
ENTERED_SECONDS = 60
FREEZE_SECONDS = 2


class Group:
    def __init__(self, name):
        # Another sandbox may have a machine of this name.
        self.path = common() / f"{name}.{secrets.token_hex(4)}"

    def make(self):
        self.path.parent.mkdir(exist_ok=True)
        for remains in self.path.parent.iterdir():
            if remains.is_dir() and is_left_over(remains):
                remove(remains)
        self.path.mkdir()

    def freeze(self):
        (self.path / "cgroup.freeze").write_text("1")
        deadline = time.monotonic() + FREEZE_SECONDS
        while events(self.path)["frozen"] != "1" and time.monotonic() < deadline:
            time.sleep(0.002)

    def thaw(self):
        (self.path / "cgroup.freeze").write_text("0")

    def kill(self):
        (self.path / "cgroup.kill").write_text("1")

    def is_empty(self):
        """Processes that were killed take a moment to go."""
        return events(self.path)["populated"] == "0"

    def leader(self):
        """The first process of systemd-nspawn's payload, once it has made a group of its own; None before."""
        try:
            for process in (self.path / "payload" / "init.scope" / "cgroup.procs").read_text().split():
                # What it has forked is still there for a moment.
                if re.search(r"^NSpid:.*\t1$", Path(f"/proc/{process}/status").read_text(), re.MULTILINE):
                    return int(process)
        except OSError:
            # It is not there yet, or ended while we looked: no file, no process or no device, as the kernel has it.
            return None
        return None

    def cpu_seconds(self):
        numbers = dict(line.split() for line in (self.path / "cpu.stat").read_text().splitlines())
        return int(numbers["usage_usec"]) / 1e6

    def remove(self):
        remove(self.path)


def common():
    """The group of all machines, in the only tree that version 2 has."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place, kind = line.split(" - ")[0].split()[4], line.split(" - ")[1].split()[0]
        # Something else may be mounted over it.
        if kind == "cgroup2" and Path(place, "cgroup.procs").exists():
            return Path(place, NAME)
    raise RuntimeError("no cgroup version 2 is mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified")


def is_left_over(path):
    """By a sandbox that was killed, with all that ran in it."""
    try:
        return events(path)["populated"] == "0" and time.time() - path.stat().st_ctime > ENTERED_SECONDS
    except OSError:
        # Another sandbox was quicker.
        return False


def events(path):
    return dict(line.split() for line in (path / "cgroup.events").read_text().splitlines())


def remove(path):
    """Groups are directories that only rmdir removes, from below."""
    for folder, _, _ in os.walk(path, topdown=False):
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            continue
