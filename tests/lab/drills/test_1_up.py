"""From nothing to people's files (DP-1, DP-2, FS-1 to FS-7)."""

import time

from watching import figure
from pushing import contents, make_tree


def test_files_pushed_through_the_load_balancer_come_back(acme):
    anna, ben = acme.agent("anna@example.com", "anna"), acme.agent("ben@example.com", "ben")
    anna.run("sync-agent", "space", "create", "work")
    anna.run("sync-agent", "space", "share", "work", "ben@example.com", "--role", "viewer")
    ben.run("sync-agent", "mail", "on", "anna@example.com/work")
    tree = anna.path / "tree"
    make_tree(tree, "first")
    size = sum(it.stat().st_size for it in tree.rglob("*") if it.is_file())
    before = acme.cloud.ask("lab/state")["balancer"]["counters"]
    begun = time.monotonic()
    anna.run("sync-agent", "push", tree, "work:/")
    pushed = time.monotonic()
    ben.run("sync-agent", "pull", "anna@example.com/work:/tree", ben.path / "out")
    pulled = time.monotonic()
    got = next(it for it in (ben.path / "out" / "tree", ben.path / "out") if (it / "d0").is_dir())
    assert contents(got) == contents(tree)
    after = acme.cloud.ask("lab/state")["balancer"]["counters"]
    passed = sum(after[it] - before[it] for it in ("bytes_in", "bytes_out"))
    small = sum(it.stat().st_size for it in tree.rglob("*.bin") if it.stat().st_size < 20_000)
    # What is said about 303 files, twice, is less than a third of the smallest of them.
    assert passed < small / 3, f"{passed} bytes of {size} went through the load balancer (FS-4)"
    mails = wait_for_mail(acme, "ben@example.com")
    assert "tree" in mails or "work" in mails, mails
    figure("files", megabytes=round(size / 1e6, 1), push_seconds=round(pushed - begun, 1),
           pull_seconds=round(pulled - pushed, 1), through_balancer_bytes=passed)  # fmt: skip


def wait_for_mail(acme, to):
    """The text of what was sent to somebody (FS-6)."""
    found = []

    def arrived():
        messages = acme.cloud.ask("ministack/ses/messages")["messages"].values()
        found[:] = [it for account in messages for it in account if to in it["To"]]
        return found

    acme.wait_for(arrived, 60, "no mail was sent")
    return str(found)


def test_content_is_written_by_clients_only(acme):
    """FS-3, FS-4: the servers' role puts no chunk; clients do, with credentials for one space."""
    calls = acme.cloud.ask("stage/calls")
    puts = [it for it in calls if it["service"] == "s3" and it["operation"] in ("PutObject", "UploadPart")]
    assert puts
    servers = set(acme.cloud.ask("lab/credentials")["keys"])
    assert servers, "no server has credentials"
    written = [it for it in puts if it["key"] in servers]
    assert not written, written


def test_the_first_start_tells_every_phase_and_a_second_plan_is_empty(acme):
    told = acme.first.stdout + acme.first.stderr
    for word in ("data stack", "release", "app stack", "verify", "protect", "3 servers, all healthy", "https://sync.example.com"):
        assert word in told, told
    acme.run("plan", "--detailed-exitcode", code=0)


def test_servers_stand_in_three_zones(acme):
    """HA-3, HA-7"""
    assert len({it.zone for it in acme.machines()}) == 3
