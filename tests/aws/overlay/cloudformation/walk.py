"""Resources in the order of their dependencies, several at a time, as CloudFormation goes through them."""

import asyncio

from .. import settings


class Stopped(Exception):
    """The operation ended while a resource was being worked on."""


class Stop:
    """Tells everything that is under way in an operation to end."""

    def __init__(self):
        self.event = asyncio.Event()

    def set(self):
        self.event.set()

    def is_set(self):
        return self.event.is_set()

    async def pause(self, seconds):
        """Waits, unless the operation ends meanwhile."""
        if self.event.is_set():
            raise Stopped
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        try:
            await asyncio.wait_for(self.event.wait(), seconds)
        except asyncio.TimeoutError:
            return
        raise Stopped


async def walk(names, depends, visit, stop):
    """Visits each name after those it depends on. A visit that answers False holds back all that depend on it.

    Nothing begins once `stop` is set; what is under way is waited for. Returns the names that were not visited.
    """
    waiting = {name: set(depends(name)) & set(names) - {name} for name in names}
    held, running = set(), {}
    while waiting or running:
        if not stop.is_set():
            for name in sorted(name for name, missing in waiting.items() if not missing):
                if len(running) >= settings.get("parallel"):
                    break
                del waiting[name]
                running[asyncio.ensure_future(visit(name))] = name
        if not running:
            break
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            name = running.pop(task)
            if task.result() is False:
                held.add(name)
                continue
            for missing in waiting.values():
                missing.discard(name)
    return list(waiting)
