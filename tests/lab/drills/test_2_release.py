"""A new release under load (DP-2): nobody notices."""

import time

from watching import figure, under_load
from builds import good


def test_a_release_under_load_fails_no_request_and_loses_no_file(acme):
    before = {it.name for it in acme.machines()}
    release = good(acme, "two")
    with under_load(acme) as watch:
        begun = time.monotonic()
        told = acme.roll(release)
        seconds = time.monotonic() - begun
        acme.settle()
    assert not watch.failed(), watch.told()
    assert not watch.troubles, watch.troubles
    assert watch.rate() > 190 and len(watch.pusher.trees) >= 2, (watch.rate(), len(watch.pusher.trees))
    after = {it.name for it in acme.machines()}
    assert not before & after and len(after) == 3
    for name in after:
        assert name in told.stdout + told.stderr, "each instance's progress is told"
    acme.run("plan", "--detailed-exitcode", "--set", f"servers.release={release}", code=0)
    figure("release", seconds=round(seconds, 1), per_instance=round(seconds / 3, 1), requests=watch.total(), rate=round(watch.rate()),
           failed=0, slowest=round(watch.slowest(), 2), pushes=len(watch.pusher.trees))  # fmt: skip
