"""One server, looked at from inside and outside (HA-4)."""

import re

from watching import figure


def test_only_the_service_listens_and_only_the_load_balancer_reaches_it(acme):
    one, other, _ = acme.machines()
    listening = one.run("ss", "-Hltun")
    ports = {re.search(r":(\d+)\s", line.split(None, 4)[4] + " ")[1] for line in listening.splitlines() if "127.0.0.1" not in line}
    assert ports == {"8420"}, listening
    address = one.run("hostname", "-I").split()[0]
    # Another server, and somebody on the internet: silence, not a refusal.
    assert "000" in other.run("curl", "-s", "-m", "3", "-o", "/dev/null", "-w", "%{http_code}", f"http://{address}:8420/health", code=None)
    assert acme.knock(address, 8420) == "silence"
    assert acme.knock("192.0.2.11", 443) == "answers"
    assert acme.knock("192.0.2.11", 8420) == "silence"


def test_metadata_need_a_token(acme):
    machine = acme.machines()[0]
    code = ["curl", "-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}"]
    assert machine.run(*code, "http://169.254.169.254/latest/meta-data/instance-id") == "401"


def test_the_service_runs_with_nothing_it_does_not_need(acme):
    machine = acme.machines()[0]
    told = machine.run("systemd-analyze", "security", "--no-pager", "syncd.service")
    score = float(re.search(r"Overall exposure level for syncd.service: ([0-9.]+)", told)[1])
    assert score <= 2.0, told
    figure("instance", exposure=score)


def test_no_secret_is_readable_by_others(acme):
    machine = acme.machines()[0]
    found = machine.run("find", "/etc/syncd", "/var/log/syncd", "/usr/local/bin/syncd", "-printf", "%m %u %p\n")
    assert "600 root /etc/syncd/environment" in found
    others = machine.run("find", "/etc/syncd", "/var/log/syncd", "-type", "f", "-perm", "/o+r")
    assert others == "", f"readable by others: {others}"
    for file in ("/etc/syncd/environment", "/var/log/syncd/syncd.log"):
        machine.run("setpriv", "--reuid=65534", "--clear-groups", "cat", file, code=1)
    # Nothing in user data, on the console or in the logs looks like a secret.
    for text in (machine.run("cat", "/var/lib/cloud/instance/user-data.txt"), machine.run("cat", "/var/log/cloud-init-output.log"),
                 machine.run("cat", "/var/log/syncd/syncd.log")):  # fmt: skip
        assert not re.search(r"ASIA[A-Z0-9]{12,}|SecretAccessKey|Bearer [A-Za-z0-9._-]{20,}|password", text), text[:2000]
