"""A certificate authority for one run of one program, and a certificate for Slack's names."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from volano.kernel.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

LIFE = timedelta(days=30)
NAMES = ("slack.com", "*.slack.com", "*.slack-edge.com", "*.slack-files.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """`ca` is the authority alone, `bundle` what the system trusts and it; `server` speaks TLS."""

    ca: Path
    bundle: Path
    server: ssl.SSLContext


def write_certificates(folder: Path) -> Certificates:
    """Make both; their keys lie in `folder` only, and nobody else trusts them."""
    now = datetime.fromtimestamp(SystemClock().now_us() / 1e6, UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Volano, for one program")])
    ca = (
        _builder(name, name, ca_key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    leaf_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "slack.com")])
    alternatives = x509.SubjectAlternativeName([x509.DNSName(item) for item in NAMES])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    leaf = (
        _builder(leaf_name, name, key, now)
        .add_extension(alternatives, critical=False)
        .add_extension(usage, critical=False)
        .add_extension(issuer, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "bundle.pem").write_bytes(_trusted() + ca.public_bytes(pem))
    (folder / "server.pem").write_bytes(leaf.public_bytes(pem))
    plain = serialization.NoEncryption()
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (folder / "server.key").write_bytes(secret)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem", folder / "server.key")
    return Certificates(ca=folder / "ca.pem", bundle=folder / "bundle.pem", server=server)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFE)
    )


def _trusted() -> bytes:
    """The authorities that this machine trusts, as PEM."""
    context = ssl.create_default_context()
    found = context.get_ca_certs(binary_form=True)
    return "".join(ssl.DER_cert_to_PEM_cert(item) for item in found).encode()
