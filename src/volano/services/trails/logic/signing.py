"""The keys that sign digests, and the signature itself (CloudTrail user guide, "Custom
implementations of log file integrity validation"): RSA PKCS #1 v1.5 with SHA-256."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from volano.services.trails.model import KEY_DAYS, KEY_VALID_DAYS, SigningKey
from volano.services.trails.store import files as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx

DAY_US = 86_400_000_000
KEY_BITS = 2048
MAX_KEYS = 100


async def current_key(env: Env) -> SigningKey:
    """The key to sign with now; made when there is none younger than a year. The caller holds the
    lease of digests."""
    now_us = env.clock.now_us()
    keys = await rows.select_keys(env.store.reader, from_us=now_us, until_us=now_us, limit=1)
    if keys and keys[0].start_us > now_us - KEY_DAYS * DAY_US:
        return keys[0]
    private = await asyncio.to_thread(
        rsa.generate_private_key, public_exponent=65537, key_size=KEY_BITS
    )
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    fingerprint = hashlib.md5(public, usedforsecurity=False).hexdigest()
    plain = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    key = SigningKey(
        fingerprint=fingerprint,
        public=public,
        sealed=env.secrets.seal(plain, context=f"trails key {fingerprint}"),
        start_us=now_us,
        end_us=now_us + KEY_VALID_DAYS * DAY_US,
    )

    async def write(tx: Tx) -> None:
        await rows.insert_key(tx, key)

    await env.store.transact(write)
    return key


def sign(env: Env, key: SigningKey, text: str) -> str:
    """The signature in hexadecimal digits; the same text has the same signature."""
    plain = env.secrets.open(key.sealed, context=f"trails key {key.fingerprint}")
    private = load_der_private_key(plain, password=None)
    assert isinstance(private, rsa.RSAPrivateKey), "no other is stored"
    return private.sign(text.encode(), padding.PKCS1v15(), SHA256()).hex()


async def list_keys(env: Env, *, from_us: int, until_us: int) -> list[SigningKey]:
    """Public keys that were good at some time between."""
    return await rows.select_keys(
        env.store.reader, from_us=from_us, until_us=until_us, limit=MAX_KEYS
    )
