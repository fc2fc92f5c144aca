"""The README's quick start is a program, and this test is the newcomer who types it in."""

import re

from conftest import ROOT, Home


def quick_start():
    """The one fenced `sh` block under the heading "Quick start"."""
    section = re.split(r"^## ", (ROOT / "README.md").read_text(), flags=re.M)
    section = next(part for part in section if part.startswith("Quick start"))
    blocks = re.findall(r"^```sh\n(.*?)^```", section, flags=re.M | re.S)
    assert len(blocks) == 1, "the quick start is one block"
    return blocks[0]


def test_the_quick_start_runs_from_top_to_bottom(tmp_path):
    home = Home(tmp_path / "home")
    # The README's own words come first: `make up`, at the default port, in a fresh home.
    home.env["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    build = ROOT / "target" / "debug"
    try:
        home.run(build / "syncctl", "up")
        done = home.run("bash", "-eu", "-o", "pipefail", "-c", f"cd '{ROOT}'\n{quick_start()}", timeout=900, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "identical" in done.stdout
    finally:
        home.run(build / "syncctl", "down", check=False)
