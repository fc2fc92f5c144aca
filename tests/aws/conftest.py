"""A stage for the tests, one per session and clean before each of them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from rendered import Rendered, render  # noqa: E402
from stage import Stacks, Stage  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    for name in ("stage", "guarded"):
        stage = item.funcargs.get(name)
        if report.failed and stage is not None:
            report.sections.append(("log of the stage", stage.log.read_text()[-8000:]))


@pytest.fixture(scope="session")
def session_stage(tmp_path_factory):
    stage = Stage(tmp_path_factory.mktemp("stage"))
    yield stage
    stage.end()


@pytest.fixture
def stage(session_stage):
    """An empty AWS."""
    session_stage.reset()
    return session_stage


@pytest.fixture(scope="session")
def session_guarded(tmp_path_factory):
    stage = Stage(tmp_path_factory.mktemp("guarded"), "--auth")
    yield stage
    stage.end()


@pytest.fixture
def guarded(session_guarded):
    """An empty AWS that checks signatures and rights."""
    session_guarded.reset()
    return session_guarded


@pytest.fixture
def stacks(stage):
    return Stacks(stage)


@pytest.fixture(scope="session")
def templates(tmp_path_factory):
    return render(tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="session")
def data(templates):
    """The data stack of production.yaml."""
    return Rendered(templates, "production", "data")


@pytest.fixture(scope="session")
def app(templates):
    """The app stack of production.yaml."""
    return Rendered(templates, "production", "app")


@pytest.fixture
def production(stacks, data, app):
    """production.yaml, deployed."""
    for it in (data, app):
        found = stacks.deploy(it.name, it.text, "CREATE", it.parameters, it.tags)
        assert found["StackStatus"] == "CREATE_COMPLETE", "\n".join(stacks.told(it.name))
    return app.name
