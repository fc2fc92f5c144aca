"""The lab's certificate authority, made anew for each run: certificates for AWS's own names and for load balancers.

Profiles as rustls (webpki), OpenSSL with `X509_STRICT` and Python ask for: RFC 5280, sections 4.2.1.1 to 4.2.1.12.
"""

import datetime
import hashlib
import os
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
WEEK = datetime.timedelta(days=7)
# Of the subject, as long as X.509 lets a common name be.
LONGEST_COMMON_NAME = 64


def aws_names(region):
    """What a certificate for every API of AWS's has to cover; a wildcard stands for one label only.

    https://docs.aws.amazon.com/general/latest/gr/rande.html
    https://docs.aws.amazon.com/AmazonS3/latest/API/dual-stack-endpoints.html
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-account-endpoints.html
    """
    domains = ["amazonaws.com", f"{region}.amazonaws.com", "api.aws", f"{region}.api.aws"]
    buckets = ["s3.amazonaws.com", f"s3.{region}.amazonaws.com", f"dualstack.{region}.amazonaws.com",
               f"s3.dualstack.{region}.amazonaws.com", f"s3-control.{region}.amazonaws.com"]  # fmt: skip
    accounts = [f"ddb.{region}.amazonaws.com", f"ddb.{region}.api.aws"]
    return [f"*.{it}" for it in (*domains, *buckets, *accounts)]


class Authority:
    """Certificates in a folder. A second authority in the same folder, also of another process, is the same one."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        own = self.folder / "authority.pem"
        if not own.exists():
            keep(own, *new_authority())
        self.root = x509.load_pem_x509_certificate(own.read_bytes())
        self.key = serialization.load_pem_private_key(own.read_bytes(), None)

    def certificate(self, names):
        """A file with certificate, chain and key, as servers take it; the same one for the same names."""
        if not names:
            raise ValueError("a certificate needs a name")
        digest = hashlib.sha256("\n".join(sorted({it.lower() for it in names})).encode()).hexdigest()
        file = self.folder / f"server-{digest[:16]}.pem"
        if not file.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            keep(file, server(names, key, self.root, self.key), key, self.root)
        return file

    def bundle(self, system=SYSTEM_BUNDLE):
        """A file with the authorities that the system believes, and this one."""
        file = self.folder / "bundle.pem"
        if not file.exists():
            put(file, Path(system).read_bytes().rstrip() + b"\n" + pem(self.root), 0o644)
        return file


def new_authority():
    key = ec.generate_private_key(ec.SECP256R1())
    name = subject(f"syncctl lab {os.urandom(4).hex()}")
    made = (
        begun(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)
    )
    return made.sign(key, hashes.SHA256()), key


def server(names, key, root, root_key):
    issuer = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        begun(subject(names[0]), root.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(it) for it in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
        .sign(root_key, hashes.SHA256())
    )


def begun(name, issuer, public):
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        # Systems whose clocks are a little behind take it too.
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + WEEK)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


USES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip


def usage(**allowed):
    return x509.KeyUsage(**{it: False for it in USES} | allowed)


def subject(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:LONGEST_COMMON_NAME])])


def keep(file, certificate, key, *chain):
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    put(file, b"".join(pem(it) for it in (certificate, *chain)) + secret, 0o600)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def put(file, content, mode):
    """Whole or not at all, and the first one stays: another process may be about to write it as well."""
    half = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
    half.unlink(missing_ok=True)
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
    try:
        os.link(half, file)
    except FileExistsError:
        # Theirs is as good.
        pass
    finally:
        half.unlink()
