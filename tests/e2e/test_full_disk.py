"""A full disk costs what does not fit, and nothing else: the service stays, and heals by itself."""

import os
import shutil
import subprocess
import time

import pytest
from conftest import make_service


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, of 512 MiB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("making a file system of its own needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"this place allows no mounts: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_ends_no_process_and_loses_nothing(small_disk):
    for service in make_service(small_disk / "service"):
        service.up()
        api = service.user("ada@x.example")
        space = api.create_space("work")
        kept = [api.put_file(space, f"{index}.txt", os.urandom(2000)) for index in range(10)]
        before = service.processes()

        fill = small_disk / "fill"
        subprocess.run(["dd", "if=/dev/zero", f"of={fill}", "bs=4k"], capture_output=True)
        for _ in range(300):  # every answer writes a log line, which does not fit either
            api.call("GET", "/v1/nowhere", raw=True)
        refused = 0
        for index in range(4):
            try:
                api.put_file(space, f"more-{index}.txt", os.urandom(5000))
            except Exception:
                refused += 1
        assert refused > 0, "the disk was full"
        assert service.processes().keys() == before.keys(), "the same processes still run"

        fill.unlink()
        deadline = time.monotonic() + 30
        while True:
            try:
                api.put_file(space, "after.txt", b"there is room again")
                break
            except Exception:
                assert time.monotonic() < deadline, "the service heals by itself"
        live = {change["file"] for entry in api.changes(space) for change in entry["changes"]}
        assert {file for file, _ in kept} <= live
