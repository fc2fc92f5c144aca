"""A hundred real previews: made, sixty of them expired, listed, collected. Calls and seconds of each.

    python tests/bench/previews.py BINARIES

Needs the packages of tests/aws/requirements.txt. The emulator's pace is 0: no statement about AWS's own times follows.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "aws"))

COUNT, EXPIRED = 100, 60


def main():
    os.environ["SYNCCTL_TEST_BINARIES"] = str(Path(sys.argv[1]).resolve())
    from previews import expire
    from product import Product
    from stage import Stage

    with tempfile.TemporaryDirectory(prefix="syncctl-bench-") as work:
        stage = Stage(Path(work) / "stage")
        try:
            product = Product(Path(work) / "pr", stage, least=1, more="ttl: 48h\ndatabase: { protect: false }")
            stage.set(pace_ms=0, change_set_ms=0, quotas={"L-1216C47A": 10_000, "L-F678F1CE": 1_000, "L-53DA6B97": 1_000})
            names = [f"pr-{number}" for number in range(COUNT)]
            print(f"| what | calls | seconds |\n|---|---|---|\n{row(stage, f'{COUNT} × `up`', lambda: [up(product, name) for name in names])}")
            for name in names[:EXPIRED]:
                expire(stage, name)
            print(row(stage, "`preview list`", lambda: product.run("preview", "list")))
            print(row(stage, "`preview gc`", lambda: product.run("preview", "gc")))
            found = {}
            print(row(stage, "`preview gc --yes`", lambda: found.update(product.json("preview", "gc", "--yes", seconds=600))))
            collected = {it["name"] for it in found["deployments"] if it["outcome"] == "collected"}
            left = {it["name"] for it in product.json("preview", "list")["previews"]}
            assert collected == set(names[:EXPIRED]) and left == set(names[EXPIRED:]), json.dumps(found)[:2000]
            print(f"\nexactly the {len(collected)} expired ones are gone, {len(left)} are left")
        finally:
            stage.end()


def up(product, name):
    product.run("up", "--yes", "--name", name)


def row(stage, what, work):
    stage.forget_calls()
    begun = time.perf_counter()
    work()
    return f"| {what} | {len(stage.calls()):,} | {time.perf_counter() - begun:.1f} |"


if __name__ == "__main__":
    main()
