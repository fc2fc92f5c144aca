"""Releases that are no good (DP-2): stopped before anything changes, or undone by themselves."""

import hashlib
import time

import pytest
from watching import figure, under_load
from builds import compiled, for_arm, good, newer_glibc, turns_bad


@pytest.mark.parametrize("bad", [for_arm, newer_glibc])
def test_what_cannot_run_there_is_refused_before_anything_changes(acme, bad):
    before = len(acme.cloud.ask("stage/calls"))
    refused = acme.roll(bad(acme), code=None)
    assert refused.returncode != 0
    word = "arm64" if bad is for_arm else "GLIBC 2.99"
    assert word in refused.stdout + refused.stderr
    deployer = acme.credentials["AWS_ACCESS_KEY_ID"]
    asked = {it["operation"] for it in acme.cloud.ask("stage/calls")[before:] if it["key"] == deployer}
    changes = {it for it in asked if it.startswith(("Put", "Create", "Upload", "Execute", "Update", "Delete", "Start"))}
    assert asked and not changes, asked
    assert acme.is_whole()


def undone(acme, name, release, words, rate=200):
    """Rolls a bad release and sees the old one come back by itself, unnoticed."""
    old = acme.json("status")["release"]
    with under_load(acme, rate) as watch:
        begun = time.monotonic()
        told = acme.roll(release, code=None)
        seconds = time.monotonic() - begun
        acme.settle(300)
    assert told.returncode not in (0, None), told.stdout + told.stderr
    assert not watch.failed(), watch.told()
    assert not watch.troubles, watch.troubles
    assert watch.rate() > 0.9 * rate, watch.rate()
    for word in words:
        assert word in told.stdout + told.stderr, f"{word!r} is missing:\n{told.stdout}\n{told.stderr}"
    assert acme.json("status")["release"] == old
    figure(name, seconds=round(seconds, 1), requests=watch.total(), failed=0, slowest=round(watch.slowest(), 2),
           exit_code=told.returncode)  # fmt: skip


def test_a_release_that_crashes_at_start_is_undone(acme):
    undone(acme, "crashes at start", compiled(acme, "crashes"), ["fatal: this release cannot start"])


def test_a_release_that_turns_unhealthy_is_undone(acme):
    # A minute of AWS's after it began to serve, and more: the roll is under way or baking.
    seconds = max(20, int(acme.cloud.minute))
    undone(acme, "turns unhealthy", turns_bad(acme, seconds), ["HealthChecksFail", "out of everything: serving no more"])


@pytest.mark.long
def test_a_release_that_arrives_changed_is_undone(acme):
    """The bytes in the bucket are not those that were shipped: the digest tells on the instance."""
    release = good(acme, "tampered")
    store = acme.client("s3")
    bucket = next(it["Name"] for it in store.list_buckets()["Buckets"] if "artifacts" in it["Name"])
    key = f"releases/{hashlib.sha256(release.read_bytes()).hexdigest()}/x86_64/syncd"
    store.put_object(Bucket=bucket, Key=key, Body=b"\x7fELF something else")
    undone(acme, "wrong digest", release, ["is not what was shipped"])


@pytest.mark.long
def test_a_release_that_never_becomes_ready_is_undone(acme):
    # The boot script gives it 240 s.
    undone(acme, "never ready", compiled(acme, "never_ready"), ["waiting for something that never comes"])
