"""Every example is a blueprint that this `syncctl` accepts."""

import pytest
from conftest import ROOT, Home

EXAMPLES = sorted((ROOT / "examples").glob("*/syncctl.yaml"))


def test_there_are_examples():
    assert EXAMPLES


@pytest.mark.parametrize("blueprint", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_is_valid_and_explained(blueprint, tmp_path):
    home = Home(tmp_path)
    home.run("syncctl", "validate", "-f", blueprint)
    shown = home.run("syncctl", "blueprint", "show", "--resolved", "--origin", "-f", blueprint).stdout
    assert "name:" in shown
    assert (blueprint.parent / "README.md").exists()
