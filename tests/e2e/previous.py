"""The server of an earlier commit, built from this repository's history: what a mixed deployment is tested with.

    python tests/e2e/previous.py

builds it once, into .tmp/, with the dependencies that are built already; `make test-e2e` does so.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Before the server's later work on damaged content, logins and drains: it answers differently in many places.
PREVIOUS = "9ca6378"
FOLDER = ROOT / ".tmp" / "previous" / PREVIOUS
PROGRAM = FOLDER / "syncd"


def is_known():
    """Whether the commit is in this clone; a shallow one may lack it."""
    git = ["git", "-C", ROOT, "cat-file", "-e", f"{PREVIOUS}^{{commit}}"]
    return shutil.which("git") is not None and subprocess.run(git, capture_output=True).returncode == 0


def build():
    """Leaves everything else in the target folder as it was, also the present build's `syncd`."""
    if PROGRAM.exists():
        return PROGRAM
    source = FOLDER / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    archive = subprocess.run(["git", "-C", ROOT, "archive", PREVIOUS], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", source], input=archive, check=True)
    tell_apart(source)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
    present, aside = target / "debug" / "syncd", target / "debug" / "syncd.present"
    # A second name of the same file: cargo puts the other build in the first one's place.
    aside.unlink(missing_ok=True)
    if present.exists():
        os.link(present, aside)
    try:
        # The whole workspace decides about the features of dependencies, that of tests included; asking for one
        # (small) test gives them the features that they were built with already.
        command = ["cargo", "build", "--workspace", "--bin", "syncd", "--test", "wire"]
        subprocess.run(command, check=True, cwd=source, env=os.environ | {"CARGO_TARGET_DIR": str(target)})
        shutil.copy(present, FOLDER / "syncd.new")
    finally:
        present.unlink(missing_ok=True)
        if aside.exists():
            aside.rename(present)
    (FOLDER / "syncd.new").rename(PROGRAM)
    shutil.rmtree(source)
    return PROGRAM


def tell_apart(source):
    """Another version number: cargo would otherwise take the crates of both trees for the same ones."""
    manifest = source / "Cargo.toml"
    text = manifest.read_text()
    assert text.count('\nversion = "0.1.0"\n') == 1, "the workspace names the version of its crates once"
    manifest.write_text(text.replace('\nversion = "0.1.0"\n', '\nversion = "0.0.9"\n'))


if __name__ == "__main__":
    if not is_known():
        print(f"commit {PREVIOUS} is not in this clone; the test of mixed releases will be skipped", file=sys.stderr)
    else:
        build()
