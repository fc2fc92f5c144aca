"""The bodies of all instances."""

import asyncio
import ipaddress
import logging
from pathlib import Path

from ministack.services import ec2

from .body import Body

log = logging.getLogger(__name__)
# EC2 lets a system shut down before it takes the power away: two minutes, say, it documents no figure. At least what a
# server without requests needs to leave.
SHUTDOWN_SECONDS, LEAST_SHUTDOWN_SECONDS = 120, 30
CONSOLE_BYTES = 65536


class Machines:
    """One body for each running instance."""

    def __init__(self, base, folder, bundle, clock):
        self.base, self.folder, self.bundle, self.clock = base, Path(folder), bundle, clock
        self.bodies = {}
        # What machines that are gone wrote to their consoles.
        self.last_words = {}

    async def start(self, instance):
        name, address = instance["InstanceId"], instance["PrivateIpAddress"]
        network = ipaddress.ip_network(ec2._subnets[instance["SubnetId"]]["CidrBlock"])
        body = Body(
            self.base, self.folder / name, name, address, network.prefixlen, str(network[1]), self.bundle,
            hostname=f"ip-{address.replace('.', '-')}",
        )  # fmt: skip
        self.bodies[name] = body
        try:
            await body.start()
        except Exception:
            log.exception("%s did not start", name)
            raise

    async def stop(self, name):
        body = self.bodies.get(name)
        if body is None:
            return
        try:
            await body.stop(max(LEAST_SHUTDOWN_SECONDS, self.clock.seconds(SHUTDOWN_SECONDS)))
        except Exception:
            log.exception("%s did not stop", name)
        self.last_words[name] = body.console()
        self.bodies.pop(name, None)

    async def stop_all(self):
        for body in list(self.bodies.values()):
            body.kill()
        await asyncio.gather(*(self.stop(name) for name in list(self.bodies)))

    def is_running(self, name):
        return name in self.bodies and self.bodies[name].running

    def console(self, name):
        body = self.bodies.get(name)
        text = body.console() if body else self.last_words.get(name, "")
        return text[-CONSOLE_BYTES:]
