"""More servers for more load, and fewer again (FS-1, HA-2): nobody notices either."""

from watching import figure, under_load


def test_load_brings_servers_and_its_end_takes_them_away_unnoticed(acme):
    # The default of 1,000 requests per server and minute is 50 a second for three servers.
    minute = acme.cloud.minute
    with under_load(acme, rate=100, pushing=False) as watch:
        grown = acme.wait_for(lambda: len(acme.machines()) >= 5, 15 * minute + 120, "did not grow")
        served = acme.wait_for(lambda: acme.is_whole(), 300, "new servers do not serve")
        watch.steady.rate = 10
        shrunk = acme.wait_for(lambda: len(acme.machines("")) == 3 and acme.is_whole(), 40 * minute + 300, "did not shrink")
    assert not watch.failed(), watch.told()
    causes = [it["Cause"] for it in acme.activities()]
    assert any("TargetTracking" in it for it in causes), causes[:10]
    figure("scaling", grown_seconds=round(grown + served, 1), shrunk_seconds=round(shrunk, 1), requests=watch.total(), failed=0)
