"""The load balancer's process: nodes, checks and counts, kept as they were declared."""

import asyncio
import logging
import time

from . import declared, wire
from .control import Control
from .node import HAPROXY, Node, master_socket
from .prober import every_interval
from .registry import Registry
from .render import configuration
from .seats import backend, slot_of
from .tally import Tally

log = logging.getLogger(__name__)
ROUND_SECONDS = 0.2
UNREACHABLE = (OSError, TimeoutError)
COUNT_SECONDS = 1
LOST_LINES_SECONDS = 5


class Service:
    """`requests.log` in the folder has a line for each request, as `render` says, and HAProxy's own remarks."""

    def __init__(self, folder):
        self.folder = folder
        self.registry = Registry()
        self.nodes = {}
        self.arns = {}
        self.tally = Tally(lambda name: self.arns.get(name, name))
        self.checks = {}
        # Lines that HAProxy's workers could not print: {(zone, pid): count}.
        self.lost = {}
        self.count_due = self.lost_due = 0.0
        self.control = Control(self.configure, self.state)
        # Nodes are told one thing after the other.
        self.order = asyncio.Lock()
        self.changed = asyncio.Event()
        self.requests = (folder / "requests.log").open("a", buffering=1 << 16)

    async def serve(self):
        server = await self.control.open(self.folder / wire.CONTROL)
        try:
            while True:
                await self.round()
                try:
                    async with asyncio.timeout(ROUND_SECONDS):
                        await self.changed.wait()
                except TimeoutError:
                    continue
        finally:
            server.close()
            for _, task in self.checks.values():
                task.cancel()
            await asyncio.gather(*(it.kill() for it in self.nodes.values()))
            self.requests.close()

    # What is asked for.

    async def configure(self, state):
        """Raises ValueError, and changes nothing, if it cannot be."""
        wanted = declared.declared(state)
        for it in wanted.nodes:
            master_socket(self.folder / it.zone)
        await self.try_out(wanted)
        async with self.order:
            self.registry.declare(wanted, now())
            self.arns.update({backend(arn): arn for arn in wanted.target_groups})
            await self.enforce()

    async def try_out(self, wanted):
        node = declared.Node("", "127.0.0.1")
        path = self.folder / "tried.cfg"
        text = configuration(wanted, node, self.folder, {}, {})
        if not wanted.listeners or (path.exists() and path.read_text() == text):
            return
        path.write_text(text)
        process = await asyncio.create_subprocess_exec(
            HAPROXY, "-c", "-f", str(path), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        _, words = await process.communicate()
        if process.returncode != 0:
            path.unlink()
            raise ValueError(f"HAProxy refuses it: {words.decode(errors='replace').strip()[-1000:]}")

    # What is done for it.

    async def round(self):
        """Counts what is in flight, and follows whatever has changed since the last round."""
        async with self.order:
            self.changed.clear()
            try:
                await self.count()
            except UNREACHABLE as problem:
                # Nothing is known to have ended then, so nobody is taken for drained.
                log.warning("nothing could be counted: %s", problem)
            cuts = self.registry.let_go(now())
            await self.enforce()
            for arn, slot in cuts:
                await self.cut(arn, slot)
        self.requests.flush()
        self.control.push()

    async def cut(self, arn, slot):
        try:
            await self.on_nodes(lambda it: it.cut(arn, slot))
        except UNREACHABLE as problem:
            log.error("requests in flight to place %s of %s could not be ended: %s", slot, arn, problem)

    async def enforce(self):
        wanted = self.registry.declared
        nodes = {it.zone: it for it in wanted.nodes} if wanted.listeners else {}
        gone = [
            zone for zone, it in self.nodes.items() if zone not in nodes or nodes[zone].address != it.declared.address
        ]
        await asyncio.gather(*(self.nodes.pop(zone).kill() for zone in gone))
        for zone, it in nodes.items():
            if zone not in self.nodes:
                self.nodes[zone] = Node(it, self.folder / zone, lambda line, zone=zone: self.hear(zone, line))
            self.nodes[zone].declared = it
        await asyncio.gather(*(self.bring(it, wanted) for it in self.nodes.values()))
        self.check()

    async def bring(self, node, wanted):
        sizes, moment = self.registry.sizes, now()
        seats = {arn: self.registry.seats(arn, moment) for arn in sorted(wanted.used())}
        shape, text = (configuration(wanted, node.declared, node.folder, sizes, it) for it in ({}, seats))
        before = node.error
        await node.bring(shape, text, seats)
        if node.error not in (None, before):
            log.error("node %s: %s", node.declared.zone, node.error)

    def check(self):
        """Begins the checks that are missing and ends those that are not wanted any more."""
        wanted = self.registry.probes()
        for name, (probe, task) in list(self.checks.items()):
            if wanted.get(name) != probe:
                task.cancel()
                del self.checks[name]
        for name, probe in wanted.items():
            if name not in self.checks:
                self.checks[name] = (probe, asyncio.ensure_future(self.keep_checking(name, probe)))

    async def keep_checking(self, name, probe):
        def ends(outcome):
            self.registry.probed(name, outcome, now())
            self.changed.set()

        await every_interval(probe, lambda: self.registry.probing(name), ends)

    # What is seen.

    async def in_flight(self):
        found = {}
        for counts in await self.on_nodes(Node.in_flight):
            for (name, server), count in counts.items():
                if server != "inner":
                    place = self.arns.get(name, name), slot_of(server)
                    found[place] = found.get(place, 0) + count
        return found

    async def count(self):
        """What is in flight: often only while somebody is waiting for its end."""
        # Where the last seating is not in force yet, nobody can be taken for drained.
        in_force = not any(it.error for it in self.nodes.values() if it.is_up())
        if in_force and (self.registry.is_draining() or now() >= self.count_due):
            self.registry.carried(await self.in_flight())
            self.count_due = now() + COUNT_SECONDS
        if now() >= self.lost_due:
            self.lost_due = now() + LOST_LINES_SECONDS
            for zone, node in self.nodes.items():
                if node.is_up():
                    self.lost.update({(zone, pid): count for pid, count in (await node.lost_lines()).items()})

    async def on_nodes(self, act):
        return await asyncio.gather(*(act(it) for it in self.nodes.values() if it.is_up()))

    def hear(self, zone, line):
        self.tally.add(line, self.registry.targets_by_slot())
        self.requests.write(f"{time.time():.3f} {zone} {line}\n")

    def state(self):
        """What `Balancer.state` gives; counts are since the process began.

        nodes                  {zone: {"up": whether it serves, "error": why not}}
        target_groups          {arn: {target: {…}}}, see `Registry.report`, and "requests"
        counters               of all, see `tally.Counts.report`; "lost_lines": requests that are missing in the counts
        target_group_counters  {arn: the same of one group}
        """
        whole, groups = self.tally.report()
        targets = self.registry.report()
        for arn, found in targets.items():
            for it in found.values():
                it["requests"] = self.tally.targets[arn, it["id"], it["address"], it["port"]]
        return {
            "nodes": {zone: {"up": it.is_up(), "error": it.error} for zone, it in self.nodes.items()},
            "target_groups": targets, "counters": {**whole, "lost_lines": sum(self.lost.values())},
            "target_group_counters": groups,
        }  # fmt: skip


def now():
    return time.monotonic()
