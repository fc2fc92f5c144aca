"""One fault at every call of `up` and `down` in turn: done, or a clear error and a second run that finishes.

By default at the first call of each operation, with two faults; FAULTS_ALL=1 takes every call and every fault, which
lasts a quarter of an hour.
"""

import os
from collections import Counter

import pytest

from product import Product

ALL = bool(os.environ.get("FAULTS_ALL"))
HOWS = ["throttle", "500", "refused", "lost-reply", "expired"] if ALL else ["lost-reply", "expired"]
QUICK = {"pace_ms": 0, "change_set_ms": 0, "quotas": {"L-1216C47A": 64}}


def fresh(stage, folder):
    stage.reset()
    product = Product(folder, stage)
    stage.set(**QUICK)
    return product


def points(stage, run):
    """Numbers of the calls to disturb: every one, or the first of each operation."""
    stage.forget_calls()
    run()
    calls = [(it["service"], it["operation"]) for it in stage.calls()]
    if ALL:
        return list(range(1, len(calls) + 1))
    seen = Counter()
    first = []
    for number, call in enumerate(calls, 1):
        seen[call] += 1
        if seen[call] == 1:
            first.append(number)
    return first


def disturb(stage, number, how):
    stage.forget_calls()
    stage.fail(call="*", nth=number, how=how, times=1)


def told_clearly(done):
    return done.returncode == 0 or ("error:" in done.stderr and "panicked" not in done.stderr)


@pytest.mark.parametrize("how", HOWS)
def test_up_survives_a_fault_at_every_call(stage, tmp_path, how):
    quiet = fresh(stage, tmp_path / "quiet")
    numbers = points(stage, lambda: quiet.run("up", "--yes"))
    outcomes = Counter()
    for number in numbers:
        acme = fresh(stage, tmp_path / f"up-{number}")
        disturb(stage, number, how)
        first = acme.run("up", "--yes", code=None)
        assert told_clearly(first), f"{how} at call {number}:\n{first.stderr}"
        outcomes["done" if first.returncode == 0 else "error"] += 1
        stage.heal()
        second = acme.run("up", "--yes", code=None)
        assert second.returncode == 0, f"{how} at call {number}, first run:\n{first.stderr}\nsecond run:\n{second.stderr}"
        acme.run("plan", "--detailed-exitcode", code=0)
    print(f"up, {how}: {len(numbers)} points, {dict(outcomes)}")


@pytest.mark.parametrize("how", HOWS)
def test_down_survives_a_fault_at_every_call(stage, tmp_path, how):
    quiet = fresh(stage, tmp_path / "quiet")
    quiet.run("up", "--yes")
    numbers = points(stage, lambda: quiet.run("down", "--yes", "--name", "acme"))
    outcomes = Counter()
    for number in numbers:
        acme = fresh(stage, tmp_path / f"down-{number}")
        acme.run("up", "--yes")
        disturb(stage, number, how)
        first = acme.run("down", "--yes", "--name", "acme", code=None)
        assert told_clearly(first), f"{how} at call {number}:\n{first.stderr}"
        outcomes["done" if first.returncode == 0 else "error"] += 1
        stage.heal()
        second = acme.run("down", "--yes", "--name", "acme", code=None)
        assert second.returncode == 0, f"{how} at call {number}, first run:\n{first.stderr}\nsecond run:\n{second.stderr}"
        assert stage.client("cloudformation").describe_stacks()["Stacks"] == []
        assert stage.client("s3").list_buckets()["Buckets"] == []
    print(f"down, {how}: {len(numbers)} points, {dict(outcomes)}")
