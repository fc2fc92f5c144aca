"""Server programs for the drills: good ones that differ, and bad ones of every kind."""

import subprocess
from pathlib import Path

SOURCES = Path(__file__).parent / "programs"


def good(acme, name):
    """The server, different in its digest only."""
    return program(acme, f"syncd-{name}", (acme.programs / "syncd").read_bytes() + name.encode())


def program(acme, name, content):
    path = acme.folder / name
    path.write_bytes(content)
    path.chmod(0o755)
    return path


def compiled(acme, name, *options):
    """A program of `programs/`, static, so that any system runs it."""
    path = acme.folder / f"bad-{name}"
    subprocess.run(["gcc", "-static", "-O1", "-o", path, SOURCES / f"{name}.c", *options], check=True)
    return path


def turns_bad(acme, seconds):
    """The real server, which leaves after so many seconds of service and never comes back."""
    path = compiled(acme, "turns_bad", f"-DSECONDS={seconds}")
    path.write_bytes(path.read_bytes() + (acme.programs / "syncd").read_bytes())
    return path


def for_arm(acme):
    """The server with the head of a program for another processor."""
    head = bytearray((acme.programs / "syncd").read_bytes())
    # e_machine, at offset 18 of an ELF file: 183 is AArch64.
    head[18:20] = (183).to_bytes(2, "little")
    return program(acme, "bad-arm", head)


def newer_glibc(acme):
    """The server, as if it was built on a newer system: it asks for a version of the C library nobody has yet."""
    built = (acme.programs / "syncd").read_bytes()
    wanted = b"GLIBC_2.34\0"
    assert wanted in built
    return program(acme, "bad-glibc", built.replace(wanted, b"GLIBC_2.99\0"))
