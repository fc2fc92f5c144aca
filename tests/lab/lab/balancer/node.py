"""One node of the load balancer: a HAProxy with a folder of its own."""

import asyncio
import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path

from overlay.__main__ import end_with_parent

from . import runtime
from .seats import backend, commands, server

HAPROXY = "haproxy"
BEGIN_SECONDS = 10
# Lines about requests that may wait for us; a pipe of the usual 64 KiB is full after some 500.
PIPE_BYTES = 1 << 20
# How long a Unix socket's path may be: sun_path of unix(7), less what HAProxy appends while it binds.
LONGEST_PATH = 90
PAUSE_AFTER_FAILURE = 1


class Node:
    """`declared` is what it was told to be; `told` gets every line that HAProxy prints."""

    def __init__(self, declared, folder: Path, told):
        self.declared, self.folder, self.told = declared, folder, told
        self.master = master_socket(folder)
        self.process = None
        self.reading = None
        # What is in force.
        self.shape = self.seats = None
        self.error = None
        self.again_at = 0.0

    def is_up(self):
        return self.process is not None and self.process.returncode is None and self.shape is not None

    async def bring(self, shape, text, seats):
        """Brings it to a configuration with as little disturbance as possible.

        shape: all but the seating, a change of which takes a reload; text: with the seating; seats: {arn: {slot: Seat}}
        """
        if time.monotonic() < self.again_at:
            return
        try:
            if not self.is_up():
                await self.begin(text)
            elif shape != self.shape:
                # First for the worker that stays with its connections, as far as it has these places.
                await self.seat({arn: it for arn, it in seats.items() if arn in self.seats}, all_must_obey=False)
                await self.reload(text)
            else:
                await self.seat(seats)
            self.shape, self.seats, self.error = shape, seats, None
        except (OSError, TimeoutError, runtime.Refused) as problem:
            self.error = f"{type(problem).__name__}: {problem}"
            self.again_at = time.monotonic() + PAUSE_AFTER_FAILURE

    async def begin(self, text):
        await self.kill()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write(text)
        output = self.folder / "haproxy.log"
        already = output.stat().st_size if output.exists() else 0
        lines, printed = os.pipe()
        fcntl.fcntl(lines, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self.reading = asyncio.ensure_future(self.read(os.fdopen(lines, "rb")))
        with output.open("ab") as log, os.fdopen(printed, "wb"):
            self.process = await asyncio.create_subprocess_exec(
                HAPROXY, "-W", "-S", f"{self.master},mode,600", "-f", str(self.folder / "haproxy.cfg"),
                stdin=asyncio.subprocess.DEVNULL, stdout=printed, stderr=log,
                start_new_session=True, preexec_fn=end_with_parent,
            )  # fmt: skip
        if await self.worker_other_than(None) is None:
            code = self.process.returncode
            await self.kill()
            with output.open("rb") as log:
                log.seek(already)
                raise OSError(f"HAProxy did not begin ({code}): {log.read().decode(errors='replace').strip()[-1000:]}")

    async def reload(self, text):
        """Listening sockets are handed on; who is connected stays with the worker that accepted the connection."""
        before, _ = await runtime.workers(self.master)
        self.write(text)
        await runtime.ask(self.master, "reload")
        if await self.worker_other_than(before) is None:
            raise TimeoutError(f"HAProxy did not reload; see {self.folder / 'haproxy.log'}")

    async def seat(self, seats, all_must_obey=True):
        changes = [it for arn, wanted in seats.items() for it in commands(arn, self.seats.get(arn, {}), wanted)]
        if changes:
            await runtime.tell(self.master, changes, all_must_obey)

    async def in_flight(self):
        return await runtime.in_flight(self.master)

    async def lost_lines(self):
        return await runtime.lost_lines(self.master)

    async def cut(self, arn, slot):
        await runtime.cut(self.master, backend(arn), server(slot))

    async def kill(self):
        """At once, and with every connection."""
        if self.process is not None and self.process.returncode is None:
            # The master is the first of its process group, the workers are the others.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()
        if self.reading is not None:
            await self.reading
        self.process = self.reading = self.shape = self.seats = None

    async def worker_other_than(self, before):
        """The pid of the worker once there is a new one, `None` if there will be none."""
        deadline = time.monotonic() + BEGIN_SECONDS
        while time.monotonic() < deadline and self.process.returncode is None:
            try:
                current, _ = await runtime.workers(self.master)
            except (FileNotFoundError, ConnectionRefusedError, ConnectionResetError):
                current = None
            if current not in (None, before):
                return current
            await asyncio.sleep(0.02)
        return None

    async def read(self, pipe):
        reader = asyncio.StreamReader(limit=PIPE_BYTES)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        try:
            async for line in reader:
                self.told(line.decode(errors="replace").rstrip("\n"))
        finally:
            transport.close()

    def write(self, text):
        new = self.folder / "haproxy.cfg.new"
        new.write_text(text)
        new.rename(self.folder / "haproxy.cfg")


def master_socket(folder):
    """Raises ValueError if a socket cannot be there."""
    path = folder / "master.sock"
    if len(str(path)) > LONGEST_PATH:
        raise ValueError(f"the path of {path} is too long for a socket")
    return path
