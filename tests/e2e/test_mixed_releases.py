"""Two really different releases share the work: N → N-1 → N under load, and nobody notices (DP-2, HA-7).

I2 (no lost write), I4 (no half file), I10 (dense journal): whoever wrote it, both releases read it.
"""

import previous
import pytest
from background import Background
from client import Api
from conftest import BINARIES
from load import Auditor, Load
from pushing import Pusher, contents
from releases import Releases
from steady import Steady, failures

LOGIN = "ada@x.example"
BAKE = "2s"
REQUESTS_PER_SECOND = 50


@pytest.fixture(scope="module")
def older():
    if not previous.is_known():
        pytest.skip(f"commit {previous.PREVIOUS} is not in this clone: git fetch --unshallow")
    return previous.build()


def test_the_release_before_and_this_one_serve_together(service, older):
    service.up()
    api = service.user(LOGIN)
    trees, work = api.create_space("trees"), api.create_space("work")
    laptop, desktop = service.device(LOGIN, "laptop"), service.device(LOGIN, "desktop")
    load = Load(lambda: Api(api.endpoint, api.token), work, "mixed", readers=2)
    auditor = Auditor(Api(api.endpoint, api.token), load.ledger)
    present = documentation(api)
    load.start()
    steady = Steady(service.port, api.token, trees, REQUESTS_PER_SECOND)
    with steady, Pusher(laptop, "trees:/", "tree") as pusher, Agent(desktop, "trees") as agent:
        wait_for_commits(load, 10)
        roll(service, older)
        assert documentation(api) != present, "the release before is another program"
        wait_for_commits(load, 10)
        written_before = auditor.audit(everything=True, sample=200)
        roll(service, BINARIES / "syncd")
        assert documentation(api) == present
        wait_for_commits(load, 10)
    load.stop()

    failed = [answer for answer in steady.answers if answer.failure]
    assert len(steady.answers) > 200 and not failed, failures(failed)
    assert load.ledger.waiting == 0, "a committer, reader or follower had to ask again"
    assert written_before and auditor.audit(everything=True, sample=400)
    assert pusher.compare() == []
    assert agent.times > 1, "sync --once ends while others go on"
    agent.once()
    for tree in pusher.trees:
        assert contents(agent.folder / tree.name) == contents(tree)


def test_the_first_release_is_one_to_go_back_to(service):
    """Its servers are in service a moment after they are healthy; it was forgotten where that moment was noticed."""
    service.up()
    first = service.status()["release"]
    newer = Releases(BINARIES / "syncd", service.path / "builds").good_build("newer")
    roll(service, newer)
    service.run("syncctl", "rollback", "--bake", "1s")
    assert service.status()["release"] == first


class Agent(Background):
    """Another device, which follows the changes of a space into a folder, again and again."""

    pause = 0.5

    def __init__(self, device, space):
        super().__init__()
        self.device, self.space, self.folder = device, space, device.path / "followed"
        self.folder.mkdir()
        self.times = 0

    def once(self):
        self.device.run("sync-agent", "sync", self.folder, self.space, "--once")
        self.times += 1


def roll(service, program):
    service.run("syncctl", "roll", "--release", program, "--bake", BAKE)
    status = service.status()
    assert {server["digest"] for server in status["servers"]} == {status["release"]}


def documentation(api):
    """What the servers say of their own API."""
    return api.call("GET", "/v1/openapi.json")


def wait_for_commits(load, count):
    """So that each release, and the two together, have written something."""
    wanted = len(load.ledger.acknowledged) + count
    load.ledger.wait_for(lambda: len(load.ledger.acknowledged) >= wanted)
