"""What users do while a drill goes on, and what became of it."""

import contextlib
import json
import os
import ssl
import time
from pathlib import Path

from client import new_id
from deployment import DOMAIN
from pushing import Pusher
from steady import Steady, failures

# With every drill's figures, for BENCHMARKS.md: one JSON document a line.
FIGURES = os.environ.get("LAB_FIGURES")


@contextlib.contextmanager
def under_load(acme, rate=200, pushing=True):
    """So many requests a second on 64 kept connections, and a device that pushes one tree after the other."""
    name = f"load-{new_id()[:8]}"
    login = f"{name}@example.com"
    device = acme.agent(login, name)
    device.run("sync-agent", "space", "create", name)
    api = acme.user(f"steady-{login}")
    space = api.create_space(f"steady-{name}")
    steady = Steady(443, api.token, space, rate, host=DOMAIN, tls=ssl.create_default_context(), plain="/")
    pusher = Pusher(device, f"{name}:/", "tree") if pushing else contextlib.nullcontext()
    watch = Watch(steady, pusher if pushing else None)
    with steady, pusher:
        steady.wait_until_busy()
        yield watch
    if pushing:
        watch.troubles = pusher.compare()
    device.leave()


class Watch:
    """The answers so far, and what was lost."""

    def __init__(self, steady, pusher):
        self.steady, self.pusher = steady, pusher
        self.troubles = []

    def failed(self):
        return [it for it in self.steady.answers if it.failure]

    def told(self, failed=None):
        return failures(self.failed() if failed is None else failed) or "no failures"

    def total(self):
        return len(self.steady.answers)

    def rate(self):
        """Requests a second, as they were really sent."""
        sent = [it.sent for it in self.steady.answers]
        return len(sent) / (max(sent) - min(sent))

    def slowest(self):
        return max(it.took for it in self.steady.answers)


def figure(name, **values):
    """Notes what was measured."""
    print(f"{name}: {values}")
    if FIGURES:
        with Path(FIGURES).open("a") as file:
            file.write(json.dumps({"drill": name, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **values}) + "\n")
