"""`syncctl` that is interrupted at random moments: the next run finishes the job, and nothing is left behind."""

import hashlib
import os
import random
import secrets
import signal
import subprocess
import time

import pytest
from watching import figure
from builds import good

# Another one each time; LAB_SEED repeats the moments of a run.
SEED = os.environ.get("LAB_SEED") or secrets.token_hex(4)
# Seconds that a command takes at least when nobody interrupts it.
TAKES = {"roll": 40, "down": 15, "up": 11}
# The hardest of them is always tried.
MOST_LONG = [pytest.param("Ctrl-C", marks=pytest.mark.long), pytest.param("SIGTERM", marks=pytest.mark.long), "kill -9"]
HOWS = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM, "kill -9": signal.SIGKILL}


def interrupted(acme, how, after, *arguments):
    """Starts a command, ends it after so many seconds, and answers its exit code."""
    process = acme.start(*arguments)
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(HOWS[how])
        process.communicate(timeout=900)
        return process.returncode
    raise AssertionError(f"{arguments[0]} ended within {after} s, before it was interrupted")


@pytest.mark.parametrize("how", MOST_LONG)
def test_a_roll_that_is_interrupted_is_finished_by_the_next(acme, how):
    rng = random.Random(f"{SEED}-{how}")
    release = good(acme, how.replace(" ", ""))
    after = rng.uniform(0.3, TAKES["roll"])
    before = acme.inventory()
    code = interrupted(acme, how, after, "roll", "--yes", "--release", str(release))
    acme.roll(release, "--wait-for-other", "15m")
    acme.settle()
    assert released(acme) == digest(release)
    assert acme.inventory() == before
    figure(f"roll: {how}", seed=SEED, after_seconds=round(after, 1), exit_code=code)


def released(acme):
    return acme.json("status")["release"]


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.long
@pytest.mark.parametrize("how", HOWS)
def test_down_and_up_that_are_interrupted_are_finished_by_the_next(acme, how):
    rng = random.Random(f"{SEED}-down-{how}")
    acme.unprotect()
    kept = acme.data_names()
    commands = {"down": (acme.down_command(), rng.uniform(0.3, TAKES["down"])),
                "up": (("up", "--yes", "--wait-for-other", "15m"), rng.uniform(0.3, TAKES["up"]))}  # fmt: skip
    for name, (command, after) in commands.items():
        code = interrupted(acme, how, after, *command)
        begun = time.monotonic()
        acme.run(*command)
        figure(f"{name}: {how}", seed=SEED, after_seconds=round(after, 1), exit_code=code, rest_seconds=round(time.monotonic() - begun, 1))
        if name == "down":
            assert acme.cloud.ask("lab/state")["machines"] == []
            assert acme.left_behind() == {}
    acme.point_domain()
    acme.settle()
    assert acme.data_names() == kept
    acme.run("plan", "--detailed-exitcode", code=0)
