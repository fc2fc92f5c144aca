"""`python -m lab test [pytest's arguments]`: the drills, in a sandbox with everything they need.
`python -m lab run COMMAND…`: any command in the sandbox, with the control plane up and nothing deployed.
"""

import os
import sys
import tempfile
from pathlib import Path

from . import base, world
from .authority import Authority

HERE = Path(__file__).resolve().parents[1]
REPOSITORY = HERE.parents[1]


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in ("test", "run", "inside"):
        sys.exit(__doc__)
    if sys.argv[1] == "inside":
        inside(*sys.argv[2:])
        return
    os.environ["PYTHONPATH"] = f"{HERE}:{HERE.parent / 'aws'}"
    root = base.ensure(Path(os.environ.get("LAB_CACHE", REPOSITORY / ".tools" / "lab")))
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        sys.exit(world.enter([sys.executable, "-m", "lab", "inside", sys.argv[1], folder, str(root), *sys.argv[2:]]))


def inside(what, folder, root, *arguments):
    """The first process of the sandbox."""
    assert world.is_inside()
    bundle = Authority(Path(folder) / "authority").bundle()
    world.prepare(folder, bundle)
    os.environ.update(LAB_FOLDER=folder, LAB_BASE=root, AWS_CA_BUNDLE=str(bundle), SSL_CERT_FILE=str(bundle),
                      REQUESTS_CA_BUNDLE=str(bundle))  # fmt: skip
    if what == "test":
        sys.exit(os.spawnvp(os.P_WAIT, sys.executable, [sys.executable, "-m", "pytest", *(arguments or ["-q", str(HERE)])]))
    from .process import Cloud

    with Cloud(Path(folder), root):
        sys.exit(os.spawnvp(os.P_WAIT, arguments[0], list(arguments)))


main()
