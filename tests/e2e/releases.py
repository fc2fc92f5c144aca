"""Builds of the server to roll: good ones that differ, and every kind of bad one."""

import shutil
import subprocess
import sys

FRONT = """#!{python} -IS
# Stands where a server should, in one of three bad ways:
#   deaf-to-ready  answers /health, and is never ready
#   errors         passes every check, and answers everything else with 500
#   unhealthy      a whole server whose checks fail after {after} s
import asyncio, ctypes, os, signal, socket, time

MODE, GOOD, BEGUN = "{mode}", "{good}", time.monotonic()
host, port = os.environ["SYNCD_LISTEN"].rsplit(":", 1)


def answer(status, close=True):
    end = "close" if close else "keep-alive"
    return f"HTTP/1.1 {{status}} Whatever\\r\\nContent-Length: 0\\r\\nConnection: {{end}}\\r\\n\\r\\n".encode()


async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            # What comes through the balancer carries an id; its checks and the supervisor's do not.
            check = b"x-request-id:" not in head.lower()
            path = head.split(b" ", 2)[1]
            late = time.monotonic() - BEGUN > {after}
            if MODE == "deaf-to-ready":
                writer.write(answer(200 if path == b"/health" else 503))
            elif MODE == "errors" and not check:
                length = [int(l.split(b":")[1]) for l in head.split(b"\\r\\n") if l.lower().startswith(b"content-length")]
                await reader.readexactly(length[0] if length else 0)
                writer.write(answer(500, close=False))
                continue
            elif MODE == "errors":
                writer.write(answer(200))
            elif check and late:
                writer.write(answer(503))
            else:
                await forward(head, reader, writer)
            break
    except (OSError, EOFError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def forward(head, reader, writer):
    inner, outer = await asyncio.open_connection(host, inner_port)
    outer.write(head)

    async def pump(source, sink):
        try:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        sink.close()

    await asyncio.gather(pump(reader, outer), pump(inner, writer))


def start_whole_server():
    with socket.socket() as probe:
        probe.bind((host, 0))
        chosen = probe.getsockname()[1]
    # Not the supervisor's business: it has no mark, and ends with this process.
    environment = {{k: v for k, v in os.environ.items() if not k.startswith("SYNCCTL_")}}
    environment["SYNCD_LISTEN"] = f"{{host}}:{{chosen}}"
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        os.execve(GOOD, [GOOD], environment)
    return chosen


async def main():
    server = await asyncio.start_server(serve, host, int(port))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: os._exit(0))
    await server.serve_forever()


if MODE == "unhealthy":
    inner_port = start_whole_server()
asyncio.run(main())
"""


class Releases:
    """A folder of server programs, made from one good build when they are first asked for."""

    def __init__(self, good, folder):
        self.good, self.folder = good, folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def good_build(self, name):
        """The same server with other bytes, as another build has."""
        path = self.folder / f"good-{name}"
        if not path.exists():
            lean_copy(self.good, path)
            with path.open("ab") as file:
                file.write(name.encode())
        return path

    def crashes_at_start(self):
        return self.script("crash", "echo the table of this release is missing >&2\nexit 4")

    def cannot_be_executed(self):
        return self.write("garbage", b"\x7fELF is not enough")

    def never_ready(self):
        """A server that was given the wrong table."""
        return self.script("unready", f"export SYNCD_TABLE=nobody-made-it\nexec '{self.good}'")

    def answers_health_only(self):
        return self.front("deaf-to-ready")

    def answers_with_errors(self):
        return self.front("errors")

    def becomes_unhealthy(self, after):
        """A whole server whose checks fail that many seconds after its start."""
        return self.front("unhealthy", after)

    def crashes_after(self, seconds):
        """A server that ends by SIGABRT so long after its start."""
        # Without the marks of the deployment, so that the one with the axe is no part of it.
        axe = f"env -i /bin/sh -c 'sleep {seconds}; kill -ABRT '$$ >/dev/null 2>&1 &"
        return self.script(f"mortal-{seconds}", f"{axe}\nexec '{self.good}'")

    def freezes_after(self, seconds):
        axe = f"env -i /bin/sh -c 'sleep {seconds}; kill -STOP '$$ >/dev/null 2>&1 &"
        return self.script(f"freezing-{seconds}", f"{axe}\nexec '{self.good}'")

    def front(self, mode, after=0):
        text = FRONT.format(python=sys.executable, mode=mode, good=self.good, after=after)
        return self.write(f"{mode}-{after}", text.encode())

    def script(self, name, text):
        return self.write(name, f"#!/bin/sh\n{text}\n".encode())

    def write(self, name, content):
        path = self.folder / name
        if not path.exists():
            path.write_bytes(content)
            path.chmod(0o755)
        return path


def lean_copy(program, path):
    """Without symbols where `strip` is there: releases are copied and hashed often."""
    if shutil.which("strip") and subprocess.run(["strip", "-o", path, program], check=False).returncode == 0:
        return
    shutil.copy(program, path)
