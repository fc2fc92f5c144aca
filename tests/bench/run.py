"""Measures what BENCHMARKS.md states, each figure beside its peer in the same run.

Prints a Markdown table. Needs `make release`, and rclone and wrk from the distribution for the
comparisons; a missing peer is said, never guessed.
"""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("SYNCCTL_TEST_BINARIES", str(ROOT / "target" / "release"))
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from conftest import BINARIES, Service  # noqa: E402

LOGIN = "bench@x.example"


def main():
    work = Path(tempfile.mkdtemp(prefix="syncctl-bench-", dir=os.environ.get("SYNCCTL_BENCH_DIR")))
    service = Service(work / "home")
    try:
        rows = [*measure_commands(service), *measure_service(service), *measure_push(service)]
    finally:
        if service.started:
            service.run("syncctl", "down", check=False)
        shutil.rmtree(work, ignore_errors=True)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.platform()}\n")
    print("| what | figure (median; min to max) | peer | ratio |\n|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def measure_commands(service):
    for words in (["--help"], ["validate"]):
        times = [timed(service, BINARIES / "syncctl", *words) for _ in range(30)]
        yield f"`syncctl {' '.join(words)}`", spread(times, 1000, "ms"), "", ""


def measure_service(service):
    service.up()
    warm = []
    for _ in range(7):
        service.down()
        warm.append(timed(service, BINARIES / "syncctl", "up"))
    yield "`syncctl up`, data there, to ready", spread(warm, 1, "s"), "", ""
    yield "second `syncctl up`, nothing to do", spread([timed(service, BINARIES / "syncctl", "up") for _ in range(10)], 1000, "ms"), "", ""
    time.sleep(10)  # idle means idle
    total = sum(memory(pid) for pid in service.processes())
    yield "idle memory, all processes (PSS)", f"{total / 1024:.0f} MiB in {len(service.processes())} processes", "", ""

    api = service.user(LOGIN)
    space = api.create_space("bench")
    api.call("POST", f"/v1/spaces/{space}/commits", {"commit": "one", "ops": [{"op": "mkdir", "file": "d", "parent": "root", "name": "d"}]})
    if shutil.which("wrk") is None:
        yield "`changes` polls", "wrk is not installed", "", ""
        return
    script = service.path / "auth.lua"
    script.write_text(f'wrk.headers["Authorization"] = "Bearer {api.token}"\n')
    url = f"{service.endpoint}/v1/spaces/{space}/changes?after=1"
    rates = [wrk(service, script, url) for _ in range(5)]
    yield "`changes` polls, 32 connections, through the balancer", spread(rates, 1, "/s"), "", ""


def measure_push(service):
    device = login_again(service)
    small, large = device.path / "small", device.path / "large"
    make_small(small)
    make_large(large)
    rclone = shutil.which("rclone")
    for name, folder, size, runs in (("1,000 × 4 KiB", small, 1000 * 4096, 7), ("1 × 1 GiB", large, 1 << 30, 3)):
        ours, theirs = [], []
        for run in range(runs):
            refresh(folder)
            ours.append(timed(device, BINARIES / "sync-agent", "push", folder, f"bench:/run{run}-{folder.name}"))
            if rclone:
                theirs.append(timed(device, rclone, "copy", folder, device.path / f"rclone-{folder.name}-{run}"))
                shutil.rmtree(device.path / f"rclone-{folder.name}-{run}")
        rate = f"{size / statistics.median(ours) / 1e6:.0f} MB/s"
        peer = f"`rclone copy` {spread(theirs, 1, 's')}" if theirs else "rclone is not installed"
        ratio = f"{statistics.median(a / b for a, b in zip(ours, theirs)):.2f}" if theirs else ""
        yield f"push {name}", f"{spread(ours, 1, 's')}, {rate}", peer, ratio


def login_again(service):
    from conftest import Home, PASSWORD

    home = Home(service.path / "laptop")
    home.run("sync-agent", "login", service.endpoint, "--login", LOGIN, "--password-file", home.secret("password", PASSWORD))
    return home


def make_small(folder):
    folder.mkdir()
    for index in range(1000):
        (folder / f"{index:04}.bin").write_bytes(os.urandom(4096))


def make_large(folder):
    folder.mkdir()
    with open(folder / "large.bin", "wb") as file:
        for _ in range(64):
            file.write(os.urandom(1 << 24))


def refresh(folder):
    """New bytes for every run, so that nothing is there already."""
    for path in folder.iterdir():
        if path.stat().st_size <= 4096:
            path.write_bytes(os.urandom(4096))
        else:
            with open(path, "r+b") as file:
                for _ in range(64):
                    file.write(os.urandom(1 << 24))
    os.sync()


def wrk(service, script, url):
    done = service.run("wrk", "-t2", "-c32", "-d5s", "-s", script, url)
    if "Non-2xx" in done.stdout:
        raise AssertionError(done.stdout)
    return next(float(line.split()[1]) for line in done.stdout.splitlines() if "Requests/sec" in line)


def memory(pid):
    """Proportional set size in KiB: what the process really costs."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def timed(home, *command):
    start = time.perf_counter()
    done = subprocess.run([str(part) for part in command], env=home.env, cwd=home.path, capture_output=True, text=True)
    taken = time.perf_counter() - start
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
    return taken


def spread(values, scale, unit):
    values = [value * scale for value in values]
    digits = 0 if statistics.median(values) >= 100 else 2 if statistics.median(values) < 10 else 1
    return f"{statistics.median(values):.{digits}f} {unit} ({min(values):.{digits}f} to {max(values):.{digits}f})"


if __name__ == "__main__":
    main()
