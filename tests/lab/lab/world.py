"""The sandbox: own network, mounts and processes, all of which end with the command that entered it.

    enter(["python", "-m", "lab", "inside", …])      from the machine, as root
    prepare(folder, bundle)                          inside, once
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import addresses

# Set for what runs inside.
MARK = "SYNC_LAB_WORLD"
NEEDED = {
    "debootstrap": "debootstrap", "systemd-nspawn": "systemd-container", "haproxy": "haproxy", "nft": "nftables",
    "ip": "iproute2", "unshare": "util-linux",
}  # fmt: skip


def enter(command):
    """Runs a command in a sandbox of its own and answers its exit code."""
    if os.geteuid() != 0:
        sys.exit("The lab boots systems, so it needs root: sudo make lab")
    missing = sorted({package for program, package in NEEDED.items() if shutil.which(program) is None})
    if missing:
        sys.exit(f"The lab needs Debian's packages: apt-get install {' '.join(missing)}")
    # Whatever happens to this process, the kernel ends the first one inside, and with it all the others.
    sandbox = ["unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc",
               "--propagation", "private"]  # fmt: skip
    return subprocess.call([*sandbox, *command], env={**os.environ, MARK: "1"})


def is_inside():
    return os.environ.get(MARK) == "1"


def prepare(folder, bundle):
    """Addresses, the name server and the certificate authorities that everything in the sandbox believes."""
    folder = Path(folder)
    ip("link", "set", "lo", "up")
    for address in (addresses.AWS, addresses.DNS, addresses.METADATA, addresses.CLIENT):
        ip("address", "add", f"{address}/32", "dev", "lo")
    # Where nobody is, there is silence, as in a VPC and on the internet: the other end is down.
    ip("link", "add", "nowhere", "type", "veth", "peer", "name", "nobody")
    ip("link", "set", "nowhere", "arp", "off", "up")
    for network in ("10.0.0.0/8", "192.0.2.0/24"):
        ip("route", "add", network, "dev", "nowhere", "src", addresses.CLIENT)
    for setting in ("net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
                    "net.ipv4.ip_local_port_range=20000 60999", "net.ipv4.ip_unprivileged_port_start=0"):  # fmt: skip
        name, value = setting.split("=")
        Path("/proc/sys", *name.split(".")).write_text(value)
    resolver = folder / "resolv.conf"
    resolver.write_text(f"nameserver {addresses.DNS}\noptions timeout:2 attempts:2\n")
    cover(resolver, "/etc/resolv.conf")
    cover(bundle, "/etc/ssl/certs/ca-certificates.crt")


def cover(source, target):
    """Puts a file over another one, for this sandbox only."""
    subprocess.run(["mount", "--bind", str(source), str(Path(target).resolve())], check=True)


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def node_up(address):
    ip("address", "replace", f"{address}/32", "dev", "lo")


def node_down(address):
    """Nothing answers at this address any more, not even with a refusal."""
    subprocess.run(["ip", "address", "del", f"{address}/32", "dev", "lo"], check=False, stderr=subprocess.DEVNULL)
