"""What an instance is told: the server's own list of variables, a script that a shell reads, a unit that confines."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KNOWN = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "123456789012",
    "WriterRole.Arn": "arn:aws:iam::123456789012:role/writer",
    "ReaderRole.Arn": "arn:aws:iam::123456789012:role/reader",
    "LoadBalancer.DNSName": "acme-1.eu-west-1.elb.amazonaws.com",
    "ServerLogs": "acme-ServerLogs-1",
}

# Why a variable has no line: its default is right on AWS, or the script adds it at boot.
LEFT_OUT = {
    "SYNCD_INSTANCE": "known at boot",
    "SYNCD_CLIENT_S3_ENDPOINT": "AWS's own",
    "SYNCD_WATCH_INTERVAL_MS": "default",
    "SYNCD_CONTENT_STREAMS": "default",
    "SYNCD_ALLOWED_ORIGINS": "the web page is the service's own",
    "SYNCD_LOG": "default",
    "SYNCD_LOG_FORMAT": "default: JSON lines, as the log service reads them",
    "SYNCD_MAIL_FROM": "without a mail identity there is no mail",
}


def user_data(it):
    (template,) = it.of_type("AWS::EC2::LaunchTemplate").values()
    return text_of(template["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"], it.parameters)


def text_of(value, parameters):
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return separator.join(text_of(part, parameters) for part in parts)
    known = KNOWN | parameters
    return re.sub(r"\$\{([^}]+)\}", lambda match: known[match[1]], value["Fn::Sub"])


def environment(script):
    return dict(line.split("=", 1) for line in script.split("<<'ENVIRONMENT'\n")[1].split("\nENVIRONMENT\n")[0].splitlines())


@pytest.fixture(scope="module")
def scripts(rendered):
    return [(it, user_data(it)) for it in rendered if it.stack == "app"]


def test_the_environment_is_the_one_that_the_server_reads(scripts):
    source = (ROOT / "src/syncd/src/config/variables.rs").read_text()
    variables = dict(re.findall(r'= "((?:SYNCD|AWS)_\w+)", (None|Some)', source))
    assert len(variables) > 15
    for it, script in scripts:
        told = environment(script)
        assert set(told) <= set(variables), it.name
        assert set(variables) - set(told) <= set(LEFT_OUT), it.name
        required = {name for name, default in variables.items() if default == "None"}
        assert required - set(told) == {"SYNCD_INSTANCE"}, it.name
        mail = any(name == "MailBounces" for name in it.resources)
        assert ("SYNCD_MAIL_FROM" in told) == mail, it.name


def test_an_instance_is_told_no_secret_and_little(scripts):
    for it, script in scripts:
        assert len(script.encode()) <= 16_384, it.name
        assert not re.search(r"AKIA|ASIA|secret|password|BEGIN [A-Z ]*PRIVATE", script, re.IGNORECASE), it.name
        assert "sha256sum --check" in script


def test_a_shell_reads_the_script(scripts):
    for _, script in scripts[::20]:
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_a_quoted_sender_survives_systemd_s_reader(scripts):
    told = [environment(script).get("SYNCD_MAIL_FROM", "") for _, script in scripts]
    assert '''"o'brien+\\$sync@mail.example.com"''' in told


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd judges its own units")
def test_the_unit_is_confined(scripts, tmp_path):
    unit = scripts[0][1].split("<<'UNIT'\n")[1].split("\nUNIT\n")[0]
    path = tmp_path / "syncd.service"
    path.write_text(unit.replace("/usr/local/bin/syncd", "/bin/true"))
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)]
    report = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    score = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", report)[1])
    # 0 is a service that can do nothing at all. What is left is the network, which it is for.
    assert score <= 1.1, report
