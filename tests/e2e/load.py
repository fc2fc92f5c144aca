"""Load that remembers what it was promised: committers, readers, followers, and the check of their promises.

I2 (no acknowledged commit is lost), I4 (no half file), I10 (the journal is dense and never rewritten).
"""

import base64
import hashlib
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from background import Background
from client import Refused, create, new_id, sha256

# What a client may meet while parts are being killed, and has to live with.
UNAVAILABLE = (500, 502, 503, 504)


class Ledger:
    """What was acknowledged, and what must never have happened."""

    def __init__(self, space):
        self.space = space
        self.lock = threading.Condition()
        self.acknowledged = {}  # file id -> (sequence number, SHA-256)
        self.files = []  # the same ids in order, to choose from
        self.problems = []
        self.waiting = 0  # requests that failed and were asked again by the client

    def keep(self, seq, files):
        with self.lock:
            for file, digest in files.items():
                self.acknowledged[file] = (seq, digest)
                self.files.append(file)
            self.lock.notify_all()

    def wait_for(self, enough, seconds=60):
        """Until something acknowledged makes it true."""
        with self.lock:
            assert self.lock.wait_for(enough, seconds), f"not within {seconds} s"

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    def any_file(self, rng):
        with self.lock:
            return rng.choice(self.files) if self.files else None


class Worker(Background):
    """Does one thing again and again until it is stopped."""

    pause = 0.1

    def __init__(self, api, ledger, seed):
        super().__init__()
        self.api, self.ledger, self.rng = api, ledger, random.Random(seed)

    def once(self):
        try:
            self.act()
        except Refused as refused:
            self.refused(refused)
        except (urllib3.exceptions.HTTPError, OSError):
            self.ledger.waiting += 1

    def act(self):
        raise NotImplementedError

    def surprise(self, text):
        self.ledger.problem(text)

    def refused(self, refused):
        self.ledger.waiting += 1
        if refused.status not in UNAVAILABLE:
            self.ledger.problem(f"{type(self).__name__} was refused: {refused}")

    def again(self, call):
        """The same call until it is answered; whoever repeats a commit by its id is not counted twice."""
        while True:
            try:
                return call()
            except Refused as refused:
                if refused.status not in UNAVAILABLE or self.over.is_set():
                    raise
            except (urllib3.exceptions.HTTPError, OSError):
                if self.over.is_set():
                    raise
            self.ledger.waiting += 1
            time.sleep(0.05)


class Committer(Worker):
    """Uploads one to four small files and commits them together; repeats a commit whose answer was lost."""

    pause = 0.25

    def act(self):
        contents = [self.rng.randbytes(self.rng.randrange(1, 6000)) for _ in range(self.rng.randrange(1, 5))]
        space = self.ledger.space
        session = self.again(lambda: self.api.open_session(space, *contents))
        for chunk, content in zip(session["chunks"], contents, strict=True):
            if chunk["state"] == "need":
                self.again(lambda c=chunk, b=content: put_chunk(session["access"], c["key"], b))
        files = {new_id(): content for content in contents}
        commit = new_id()
        ops = [create(file, file, content) for file, content in files.items()]
        seq = self.again(lambda: self.api.commit(space, ops, session["session"], commit))
        self.ledger.keep(seq, {file: sha256(content) for file, content in files.items()})


class Reader(Worker):
    """Reads what was acknowledged: an answer has to be the whole, right content."""

    def act(self):
        file = self.ledger.any_file(self.rng)
        if file is None:
            return
        content = self.api.content(self.ledger.space, file)
        seq, digest = self.ledger.acknowledged[file]
        if sha256(content) != digest:
            self.ledger.problem(f"file {file} of commit {seq} was read with other content")


class Follower(Worker):
    """Follows the journal as a device would: never a gap, never a number twice."""

    pause = 0.2

    def __init__(self, api, ledger, seed):
        super().__init__(api, ledger, seed)
        self.cursor = 0

    def act(self):
        page = self.api.call("GET", f"/v1/spaces/{self.ledger.space}/changes?after={self.cursor}&limit=1000")
        seqs = [entry["seq"] for entry in page["entries"]]
        if seqs != list(range(self.cursor + 1, self.cursor + 1 + len(seqs))):
            self.ledger.problem(f"after {self.cursor} the journal went on with {seqs[:20]}")
        self.cursor = page["cursor"]


