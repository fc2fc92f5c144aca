"""Everything that has a body, put together: machines, load balancer, firewall, names, metrics, scaling."""

import asyncio
import logging

from ministack.services import autoscaling
from overlay import settings
from overlay.fleet import members

from . import addresses, firewall, world
from .balancing import Balancing
from .bodied import Bodied
from .healing import Healing
from .imds import MetadataService
from .machines import Machines
from .measuring import Measuring
from .names import Names

log = logging.getLogger("lab")


class Parts:
    """What the emulator's records describe, kept as they describe it."""

    def __init__(self, folder, base, authority, clock):
        self.clock = clock
        self.machines = Machines(base, folder / "machines", authority.bundle(), clock)
        self.balancing = Balancing(folder, authority, clock)
        self.by_hand = {}
        # Asked in threads of its own, which know no account.
        self.names = Names(addresses.DNS, lambda: sorted(public for public, _ in self.nodes), self.by_hand)
        self.metadata = MetadataService()
        self.life = Bodied(clock, self.machines, self.balancing)
        self.healing = Healing(self.life, self.machines, clock)
        self.measuring = Measuring(clock, self.balancing, self.machines, self.life)
        self.nodes = set()
        self.rules = None
        self.watchers = []

    async def start(self):
        members.life = self.life
        self.names.start()
        self.watchers = [asyncio.ensure_future(it) for it in (self.healing.watch(), self.measuring.watch())]
        for it in self.watchers:
            it.add_done_callback(tell_failure)

    async def stop(self):
        for it in self.watchers:
            it.cancel()
        await self.machines.stop_all()
        await self.balancing.stop()
        self.names.stop()

    async def follow(self, pause):
        while True:
            try:
                await self.round()
            except Exception:
                log.exception("the bodies could not follow the records")
            await asyncio.sleep(pause)

    async def round(self):
        """Brings addresses, firewall and load balancer to what the records say."""
        nodes = self.balancing.nodes()
        wanted = {(it["address"], it["source"]) for it in nodes}
        for public, private in wanted - self.nodes:
            world.node_up(public)
            world.node_up(private)
        for public, private in self.nodes - wanted:
            world.node_down(public)
            world.node_down(private)
        self.nodes = wanted
        rules = firewall.of_records(nodes)
        if rules != self.rules:
            await firewall.apply(rules)
            self.rules = rules
        await self.balancing.follow()
        self.metadata.forget_the_gone()

    # What a drill does.

    async def lose_zone(self, zone):
        """Everything in the zone is cut off, and nothing can be launched there."""
        self.balancing.lost_zones.add(zone)
        settings.merge({"empty_zones": sorted({*settings.get("empty_zones"), zone})})
        for group in autoscaling._asgs.values():
            for member in group["Instances"]:
                if member["AvailabilityZone"] == zone and member["InstanceId"] in self.machines.bodies:
                    self.machines.bodies[member["InstanceId"]].cut()

    async def return_zone(self, zone):
        self.balancing.lost_zones.discard(zone)
        settings.merge({"empty_zones": [it for it in settings.get("empty_zones") if it != zone]})
        for body in self.machines.bodies.values():
            body.mend()


def tell_failure(task):
    if not task.cancelled() and task.exception():
        log.error("a watcher of the lab ended", exc_info=task.exception())
