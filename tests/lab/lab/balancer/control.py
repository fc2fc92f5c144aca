"""The socket over which a load balancer is told what to be, and tells what it sees. Messages: `wire`."""

import asyncio
import logging

from . import wire

log = logging.getLogger(__name__)
# A listener that does not read is not waited for; it gets the next state instead.
UNREAD_BYTES = 1 << 20


class Control:
    """`configure(state)` raises ValueError for what cannot be; `state()` is what everybody who listens is told."""

    def __init__(self, configure, state):
        self.configure, self.state = configure, state
        self.listeners = set()
        self.pushed = None

    async def open(self, path):
        return await asyncio.start_unix_server(self.listen, path, limit=wire.LONGEST_LINE)

    async def listen(self, reader, writer):
        self.listeners.add(writer)
        wire.send(writer, {"state": self.state()})
        try:
            async for message in wire.messages(reader):
                error = await self.obey(message)
                # Whoever is answered knows the state that follows from it.
                self.push()
                wire.send(writer, {"number": message["number"], "error": error})
        except ConnectionError as problem:
            log.info("a connection ended: %s", problem)
        finally:
            self.listeners.discard(writer)
            writer.close()

    async def obey(self, message):
        try:
            await self.configure(message["configure"])
        except (ValueError, KeyError, TypeError) as problem:
            return f"{type(problem).__name__}: {problem}"
        return None

    def push(self):
        state = self.state()
        if state == self.pushed:
            return
        self.pushed = state
        for writer in self.listeners:
            if writer.transport.get_write_buffer_size() < UNREAD_BYTES:
                wire.send(writer, {"state": state})
