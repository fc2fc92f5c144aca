"""Trees to push, and a device that pushes them while something else happens."""

import random
import shutil
import subprocess

from background import Background
from client import sha256


class Pusher(Background):
    """Pushes one tree after the other until it is stopped; each push has to end well by itself."""

    def __init__(self, device, place, name):
        super().__init__()
        self.device, self.place, self.name = device, place, name
        self.trees, self.troubles = [], []

    def once(self):
        tree = self.device.path / f"{self.name}-{len(self.trees)}"
        make_tree(tree, tree.name)
        self.trees.append(tree)
        try:
            self.device.run("sync-agent", "push", tree, self.place, timeout=300)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            self.troubles.append(f"push of {tree.name}: {error!r}"[-800:])

    def compare(self):
        """Fetches every tree and compares it byte by byte; answers what went wrong so far."""
        for tree in self.trees:
            out = self.device.path / "out" / tree.name
            self.device.run("sync-agent", "pull", f"{self.place}{tree.name}", out)
            pulled = next(path for path in (out / tree.name, out) if path.is_dir())
            if contents(pulled) != contents(tree):
                self.troubles.append(f"{tree.name} came back different")
            shutil.rmtree(out)
        return self.troubles


def make_tree(folder, seed):
    """300 small files and three larger ones, all different."""
    rng = random.Random(seed)
    for index in range(300):
        path = folder / f"d{index % 10}" / f"{index}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rng.randbytes(rng.randrange(1, 20_000)))
    for index in range(3):
        (folder / f"large{index}.bin").write_bytes(rng.randbytes(12_000_000))


def contents(folder):
    return {str(p.relative_to(folder)): sha256(p.read_bytes()) for p in folder.rglob("*") if p.is_file()}
