"""Measures the balancer beside nginx: the same three servers behind both, in alternating rounds.

Prints Markdown tables. Needs nginx and wrk from the distribution, and the stand-in server of the
crate `local`: cargo build --release --workspace --example stand_in. SYNCCTL_BENCH_STAND_IN names
another build of it. The clients run on the same cores as everything else: read ratios.
"""

import asyncio
import json
import multiprocessing
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hostile import misbehave

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = Path(os.environ.get("SYNCCTL_BENCH_STAND_IN", ROOT / "target/release/examples/stand_in"))
GIB = 1 << 30
IDLE = 1000
ROUNDS = int(os.environ.get("SYNCCTL_BENCH_ROUNDS", "5"))

NGINX = """
daemon off; worker_processes auto; pid {work}/nginx.pid; error_log {work}/nginx.log warn;
worker_rlimit_nofile 65536;
events {{ worker_connections 8192; }}
http {{
  access_log off; client_max_body_size 0; keepalive_requests 100000; keepalive_timeout 75s;
  client_header_timeout 10s; client_body_timeout 30s; tcp_nodelay on;
  client_body_temp_path {work}/body; proxy_temp_path {work}/proxy; fastcgi_temp_path {work}/fastcgi;
  uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
  upstream servers {{ least_conn; {servers} keepalive 256; }}
  server {{
    listen {listen} backlog=4096;
    location / {{
      proxy_pass http://servers; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_buffering off; proxy_request_buffering off;
    }}
  }}
}}
"""


