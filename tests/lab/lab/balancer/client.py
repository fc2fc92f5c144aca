"""The load balancer as the emulator sees it."""

import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path

from . import wire

START_SECONDS = 15
STOP_SECONDS = 10
# Where `lab` and `overlay` are.
PACKAGES = [Path(__file__).resolve().parents[2], Path(__file__).resolve().parents[3] / "aws"]


class BalancerError(Exception):
    """It did not take a configuration, or is not there."""


class Balancer:
    """A load balancer in a process of its own, which ends with this one. `folder` is private to it, its path short."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.process = None
        self._state = {}
        self._writer = self._reading = None
        self._number = 0
        self._waiting = {}

    async def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        control = self.folder / wire.CONTROL
        control.unlink(missing_ok=True)
        path = os.pathsep.join([*map(str, PACKAGES), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        with (self.folder / "balancer.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "lab.balancer", "--folder", str(self.folder),
                env={**os.environ, "PYTHONPATH": path}, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        reader, self._writer = await self._connect(control)
        self._reading = asyncio.ensure_future(self._read(reader))

    async def configure(self, state):
        """Whole state each time, see `declared`. If it cannot be: BalancerError, and nothing has changed."""
        if self._reading is None or self._reading.done():
            raise BalancerError(f"the load balancer is not running: {self.folder / 'balancer.log'}")
        self._number += 1
        number, answer = self._number, asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            wire.send(self._writer, {"number": number, "configure": state})
            await self._writer.drain()
            error = await answer
        except ConnectionError as problem:
            raise BalancerError(f"the load balancer has ended: {problem}") from problem
        finally:
            del self._waiting[number]
        if error is not None:
            raise BalancerError(error)

    def state(self):
        """The latest that it told; see `service.Service.state`."""
        return self._state

    async def stop(self):
        if self._reading is not None:
            self._reading.cancel()
            self._writer.close()
            self._reading = None
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        self.process = None

    async def _connect(self, control):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.returncode is None:
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                return await asyncio.open_unix_connection(control, limit=wire.LONGEST_LINE)
            await asyncio.sleep(0.02)
        words = (self.folder / "balancer.log").read_text(errors="replace")[-2000:]
        await self.stop()
        raise BalancerError(f"the load balancer did not start:\n{words}")

    async def _read(self, reader):
        try:
            async for message in wire.messages(reader):
                if "state" in message:
                    self._state = message["state"]
                elif (answer := self._waiting.get(message["number"])) and not answer.done():
                    answer.set_result(message["error"])
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(ConnectionError(f"see {self.folder / 'balancer.log'}"))
