"""Ten times `kill -9` of everything in the middle of a push: nothing acknowledged is lost.

I2 (no lost write), I4 (no half file), I10 (dense journal), and the push resumes.
"""

import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from background import Background
from botocore.exceptions import BotoCoreError, ClientError
from client import Refused, new_id, sha256
from pushing import contents, make_tree
from urllib3.exceptions import HTTPError

ROUNDS = 10
SEED = int(os.environ.get("SYNCCTL_TEST_SEED", "20261120"))


class Committer(Background):
    """Commits small files one after the other and remembers each that was acknowledged."""

    def __init__(self, api, space):
        super().__init__()
        self.api, self.space = api, space
        self.acknowledged = {}
        self.first = threading.Event()

    def once(self):
        name = new_id()
        content = f"acknowledged {name} ".encode() * 50
        try:
            file, seq = self.api.put_file(self.space, name, content)
        except (Refused, HTTPError, BotoCoreError, ClientError, OSError):
            # The service is being killed: that is what this test is about.
            self.over.wait(0.05)
            return
        self.acknowledged[file] = (seq, content)
        self.first.set()


def test_nothing_acknowledged_is_lost_when_everything_dies(service):
    service.up()
    api = service.user("ada@x.example")
    space = api.create_space("work")
    device = service.device("ada@x.example", "laptop")
    rng = random.Random(SEED)
    acknowledged = {}
    trees = {}
    for round_number in range(ROUNDS):
        tree = device.path / f"tree{round_number}"
        make_tree(tree, f"{SEED}-{round_number}")
        trees[tree.name] = tree
        with Committer(api, space) as committer:
            push = device.start("sync-agent", "push", tree, "work:/")
            assert committer.first.wait(60), "something is acknowledged in every round"
            time.sleep(rng.uniform(0.0, 1.5))  # the random moment is the point, not a synchronisation
            killed = kill_everything_but(service, push.pid)
            assert len(killed) >= 5, f"supervisor, balancer, engines and servers were to run: {killed}"
        push.kill()
        push.communicate()
        acknowledged.update(committer.acknowledged)

        service.up()
        verify(api, space, acknowledged)
        device.run("sync-agent", "push", tree, "work:/")  # resumes

    out = device.path / "out"
    for name, tree in trees.items():
        device.run("sync-agent", "pull", f"work:/{name}", out / name)
        pulled = next(p for p in (out / name / name, out / name) if p.is_dir())
        assert contents(pulled) == contents(tree), f"{name} came back different"
    assert len(acknowledged) >= ROUNDS


def kill_everything_but(service, spared):
    processes = {pid: name for pid, name in service.processes().items() if pid != spared and name != "sync-agent"}
    for pid in processes:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return processes


def verify(api, space, acknowledged):
    """Every acknowledged commit is in the journal at its number; every visible file is whole."""
    entries = api.changes(space)
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1)), "dense"
    by_seq = {entry["seq"]: entry for entry in entries}
    for file, (seq, content) in acknowledged.items():
        change = by_seq[seq]["changes"][0]
        assert (change["file"], change["hash"]) == (file, sha256(content))
    live = {}
    for entry in entries:
        for change in entry["changes"]:
            live[change["file"]] = change
    files = [c for c in live.values() if c["kind"] == "file" and c["action"] != "delete"]

    def whole(change):
        return sha256(api.content(space, change["file"])) == change["hash"]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(whole, random.Random(SEED).sample(files, min(len(files), 300))))
