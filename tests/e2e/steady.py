"""Steady load that never repeats a request, and remembers what became of each."""

import asyncio
import json
import re
import time
from collections import Counter
from dataclasses import dataclass

from background import Background

# A client that waits longer than this has given up.
PATIENCE = 10
CONNECTIONS = 64


@dataclass(frozen=True)
class Answer:
    """One request: when it was sent (seconds since 1970), what it was, and how it failed, if it did."""

    sent: float
    kind: str
    failure: str | None
    took: float


class Steady(Background):
    """So many requests a second on kept connections, until it is stopped."""

    def __init__(self, port, token, space, rate, host="127.0.0.1", tls=None, plain="/health"):
        super().__init__()
        self.address, self.rate, self.tls = (host, port), rate, tls
        self.answers = []
        self.taken = 0
        authorised = f"Authorization: Bearer {token}\r\n"
        body = json.dumps({"items": [{"path": "/nothing", "sha256": "00" * 32}]})
        # What most requests are for: something that asks nothing of the engines.
        self.plain = f"GET {plain}"
        self.requests = {
            self.plain: f"GET {plain} HTTP/1.1\r\nHost: bench\r\n\r\n".encode(),
            "GET /v1/me": f"GET /v1/me HTTP/1.1\r\nHost: bench\r\n{authorised}\r\n".encode(),
            "POST": (
                f"POST /v1/spaces/{space}/check HTTP/1.1\r\nHost: bench\r\n{authorised}"
                # As sync-agent says of what may be repeated.
                f"X-Repeatable: yes\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode(),
        }

    def once(self):
        asyncio.run(self.together())

    async def together(self):
        self.begun = time.monotonic()
        await asyncio.gather(*(self.client() for _ in range(CONNECTIONS)))

    def slow_down(self, rate):
        """From now on fewer requests a second."""
        self.begun, self.taken, self.rate = time.monotonic(), 0, rate

    def wait_until_busy(self, seconds=30):
        """Until requests are answered."""
        deadline = time.monotonic() + seconds
        while len(self.answers) < self.rate:
            assert time.monotonic() < deadline, "no load within the time"
            self.over.wait(0.05)

    async def client(self):
        connection = None
        while not self.over.is_set():
            number = self.taken
            self.taken += 1
            await asyncio.sleep(self.begun + number / self.rate - time.monotonic())
            kind = ("POST", "GET /v1/me")[number % 10] if number % 10 < 2 else self.plain
            sent, started, failure = time.time(), time.monotonic(), None
            try:
                async with asyncio.timeout(PATIENCE):
                    connection = connection or await asyncio.open_connection(*self.address, ssl=self.tls)
                    status, stays = await exchange(connection, self.requests[kind])
                failure = f"status {status}" if status >= 400 else None
            except TimeoutError:
                failure, stays = "timeout", False
            except ConnectionRefusedError:
                failure, stays = "refused", False
            except (OSError, EOFError):
                failure, stays = "reset", False
            if not stays and connection:
                connection[1].close()
                connection = None
            self.answers.append(Answer(sent, kind, failure, time.monotonic() - started))
        if connection:
            connection[1].close()


async def exchange(connection, request):
    """Status, and whether the connection stays open."""
    reader, writer = connection
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if length:
        await reader.readexactly(int(length[1]))
    elif re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return int(head.split(b" ", 2)[1]), not re.search(rb"(?i)\r\nconnection: *close", head)


def failures(answers):
    """How many of which, for people."""
    counted = Counter(f"{answer.kind}: {answer.failure}" for answer in answers if answer.failure)
    return ", ".join(f"{count} × {what}" for what, count in sorted(counted.items()))
