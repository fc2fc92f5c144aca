"""Servers and zones that fail (HA-6, HA-7): ejected, replaced, and the history says why."""

import time

import pytest
from watching import figure, under_load

# entry.health: twice an interval of 5 s, and 2 s for the last answer.
WINDOW = 12


def ejected_and_replaced(acme, watch, machine, name, why, struck):
    """Waits until a machine gets no requests any more and another one stands in its place."""
    ejected = acme.wait_for(lambda: acme.health().get(machine.name) != "healthy", WINDOW + 2, "not ejected")
    whole = acme.wait_for(lambda: acme.is_whole() and machine.name not in {it.name for it in acme.machines("")}, 300, "not replaced")
    failed = watch.failed()
    late = [it for it in failed if it.sent > struck + WINDOW + 1]
    assert not late, f"after the window: {watch.told(late)}"
    # One server of three: what is sent to it waits or fails, and each of 64 connections may meet it a few times.
    within = [it for it in watch.steady.answers if struck <= it.sent <= struck + WINDOW]
    assert sum(not it.failure for it in within) > len(within) / 2, watch.told()
    history = [it for it in acme.activities() if machine.name in it["Description"] and it["Description"].startswith("Terminating")]
    assert history and why in history[0]["Cause"], history
    figure(name, ejected_seconds=round(ejected, 1), replaced_seconds=round(whole + ejected, 1), requests=watch.total(),
           failed_in_window=len(failed), failed_after=0)  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize(("how", "why"), [
    ("freeze", "ELB system health check failure"),
    ("cut", "ELB system health check failure"),
    ("kill", "ELB system health check failure"),
])  # fmt: skip
def test_a_server_that_fails_is_ejected_and_replaced(acme, how, why):
    with under_load(acme, pushing=False) as watch:
        machine = acme.machines()[0]
        struck = time.time()
        machine.do(how)
        ejected_and_replaced(acme, watch, machine, f"server: {how}", why, struck)


def test_a_server_that_is_terminated_by_hand_is_replaced(acme):
    """HA-6"""
    with under_load(acme, pushing=False) as watch:
        machine = acme.machines()[0]
        struck = time.time()
        acme.client("ec2").terminate_instances(InstanceIds=[machine.name])
        ejected_and_replaced(acme, watch, machine, "server: terminated by hand", "EC2 health check", struck)


def test_a_server_with_a_full_disk_serves_on(acme):
    """It keeps nothing on its disk but logs: there is nothing to eject it for."""
    with under_load(acme, pushing=False) as watch:
        machine = acme.machines()[0]
        machine.do("fill_disk")
        assert "No space left" in machine.run("dd", "if=/dev/zero", "of=/var/tmp/more", "bs=1M", "count=1", code=1)
        begun = watch.total()
        acme.wait_for(lambda: watch.total() > begun + 200 * (WINDOW + 5), 60, "no load")
    assert not watch.failed(), watch.told()
    assert acme.health()[machine.name] == "healthy"
    machine.do("clear_disk")


def test_a_lost_zone_costs_nobody_anything_after_the_window(acme):
    """HA-7"""
    with under_load(acme, pushing=False) as watch:
        lost = acme.machines()[0].zone
        struck = time.time()
        acme.cloud.ask("lab/zone", {"zone": lost, "lost": True})
        acme.wait_for(lambda: len([it for it in acme.machines() if it.zone != lost]) == 3 and acme.is_whole(), 400, "capacity")
        back = time.time() - struck
        late = [it for it in watch.failed() if it.sent > struck + WINDOW + 1]
        assert not late, f"after the window: {watch.told(late)}"
        acme.cloud.ask("lab/zone", {"zone": lost, "lost": False})
        acme.wait_for(lambda: acme.is_whole() and len({it.zone for it in acme.machines()}) == 3, 400, "not rebalanced")
    late = [it for it in watch.failed() if it.sent > struck + WINDOW + 1]
    assert not late, f"after the window: {watch.told(late)}"
    figure("zone lost", capacity_back_seconds=round(back, 1), requests=watch.total(), failed_in_window=len(watch.failed()), failed_after=0)
