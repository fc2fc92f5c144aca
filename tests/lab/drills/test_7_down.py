"""`down` takes away what it made, keeps what the blueprint keeps, and `up` takes that over again."""

import time

from watching import figure
from pushing import contents, make_tree


def test_files_survive_down_and_up(acme):
    device = acme.agent("carla@example.com", "carla")
    device.run("sync-agent", "space", "create", "kept")
    tree = device.path / "tree"
    make_tree(tree, "kept")
    device.run("sync-agent", "push", tree, "kept:/")
    kept = acme.data_names()

    acme.unprotect()
    begun = time.monotonic()
    acme.down()
    down = time.monotonic() - begun
    assert acme.left_behind() == {}
    assert acme.cloud.ask("lab/state")["machines"] == []
    assert acme.data_names() == kept, "the data are where they were"

    begun = time.monotonic()
    acme.up()
    up = time.monotonic() - begun
    acme.point_domain()
    acme.settle()
    # The same device, with the same login: accounts are data too.
    device.run("sync-agent", "pull", "kept:/tree", device.path / "out")
    got = next(it for it in (device.path / "out" / "tree", device.path / "out") if (it / "d0").is_dir())
    assert contents(got) == contents(tree)
    figure("down and up", down_seconds=round(down, 1), up_seconds=round(up, 1))
