"""The base system of every instance: Debian 12 with what makes it an EC2 image. Built once, never written to again.

    root = ensure(Path(".tools/lab"))       outside the sandbox: the first time it downloads some 100 MB

What goes into it stands in `tests/lab/image`: `packages`, `masked` (units that are never started), and `root`, whose
files are copied over the system. LAB_MIRROR names another mirror than Debian's own.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

IMAGE = Path(__file__).resolve().parents[1] / "image"
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
# What is started so ends with this process, however that ends, and its mounts with it.
APART = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def ensure(directory):
    """The root directory of the base system below `directory`, which is built unless it is there."""
    directory = Path(directory).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with locked(directory / "base.lock"):
        base = directory / f"base-{digest()}"
        if not base.exists():
            # What an interrupted build left: only the holder of the lock builds.
            for remains in directory.glob("building-*"):
                shutil.rmtree(remains)
            building = Path(tempfile.mkdtemp(prefix="building-", dir=directory))
            building.chmod(0o755)
            install(building)
            customise(building)
            # Only a system that is complete gets its name.
            building.rename(base)
    return base


@contextmanager
def locked(path):
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest():
    """Of all that decides what the system becomes: this file, the lists, and every file with its mode."""
    recipe = [Path(__file__).read_text(), *lines_of("packages"), *lines_of("masked")]
    for path in sorted((IMAGE / "root").rglob("*")):
        if path.is_file():
            executable = bool(path.stat().st_mode & 0o100)
            recipe.append(f"{path.relative_to(IMAGE)} {executable} {hashlib.sha256(path.read_bytes()).hexdigest()}")
    return hashlib.sha256("\0".join(recipe).encode()).hexdigest()[:12]


def lines_of(name):
    lines = (IMAGE / name).read_text().splitlines()
    return sorted(line for line in lines if line and not line.startswith("#"))


def install(root):
    """Debian and the packages, which apt installs: debootstrap does not understand all that packages depend on."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
                   **proxies()}  # fmt: skip
    mirror = os.environ.get("LAB_MIRROR", MIRROR)
    run(*APART, "debootstrap", "--variant=minbase", "--force-check-gpg", SUITE, root, mirror, env=environment)
    # The way to the mirror is this machine's, and no part of the result.
    temporary = {
        root / "etc/apt/apt.conf.d/99build": output("apt-config", "dump", "Acquire"),
        root / "etc/dpkg/dpkg.cfg.d/build": "force-unsafe-io\n",
        root / "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
        root / "etc/resolv.conf": Path("/etc/resolv.conf").read_text(),
    }
    for path, text in temporary.items():
        path.write_text(text)
        path.chmod(0o755)
    unread = "".join(f"path-exclude=/usr/share/{folder}/*\n" for folder in ("doc", "man", "info", "locale"))
    (root / "etc/dpkg/dpkg.cfg.d/unread").write_text(unread)
    inside = [*APART, f"--root={root}", "apt-get", "-q"]
    run(*inside, "update", env=environment)
    run(*inside, "install", "--yes", "--no-install-recommends", *lines_of("packages"), env=environment)
    run(*inside, "clean", env=environment)
    for path in temporary:
        path.unlink()
    shutil.rmtree(root / "var/lib/apt/lists")


def proxies():
    """The proxies of the environment, or else those that apt is configured with: debootstrap does not ask apt."""
    names = ("http_proxy", "https_proxy", "no_proxy")
    found = {name: value for name, value in os.environ.items() if name.lower() in names}
    for name in ("http", "https"):
        answer = output("apt-config", "shell", "PROXY", f"Acquire::{name}::Proxy").strip()
        if answer and f"{name}_proxy" not in found:
            found[f"{name}_proxy"] = answer.removeprefix("PROXY='").removesuffix("'")
    return found


def customise(root):
    """Debian becomes the image: nothing of it belongs to one instance, and nobody can log in."""
    for unit in lines_of("masked"):
        link = root / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    run("cp", "--recursive", "--no-dereference", "--remove-destination", f"{IMAGE / 'root'}/.", root, umask=0o022)
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n")
    # Empty is: to be made up at the boot.
    (root / "etc/machine-id").write_text("")
    for name in ("etc/hostname", "var/lib/dbus/machine-id"):
        (root / name).unlink(missing_ok=True)
    run("passwd", "--quiet", "--root", root, "--lock", "root")
    # Later than /usr, or the boot would bring up to date what is.
    for name in ("etc/.updated", "var/.updated"):
        (root / name).touch()


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def run(*command, **options):
    subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, check=True, **options)
