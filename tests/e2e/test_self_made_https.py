"""A first login over HTTPS whose certificate nobody vouches for yet."""

import time

import pytest
from conftest import PASSWORD, Home


@pytest.fixture
def https(service):
    service.env["SYNCCTL_SET_ENTRY__CERTIFICATE"] = "self-made"
    service.endpoint = service.endpoint.replace("http://", "https://")
    service.up()
    return service


def test_a_newcomer_is_told_at_once_which_authority_to_trust(https):
    home = Home(https.path / "newcomer")
    invitation = home.secret("invitation", https.invitation("ada@example.com").read_text())
    password = home.secret("password", PASSWORD)
    login = ["sync-agent", "login", https.endpoint, "--invitation-file", invitation, "--password-file", password]
    started = time.monotonic()
    refused = home.run(*login, check=False)
    assert refused.returncode == 69
    assert time.monotonic() - started < 5, "the certificate is the same the next time"
    assert "hint: for a self-made certificate" in refused.stderr
    assert "used up" not in refused.stderr
    home.env["SSL_CERT_FILE"] = str(next(https.path.rglob("tls-authority.pem")))
    home.run(*login)
    assert home.run("sync-agent", "whoami").stdout.startswith("ada@example.com at https://")
