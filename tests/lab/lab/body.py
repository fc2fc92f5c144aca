"""One machine: the base system under systemd-nspawn, with a disk, a cable and a console of its own.

All this needs the sandbox of `world`. A machine ends by itself, by `kill` or by `stop`; whichever it was, nothing is
left of it but the file `console` in its folder.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import time
from pathlib import Path

from .cable import GATEWAY, Cable
from .groups import Group

SCRIPT = Path(__file__).with_name("body.sh")
# The name of the device in Amazon Linux on a Nitro instance.
DEVICE = "ens5"
DISK_MIB = 700
# Until systemd runs, when many machines boot at once.
BOOT_SECONDS = 30
# EC2 does not say how long it waits for a system that does not shut down; minutes are seen.
SHUTDOWN_SECONDS = 150
# systemd(1): "Powers off the machine, starts the poweroff.target unit."
POWER_OFF = signal.SIGRTMIN + 4
NAME_SERVER = "169.254.169.253"
TERMINAL = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])|\r")
FULL = "/var/tmp/full"


class Body:
    def __init__(self, base, folder, instance, address, prefix, gateway, ca_bundle, hostname, disk_mib=DISK_MIB):
        self.base, self.folder, self.instance = Path(base).resolve(), Path(folder).resolve(), instance
        self.address, self.prefix, self.gateway = address, prefix, gateway
        self.ca_bundle, self.hostname, self.disk_mib = Path(ca_bundle), hostname, disk_mib
        self._cable = Cable(instance, address, gateway)
        self._group = Group(instance)
        self._console = self.folder / "console"
        self._process = self._end = None
        self._power = False

    @property
    def running(self):
        return self._end is not None and not self._end.done()

    async def start(self):
        """Answers when the machine has power. How far its boot is, only its console tells."""
        self._power = True
        self._write_seed()
        self._group.make()
        with self._console.open("ab") as console:
            self._process = await asyncio.create_subprocess_exec(
                "unshare", "--mount", "--net", "--propagation", "private", "/bin/sh", SCRIPT, self._group.path,
                self.folder, self.base, str(self.disk_mib), f"{self.address}/{self.prefix}", self.gateway, GATEWAY,
                *self._nspawn(), env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "UNIFIED_CGROUP_HIERARCHY": "yes"},
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=console,
            )  # fmt: skip
        self._end = asyncio.create_task(self._tidy_at_the_end())
        try:
            await self._plug()
        except BaseException:
            self._group.kill()
            raise

    async def _plug(self):
        """The network has one end of the cable before the system boots."""
        if await self._process.stdout.readline() == b"":
            raise RuntimeError(f"{self.instance} has no disk: {self.console()}")
        if not self._power:
            raise RuntimeError(f"{self.instance} lost its power while it was started")
        self._cable.plug(self._process.pid, DEVICE)
        self._process.stdin.write(b"plugged\n")
        self._process.stdin.close()

    def _write_seed(self):
        """What this instance has beyond the base: the network is there before the system, as its files say."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "disk").mkdir()
        etc = self.folder / "seed" / "etc"
        certificates = etc / "ssl" / "certs"
        certificates.mkdir(parents=True)
        for directory in (self.folder / "seed", etc, etc / "ssl", certificates):
            directory.chmod(0o755)
        files = {
            etc / "hostname": f"{self.hostname}\n",
            etc / "resolv.conf": f"nameserver {NAME_SERVER}\noptions timeout:2 attempts:5\n",
            certificates / "ca-certificates.crt": self.ca_bundle.read_text(),
        }
        for path, text in files.items():
            path.write_text(text)
            path.chmod(0o644)

    def _nspawn(self):
        """On EC2 all sandboxing of units works; here, device policies and address lists need leave to use BPF.

        What can harm the real machine, making device nodes, is taken away instead; units do not notice.
        """
        return (
            "systemd-nspawn", "--quiet", "--settings=no", "--register=no", "--keep-unit", "--boot",
            f"--machine={self.instance}", f"--hostname={self.hostname}", "--directory=disk/root",
            "--network-namespace-path=/proc/self/ns/net", "--console=read-only", "--resolv-conf=off",
            "--timezone=off", "--link-journal=no", "--capability=CAP_BPF", "--system-call-filter=bpf",
            "--drop-capability=CAP_MKNOD",
        )  # fmt: skip

    async def _tidy_at_the_end(self):
        await self._process.wait()
        self._group.kill()
        while not self._group.is_empty():
            await asyncio.sleep(0.01)
        self._cable.unplug()
        self._group.remove()
        for name in ("disk", "seed"):
            shutil.rmtree(self.folder / name)

    async def stop(self, seconds=SHUTDOWN_SECONDS):
        """As EC2 terminates: the system is asked to shut down, and has no power any more after `seconds`."""
        deadline = time.monotonic() + seconds
        if system := await self._system(seconds):
            signal_if_there(system, POWER_OFF)
            await asyncio.wait({self._end}, timeout=deadline - time.monotonic())
        self.kill()
        if self._end:
            await asyncio.shield(self._end)

    def kill(self):
        """Power cut. Nobody hears of it: processes that are killed would close their connections."""
        self._power = False
        if self.running:
            try:
                self.cut()
            finally:
                self._group.kill()

    def freeze(self):
        """Nothing runs any more, but the kernel still accepts connections."""
        self._group.freeze()

    def thaw(self):
        self._group.thaw()

    def cut(self):
        """The network cable, which a machine and its peers only notice by silence."""
        self._cable.cut()

    def mend(self):
        self._cable.mend()

    async def fill_disk(self):
        """Not a byte more can be written, until `clear_disk`."""
        await self.run("dd", "if=/dev/zero", f"of={FULL}", "bs=1M")

    async def clear_disk(self):
        await self.run("rm", "-f", FULL)

    def console(self):
        """What the machine wrote to its console so far, without what only a terminal has a use for."""
        written = self._console.read_bytes() if self._console.exists() else b""
        return TERMINAL.sub(b"", written).decode(errors="replace")

    def cpu_seconds(self):
        """What the machine used since it was started; nothing once it has ended."""
        return self._group.cpu_seconds() if self.running else 0.0

    async def run(self, *command):
        """Runs a command inside as root, also in a frozen machine. Answers its exit code and all it wrote."""
        system = await self._system(BOOT_SECONDS)
        if system is None:
            raise RuntimeError(f"{self.instance} does not run")
        inside = await asyncio.create_subprocess_exec(
            "nsenter", f"--target={system}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root",
            "--wd", "--", *command, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await inside.communicate()
        return inside.returncode, output.decode(errors="replace")

    async def _system(self, seconds):
        """The machine's first process, as soon as it is systemd and hears signals."""
        deadline = time.monotonic() + seconds
        while self.running and time.monotonic() < deadline:
            if leader := self._group.leader():
                return leader
            await asyncio.sleep(0.02)
        return None


def signal_if_there(process, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)
