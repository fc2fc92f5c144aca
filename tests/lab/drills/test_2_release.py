"""A new release under load (DP-2): nobody notices."""

import time

from watching import figure, under_load
from builds import good


def test_a_release_under_load_fails_no_request_and_loses_no_file(acme):
    before = {it.name for it in acme.machines()}
    with under_load(acme) as watch:
        begun = time.monotonic()
        told = acme.roll(good(acme, "two"))
        seconds = time.monotonic() - begun
        acme.settle()
    assert not watch.failed(), watch.told()
    assert not watch.troubles, watch.troubles
    after = {it.name for it in acme.machines()}
    assert not before & after and len(after) == 3
    for name in after:
        assert name in told.stdout + told.stderr, "each instance's progress is told"
    acme.run("plan", "--detailed-exitcode", code=0)
    figure("release", seconds=round(seconds, 1), per_instance=round(seconds / 3, 1), requests=watch.total(),
           failed=0, slowest=round(watch.slowest(), 2), pushes=len(watch.pusher.trees))  # fmt: skip
