"""What can be known of a machine without root: its console, its names, its image, and the log agent in it."""

import importlib.machinery
import importlib.util
import subprocess
import sys

import pytest

from lab import base
from lab.body import Body
from lab.cable import Cable

PACKAGE = base.IMAGE / "root/usr/share/packages/amazon-cloudwatch-agent/opt/aws/amazon-cloudwatch-agent/bin"


@pytest.fixture
def agent(monkeypatch):
    # A cache beside it would become a part of the image.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = str(PACKAGE / "amazon-cloudwatch-agent")
    loader = importlib.machinery.SourceFileLoader("amazon_cloudwatch_agent", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class Logs:
    """CloudWatch Logs, as far as the agent calls it."""

    class exceptions:
        class ResourceNotFoundException(Exception):
            pass

    def __init__(self):
        self.streams, self.calls = {}, []

    def create_log_stream(self, logGroupName, logStreamName):
        self.streams[logGroupName, logStreamName] = []

    def put_log_events(self, logGroupName, logStreamName, logEvents):
        if (logGroupName, logStreamName) not in self.streams:
            raise self.exceptions.ResourceNotFoundException
        self.calls.append(len(logEvents))
        self.streams[logGroupName, logStreamName] += [event["message"] for event in logEvents]


def shipped(agent, path):
    return agent.Shipped(Logs(), file_path=str(path), log_group_name="group", log_stream_name="stream", timezone="UTC")


def test_the_agent_ships_whole_lines_once(agent, tmp_path):
    path = tmp_path / "log"
    file = shipped(agent, path)
    file.ship()
    path.write_text("one\n\ntwo\nthr")
    file.ship()
    file.ship()
    path.write_text("one\n\ntwo\nthree\n")
    file.ship()
    assert file.logs.streams["group", "stream"] == ["one", "two", "three"]


def test_the_agent_begins_anew_after_a_rotation(agent, tmp_path):
    path = tmp_path / "log"
    file = shipped(agent, path)
    path.write_text("a longer line\n")
    file.ship()
    path.write_text("short\n")
    file.ship()
    assert file.logs.streams["group", "stream"] == ["a longer line", "short"]


def test_the_agent_keeps_to_the_limits_of_a_call(agent, tmp_path):
    path = tmp_path / "log"
    file = shipped(agent, path)
    path.write_text("x\n" * 25_000 + "y" * 100_000 + "\n")
    file.ship()
    assert max(file.logs.calls) <= 10_000
    sent = file.logs.streams["group", "stream"]
    assert sent.count("x") == 25_000 and "".join(sent[25_000:]) == "y" * 100_000


def test_dnf_knows_one_package():
    command = [base.IMAGE / "root/usr/bin/dnf", "install", "-y", "-q", "nginx"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "nginx" in done.stderr


def test_a_console_without_what_only_terminals_need(tmp_path):
    body = Body("/base", tmp_path, "i-0123456789abcdef0", "10.0.96.4", 20, "10.0.96.1", "/ca", "ip-10-0-96-4")
    assert body.console() == ""
    written = b"\x1b]0;title\x07\x1b[0;1;39mWelcome\x1b[0m\r\n\x1b(B[\x1b[0;32m  OK  \x1b[0m] 1\xc3\xa9\xff\x1bc\n"
    (tmp_path / "console").write_bytes(written)
    assert body.console() == "Welcome\n[  OK  ] 1\u00e9\ufffd\n"
    assert not body.running


def test_names_of_devices_fit_and_differ():
    names = {Cable(f"i-{number:017x}", "10.0.0.4", "10.0.0.1").name for number in (1, 2, 0xFEDCBA98765432101)}
    assert len(names) == 3 and all(len(name) <= 15 for name in names)


def test_a_changed_recipe_has_another_digest(monkeypatch, tmp_path):
    monkeypatch.setattr(base, "IMAGE", tmp_path)
    (tmp_path / "packages").write_text("# why\ncurl\n")
    (tmp_path / "masked").write_text("")
    file = tmp_path / "root" / "usr" / "bin" / "tool"
    file.parent.mkdir(parents=True)
    file.write_text("one")
    digests = [base.digest()]
    file.chmod(0o755)
    digests.append(base.digest())
    file.write_text("two")
    digests.append(base.digest())
    (tmp_path / "packages").write_text("git\n")
    digests.append(base.digest())
    assert len(set(digests)) == 4
    (tmp_path / "packages").write_text("# other words\ngit\n")
    assert base.digest() == digests[-1]


def test_the_image_has_what_the_boot_script_uses():
    script = (base.IMAGE.parents[2] / "templates/instance/boot.sh.j2").read_text()
    assert {"curl", "awscli", "logrotate", "systemd"} <= set(base.lines_of("packages"))
    assert "dnf install -y -q amazon-cloudwatch-agent" in script
