"""The signature of messages, by which a receiver knows that they come from this cloud.

Version 1 is RSA over SHA-1, version 2 over SHA-256, of the names and values of some members in
alphabetical order (SNS developer guide, "Verifying the signatures of Amazon SNS messages"). The
key is made at first use; its certificate is served at a public address of the console's port.
"""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from volano.services.topics.store import topics as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Env
    from volano.kernel.store import Store, Tx

KEY_BITS = 2048
VALID_DAYS = 3650
PATH = "/volano/v1/topics/certificates"
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)

_KEYS: WeakKeyDictionary[Store, tuple[str, rsa.RSAPrivateKey]] = WeakKeyDictionary()
"""The open key, by the database that holds it."""


async def open_key(env: Env) -> tuple[str, rsa.RSAPrivateKey]:
    """Id and key; the key is made when there is none."""
    known = _KEYS.get(env.store)
    if known is not None:
        return known
    found = await rows.select_signing_key(env.store.reader)
    if found is None:
        await _make_key(env)
        found = await rows.select_signing_key(env.store.reader)
        assert found is not None, "a key was just stored"
    plain = env.secrets.open(found[1], context=f"sns {found[0]}")
    key = serialization.load_der_private_key(plain, password=None)
    assert isinstance(key, rsa.RSAPrivateKey), "topics sign with RSA"
    _KEYS[env.store] = (found[0], key)
    return found[0], key


async def find_certificate(env: Env, key_id: str) -> str | None:
    """The certificate (PEM) of that key."""
    return await rows.select_certificate(env.store.reader, key_id)


def forget_key(env: Env) -> None:
    """Rows were changed behind our back (test mode's reset)."""
    _KEYS.pop(env.store, None)


async def _make_key(env: Env) -> None:
    now_us = env.clock.now_us()
    key_id = env.ids.hex(32)
    plain, certificate = await asyncio.to_thread(_generate, now_us, env.ids.bytes(16))
    sealed = env.secrets.seal(plain, context=f"sns {key_id}")

    async def write(tx: Tx) -> None:
        if await rows.select_signing_key(tx) is None:
            await rows.insert_signing_key(tx, key_id, sealed, certificate, created_us=now_us)

    await env.store.transact(write)


def _generate(now_us: int, serial: bytes) -> tuple[bytes, str]:
    """Private key (PKCS8, DER) and certificate (PEM), self-signed."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Volano topics")])
    now = datetime.fromtimestamp(now_us / 1e6, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(serial, "big") >> 1 or 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return plain, certificate.public_bytes(serialization.Encoding.PEM).decode()


async def sign(env: Env, members: Mapping[str, str], *, version: str) -> dict[str, str]:
    """SignatureVersion, Signature and SigningCertURL of a message."""
    key_id, key = await open_key(env)
    names = _NOTIFICATION if members["Type"] == "Notification" else _CONFIRMATION
    text = "".join(f"{name}\n{members[name]}\n" for name in names if members.get(name) is not None)
    algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303 - SNS's version 1
    signature = key.sign(text.encode(), padding.PKCS1v15(), algorithm)
    return {
        "SignatureVersion": version,
        "Signature": base64.b64encode(signature).decode(),
        "SigningCertURL": f"{env.config.console_url}{PATH}/{key_id}.pem",
    }