class Load:
    """All of them at once."""

    def __init__(self, make_api, space, seed, committers=2, readers=1):
        self.ledger = Ledger(space)
        kinds = [Committer] * committers + [Reader] * readers + [Follower]
        self.workers = [kind(make_api(), self.ledger, f"{seed}-{n}") for n, kind in enumerate(kinds)]

    def start(self):
        for worker in self.workers:
            worker.start()

    def stop(self):
        for worker in self.workers:
            worker.over.set()
        for worker in self.workers:
            if worker.is_alive():
                worker.join(120)
            if worker.is_alive():
                self.ledger.problem(f"{type(worker).__name__} did not stop within 120 s")


class Auditor:
    """Compares the service with the ledger; each call looks at what is new, and once more at some of the old."""

    def __init__(self, api, ledger):
        self.api, self.ledger = api, ledger
        self.entries = []  # the whole journal as it was seen first
        self.whole = {}  # file -> SHA-256 in the journal

    def audit(self, everything=False, sample=60):
        """Raises AssertionError with what is wrong; answers how many files were read.

        The journal and every acknowledged commit are compared with each other; of the files, newest
        preferred, a sample is read.
        """
        with self.ledger.lock:
            acknowledged = dict(self.ledger.acknowledged)
        seen = 0 if everything else len(self.entries)
        fresh = self.api.changes(self.ledger.space, after=seen)
        assert [entry["seq"] for entry in fresh] == list(range(seen + 1, seen + 1 + len(fresh))), "the journal is not dense"
        if everything:
            assert fresh[: len(self.entries)] == self.entries, "the journal's past was rewritten"
            fresh = fresh[len(self.entries) :]
        self.entries += fresh
        for entry in fresh:
            for change in entry["changes"]:
                assert change["file"] not in self.whole, f"{change['file']} was committed twice (again in {entry['seq']})"
                self.whole[change["file"]] = change["hash"]
        for file, (seq, digest) in acknowledged.items():
            changes = self.entries[seq - 1]["changes"] if seq <= len(self.entries) else []
            assert any((c["file"], c["hash"]) == (file, digest) for c in changes), f"acknowledged commit {seq} lacks {file}"
        chosen = self.choose([change["file"] for entry in fresh for change in entry["changes"]], sample)
        with ThreadPoolExecutor(4) as pool:
            wrong = [file for file, right in zip(chosen, pool.map(self.is_whole, chosen), strict=True) if not right]
        assert not wrong, f"not readable as committed: {wrong}"
        assert not self.ledger.problems, self.ledger.problems[:10]
        return len(chosen)

    def choose(self, fresh, sample):
        rng = random.Random(len(self.entries))
        chosen = rng.sample(fresh, min(sample * 3 // 4, len(fresh)))
        rest = sorted(self.whole.keys() - set(chosen))
        return chosen + rng.sample(rest, min(sample - len(chosen), len(rest)))

    def is_whole(self, file):
        return sha256(self.api.content(self.ledger.space, file)) == self.whole[file]


POOL = urllib3.PoolManager(maxsize=16)


def put_chunk(access, key, content):
    """As any S3 client would, without boto3's second of preparation for each new credential."""
    given = access["credential"]
    url = f"{access['endpoint']}/{access['bucket']}/{key}"
    headers = {
        "If-None-Match": "*",
        "x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(content).digest()).decode(),
        "x-amz-content-sha256": sha256(content),
    }
    request = AWSRequest("PUT", url, headers=headers, data=content)
    credential = Credentials(given["access_key_id"], given["secret_access_key"], given["session_token"])
    S3SigV4Auth(credential, "s3", access["region"]).add_auth(request)
    answer = POOL.request("PUT", url, body=content, headers=dict(request.headers), retries=False, timeout=90)
    # 412: an upload whose answer was lost has arrived.
    if answer.status not in (200, 412):
        raise Refused(answer.status, answer.data.decode(errors="replace")[:500])
