"""The lab's certificates: who believes them, and for which names."""

import socket
import ssl
import stat
import subprocess
import threading

import pytest
from cryptography import x509
from lab.authority import Authority, aws_names

ACCOUNT, REGION = "123456789012", "eu-west-1"


def first(file):
    """The first certificate of a file."""
    return b"".join(file.read_bytes().partition(b"-----END CERTIFICATE-----\n")[:2])


@pytest.fixture
def system(tmp_path):
    """Stands for the system's own bundle."""
    other = Authority(tmp_path / "other")
    file = tmp_path / "system.crt"
    file.write_bytes(first(other.folder / "authority.pem"))
    return file


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "lab")


def shake_hands(file, bundle, name, strict=True):
    """A TLS handshake over a pair of sockets; answers the certificate's names."""
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(file)
    asked = ssl.create_default_context(cafile=bundle)
    if strict:
        asked.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()

    def serve():
        try:
            served.wrap_socket(theirs, server_side=True).close()
        except (ssl.SSLError, OSError):
            theirs.close()

    server = threading.Thread(target=serve)
    server.start()
    try:
        with asked.wrap_socket(ours, server_hostname=name) as connection:
            return [value for _, value in connection.getpeercert()["subjectAltName"]]
    finally:
        ours.close()
        server.join()


@pytest.mark.parametrize("name", [
    "sts.amazonaws.com", f"sts.{REGION}.amazonaws.com", f"s3.{REGION}.amazonaws.com", "s3.amazonaws.com",
    f"some-bucket.s3.{REGION}.amazonaws.com", "some-bucket.s3.amazonaws.com", f"logs.{REGION}.api.aws",
    f"{ACCOUNT}.ddb.{REGION}.amazonaws.com", f"{ACCOUNT}.ddb.{REGION}.api.aws", f"s3.dualstack.{REGION}.amazonaws.com",
    f"some-bucket.s3.dualstack.{REGION}.amazonaws.com", f"{ACCOUNT}.s3-control.{REGION}.amazonaws.com",
])  # fmt: skip
def test_every_api_name_is_covered(authority, system, name):
    shake_hands(authority.certificate(aws_names(REGION)), authority.bundle(system), name)


def test_other_names_are_not(authority, system):
    file = authority.certificate(["sync.example.com"])
    assert shake_hands(file, authority.bundle(system), "sync.example.com") == ["sync.example.com"]
    for name in ("example.com", "other.example.com"):
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            shake_hands(file, authority.bundle(system), name)


def test_who_does_not_know_the_lab_refuses(authority, system):
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer|self-signed"):
        shake_hands(authority.certificate(["sync.example.com"]), system, "sync.example.com")


def test_the_bundle_keeps_what_the_system_believes(authority, system):
    text = authority.bundle(system).read_text()
    assert text.count("BEGIN CERTIFICATE") == 2 and "PRIVATE" not in text
    assert text.startswith(system.read_text())


def test_a_file_is_made_once_and_only_its_owner_reads_it(authority):
    file = authority.certificate(["b.example.com", "a.example.com"])
    before = file.read_bytes()
    assert authority.certificate(["a.example.com", "B.example.com"]) == file and file.read_bytes() == before
    assert authority.certificate(["a.example.com"]) != file
    for it in authority.folder.iterdir():
        assert stat.S_IMODE(it.stat().st_mode) == 0o600, it


def test_a_second_authority_in_the_folder_is_the_same(authority, system):
    again = Authority(authority.folder)
    shake_hands(again.certificate(["sync.example.com"]), authority.bundle(system), "sync.example.com")
    assert again.root == authority.root
    assert Authority(authority.folder.parent / "next").root != authority.root


def test_many_at_once_agree(tmp_path):
    found = []
    threads = [threading.Thread(target=lambda: found.append(Authority(tmp_path / "one").root)) for _ in range(8)]
    for it in threads:
        it.start()
    for it in threads:
        it.join()
    assert len(found) == 8 and len({it.serial_number for it in found}) == 1


def test_extensions(authority):
    leaf, root = x509.load_pem_x509_certificates(authority.certificate(aws_names(REGION)).read_bytes())
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days == 7
    known = {it.oid._name for it in leaf.extensions}
    assert known == {"basicConstraints", "keyUsage", "extendedKeyUsage", "subjectAltName", "subjectKeyIdentifier",
                     "authorityKeyIdentifier"}  # fmt: skip
    leaf.verify_directly_issued_by(root)
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_openssl_believes_it(authority, system, tmp_path):
    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(first(authority.certificate(["sync.example.com"])))
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "sync.example.com",
               "-CAfile", str(authority.bundle(system)), str(leaf)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
