"""A full disk costs what does not fit, and nothing else: the service stays, and heals by itself."""

import json
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


def free(disk):
    status = os.statvfs(disk)
    return status.f_bavail * status.f_frsize


def use_up(path, leave):
    """Fills the disk until so many MiB are left."""
    with open(path, "wb") as file:
        while free(path.parent) > leave * 1024 * 1024:
            file.write(bytes(1024 * 1024))
            file.flush()


def test_what_uploads_leave_free_is_enough_to_start_again(small_disk):
    """Uploads that fill the disk stop before the service can't be started any more (12 MiB were left, 32 wanted)."""
    for service in make_service(small_disk / "service"):
        service.up()
        api = service.user("ada@x.example")
        space = api.create_space("work")
        kept = b"here before" * 1000
        file, _ = api.put_file(space, "kept.txt", kept)
        refused = None
        for index in range(400):
            try:
                api.put_file(space, f"{index}.bin", os.urandom(4 * 1024 * 1024))
            except Exception as error:
                refused = error
                break
        assert refused is not None, "the disk was full"
        assert free(small_disk) > 64 * 1024 * 1024, "what the service needs itself stays free"
        use_up(small_disk / "a little", leave=80)
        assert "uploads are refused until 96 MiB are free" in service.status()["shortage"]
        api.create_space("goes on")

        # Even with much less: it starts, says what is wrong, and what is there can be read.
        use_up(small_disk / "fill", leave=12)
        service.down()
        told = service.up()
        assert "changes and logins are refused until 96 MiB are free" in told.stdout + told.stderr
        assert api.content(space, file) == kept
        refused = api.call("POST", "/v1/spaces", {"name": "more"}, raw=True)
        assert refused.status == 507 and json.loads(refused.data)["code"] == "storage_full"

        # Where nothing can be noted any more, the status says so instead of showing what is old.
        subprocess.run(["dd", "if=/dev/zero", f"of={small_disk / 'rest'}", "bs=4k"], capture_output=True)
        killed = service.status()["engines"]["pid"]
        os.kill(killed, 9)
        deadline = time.monotonic() + 30
        while service.status()["engines"].get("pid") in (None, killed):
            assert time.monotonic() < deadline, "the engines come back"
        status = service.status()
        assert status["noted_seconds_ago"] >= 0 and status["engines"]["state"] == "healthy", status
        (small_disk / "rest").unlink()
        (small_disk / "fill").unlink()
        (small_disk / "a little").unlink()
        assert "noted_seconds_ago" not in service.status()
