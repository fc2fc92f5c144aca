"""More servers for more load, and fewer again (FS-1, HA-2): nobody notices either."""

import pytest
from watching import figure, under_load

RATE = 200


@pytest.mark.long
def test_load_brings_servers_and_its_end_takes_them_away_unnoticed(acme):
    # One of AWS's minutes is short here and sees few requests, so the target is what asks for five servers.
    minute = acme.cloud.minute
    acme.up("--set", f"servers.scale.requests={int(RATE * minute / 5) + 1}")
    try:
        with under_load(acme, rate=RATE, pushing=False) as watch:
            grown = acme.wait_for(lambda: len(acme.machines()) >= 5, 15 * minute + 120, "did not grow")
            served = acme.wait_for(acme.is_whole, 300, "new servers do not serve")
            watch.steady.slow_down(RATE // 20)
            shrunk = acme.wait_for(lambda: len(acme.machines("")) == 3 and acme.is_whole(), 60 * minute + 300, "did not shrink")
    finally:
        acme.up()
    assert not watch.failed(), watch.told()
    causes = [it["Cause"] for it in acme.activities()]
    for level in ("AlarmHigh", "AlarmLow"):
        assert any(level in it for it in causes), causes[:10]
    figure("scaling", grown_seconds=round(grown + served, 1), shrunk_seconds=round(shrunk, 1), requests=watch.total(), failed=0)