def main():
    for program in ("nginx", "wrk"):
        if shutil.which(program) is None:
            sys.exit(f"{program} is not installed")
    work = Path(tempfile.mkdtemp(prefix="syncctl-bench-"))
    data, ours, theirs = work / "data", free_address(), free_address()
    nginx = None
    try:
        subprocess.run([STAND_IN, "up", data, ours], check=True, timeout=60)
        backends = json.loads((data / "run/backends.json").read_text())["backends"]
        servers = " ".join(f"server {backend['address']};" for backend in backends)
        (work / "nginx.conf").write_text(NGINX.format(work=work, servers=servers, listen=theirs))
        nginx = subprocess.Popen(["nginx", "-c", work / "nginx.conf", "-p", work], stderr=subprocess.DEVNULL)
        until(lambda: exchange(theirs, b"GET /instance HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
        balancer = next(pid for pid in marked(data) if b"__balancer" in Path(f"/proc/{pid}/cmdline").read_bytes())
        sides = [("balancer", ours, lambda: [balancer]), ("nginx", theirs, lambda: [nginx.pid, *children(nginx.pid)])]
        print(f"{os.cpu_count()} cores, {platform.platform()}, {STAND_IN.parent.parent.name} build, {ROUNDS} rounds\n")
        measure_peers(sides)
        measure_hostile(sides)
    finally:
        if nginx:
            nginx.terminate()
            nginx.wait()
        stop(data)
        shutil.rmtree(work, ignore_errors=True)


def measure_peers(sides):
    figures = {}

    def note(what, side, value):
        figures.setdefault(what, {}).setdefault(side, []).append(value)

    for _ in range(ROUNDS):
        for side, address, pids in sides:
            before = processor(pids())
            output = subprocess.run(["wrk", "-t2", "-c32", "-d5s", "--latency", f"http://{address}/instance"], capture_output=True, text=True, check=True).stdout
            assert "Non-2xx" not in output and "Socket errors" not in output, output
            spent = processor(pids()) - before
            requests = int(re.search(r"(\d+) requests in", output)[1])
            note("requests/s, 32 connections", side, requests / 5)
            note("p50, ms", side, milliseconds(re.search(r"50%\s+(\S+)", output)[1]))
            note("p99, ms", side, milliseconds(re.search(r"99%\s+(\S+)", output)[1]))
            note("processor seconds per 1,000 requests", side, spent / requests * 1000)
    for _ in range(3):
        for side, address, _ in sides:
            note("upload of 1 GiB, MB/s", side, GIB / upload(address) / 1e6)
            note("download of 1 GiB, MB/s", side, GIB / download(address) / 1e6)
    for side, address, pids in sides:
        before = memory(pids())
        idle = [keep_alive(address) for _ in range(IDLE)]
        time.sleep(1)
        note("memory per idle connection (PSS), KiB", side, (memory(pids()) - before) / IDLE)
        for connection in idle:
            connection.close()
    print("| what | balancer | nginx 1.22 | ratio |\n|---|---|---|---|")
    for what, values in figures.items():
        mine, peers = values["balancer"], values["nginx"]
        ratio = statistics.median(mine) / statistics.median(peers) if statistics.median(peers) else 0
        print(f"| {what} | {spread(mine)} | {spread(peers)} | {ratio:.2f} |", flush=True)


def measure_hostile(sides):
    """32 clients that ask twenty times a second each, alone and beside ten that misbehave."""
    print("\n| p99 of 32 well-behaved clients, ms | alone | beside ten hostile ones | rise | failed |\n|---|---|---|---|---|")
    for side, address, _ in sides:
        alone, beside, failed = [], [], 0
        for _ in range(ROUNDS):
            for kept, hostile in ((alone, False), (beside, True)):
                enemy = multiprocessing.Process(target=misbehave, args=(address,), daemon=True) if hostile else None
                if enemy:
                    enemy.start()
                    time.sleep(1)
                times, errors = behave(address)
                if enemy:
                    enemy.terminate()
                    enemy.join()
                kept.append(statistics.quantiles(times, n=100)[98] * 1000)
                failed += errors
        rise = statistics.median(beside) / statistics.median(alone) - 1
        print(f"| {side} | {spread(alone)} | {spread(beside)} | {rise:+.0%} | {failed} |", flush=True)


def behave(address, seconds=8):
    """Times of all requests, and how many failed."""
    host, port = address.rsplit(":", 1)
    times, errors = [], 0

    async def client(number):
        nonlocal errors
        await asyncio.sleep(number / 640)
        reader, writer = await asyncio.open_connection(host, int(port))
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            try:
                writer.write(b"GET /instance HTTP/1.1\r\nHost: h\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                await reader.readexactly(int(length[1]))
                errors += not head.startswith(b"HTTP/1.1 200")
            except (OSError, asyncio.IncompleteReadError):
                errors += 1
                reader, writer = await asyncio.open_connection(host, int(port))
            times.append(time.perf_counter() - start)
            await asyncio.sleep(max(0, start + 0.05 - time.perf_counter()))
        writer.close()

    async def together():
        await asyncio.gather(*(client(number) for number in range(32)))

    asyncio.run(together())
    return times, errors


def connect(address):
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def exchange(address, request):
    with connect(address) as connection:
        connection.sendall(request)
        return connection.recv(65536)


def keep_alive(address):
    connection = connect(address)
    connection.sendall(b"GET /instance HTTP/1.1\r\nHost: h\r\n\r\n")
    connection.recv(65536)
    return connection


def upload(address):
    piece = bytes(1 << 20)
    start = time.perf_counter()
    with connect(address) as connection:
        connection.sendall(f"PUT /upload HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {GIB}\r\n\r\n".encode())
        for _ in range(GIB // len(piece)):
            connection.sendall(piece)
        answer = connection.recv(65536)
        while more := connection.recv(65536):
            answer += more
    assert answer.endswith(str(GIB).encode()), answer
    return time.perf_counter() - start


def download(address):
    buffer, total = bytearray(1 << 20), 0
    start = time.perf_counter()
    with connect(address) as connection:
        connection.sendall(f"GET /download?{GIB} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        while count := connection.recv_into(buffer):
            total += count
    assert total > GIB
    return time.perf_counter() - start


def processor(pids):
    """Seconds of processor that the processes have used."""
    ticks = os.sysconf("SC_CLK_TCK")
    fields = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in pids]
    return sum(int(field[11]) + int(field[12]) for field in fields) / ticks


def memory(pids):
    """Proportional set size in KiB."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def marked(data):
    mark = f"SYNCCTL_LOCAL_DATA={data}\0".encode()
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            pass
    return found


def stop(data):
    for supervisor in (True, False):
        for pid in marked(data):
            try:
                if not supervisor or b"__supervisor" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, 9)
            except OSError:
                pass


def free_address():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


def until(happened, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if happened():
                return
        except OSError:
            pass
        time.sleep(0.05)
    sys.exit("nginx does not answer")


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def spread(values):
    middle = statistics.median(values)
    digits = 0 if middle >= 100 else 1 if middle >= 10 else 2 if middle >= 0.1 else 3
    return f"{middle:,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


if __name__ == "__main__":
    main()
