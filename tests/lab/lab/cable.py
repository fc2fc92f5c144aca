"""The cable between a machine and the world: a pair of virtual devices, the routes to it, and a way to cut it."""

import subprocess
from pathlib import Path

# The hardware address of every gateway: each is alone with one machine.
GATEWAY = "0a:00:00:00:00:01"
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network_mtu.html: bytes, within a VPC.
LARGEST_PACKET = 9001


class Cable:
    def __init__(self, instance, address, gateway):
        # A device's name has 15 characters at most; the end of an instance's id is random.
        self.name = f"v{instance[-14:]}"
        self.address, self.gateway = address, gateway
        self.whole = True

    def plug(self, process, device):
        """One end becomes `device` in the network of a process. That end's own settings are the process's business.

        Neighbours are written down, as in a VPC, whose network answers for machines: a machine that is silent is then
        a silence for its peers, and no "no route to host".
        """
        own = "0a:01:" + ":".join(f"{int(part):02x}" for part in self.address.split("."))
        commands = f"""
            link add {self.name} mtu {LARGEST_PACKET} address {GATEWAY} type veth \
                peer name {device} mtu {LARGEST_PACKET} address {own} netns {process}
            link set {self.name} up
            address add {self.gateway}/32 dev {self.name}
            neighbour replace {self.address} lladdr {own} dev {self.name} nud permanent
            route replace {self.address}/32 dev {self.name}
        """
        subprocess.run(["ip", "-batch", "-"], input=commands, text=True, check=True)
        # The other machines of its subnet are behind the gateway too.
        (self._settings() / "proxy_arp").write_text("1")

    def _settings(self):
        return Path("/proc/sys/net/ipv4/conf", self.name)

    def cut(self):
        """Nothing passes, and neither side is told."""
        if self.whole and self._settings().exists():
            hooks = "".join(
                f"add chain netdev {self.name} {hook} "
                f"{{ type filter hook {hook} device {self.name} priority 0; policy drop; }}\n"
                for hook in ("ingress", "egress")
            )
            nft(f"add table netdev {self.name}\n{hooks}")
            self.whole = False

    def mend(self):
        if not self.whole:
            nft(f"delete table netdev {self.name}")
            self.whole = True

    def unplug(self):
        """Takes away what is left of it: devices go by themselves when a machine's network ends, but later."""
        if self._settings().exists():
            subprocess.run(["ip", "link", "delete", self.name], check=False, stderr=subprocess.DEVNULL)
        # Only then: nobody shall hear what the kernel says to the peers of processes that a power cut ended.
        self.mend()


def nft(commands):
    subprocess.run(["nft", "-f", "-"], input=commands, text=True, check=True)
