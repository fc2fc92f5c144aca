"""`syncctl` that is interrupted at random moments: the next run finishes the job, and nothing is left behind."""

import random
import signal
import time

import pytest
from watching import figure
from builds import good

SEED = 20261122
HOWS = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM, "kill -9": signal.SIGKILL}


def interrupted(acme, how, after, *arguments):
    """Starts a command, ends it after so many seconds, and answers its exit code."""
    process = acme.start(*arguments)
    try:
        process.communicate(timeout=after)
    except Exception:
        process.send_signal(HOWS[how])
        process.communicate(timeout=600)
    return process.returncode


@pytest.mark.parametrize("how", HOWS)
def test_a_roll_that_is_interrupted_is_finished_by_the_next(acme, how):
    rng = random.Random(f"{SEED}-{how}")
    release = good(acme, how.replace(" ", ""))
    after = rng.uniform(0.3, 60)
    code = interrupted(acme, how, after, "roll", "--yes", "--release", str(release))
    acme.roll(release, "--wait-for-other", "15m")
    acme.settle()
    acme.run("plan", "--detailed-exitcode", code=None)
    assert released(acme) == digest(release)
    figure(f"roll: {how}", after_seconds=round(after, 1), exit_code=code)


def released(acme):
    return acme.json("status")["release"]


def digest(path):
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("how", HOWS)
def test_down_and_up_that_are_interrupted_are_finished_by_the_next(acme, how):
    rng = random.Random(f"{SEED}-down-{how}")
    acme.run("up", "--yes", "--set", "protect=false", "--wait-for-other", "15m")
    moments = {"down": rng.uniform(0.3, 30), "up": rng.uniform(0.3, 40)}
    for command, after in moments.items():
        more = ["--yes", "--name", acme.name] if command == "down" else ["--yes"]
        interrupted(acme, how, after, command, *more)
        begun = time.monotonic()
        acme.run(command, *more, "--wait-for-other", "15m")
        figure(f"{command}: {how}", after_seconds=round(after, 1), rest_seconds=round(time.monotonic() - begun, 1))
        if command == "down":
            assert acme.machines("") == [] and acme.cloud.ask("lab/state")["machines"] == []
            assert acme.left_behind() == []
    acme.point_domain()
    acme.settle()
