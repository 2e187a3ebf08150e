"""The bytes of keys: made here or imported, sealed in the database, opened only to be used.

Symmetric and HMAC material is raw; private keys are PKCS #8 in DER. Making an RSA key takes up to
seconds, so it happens in a thread and outside of transactions.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from volano.services.kms.logic.errors import KmsInvalidState
from volano.services.kms.logic.specs import EDWARDS, MAC_BYTES, RSA_BITS, SYMMETRIC_BYTES
from volano.services.kms.model import SYMMETRIC, Material
from volano.services.kms.store import keys as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Reader
    from volano.services.kms.model import Key

    PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

CURVES: dict[str, ec.EllipticCurve] = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
    "ECC_SECG_P256K1": ec.SECP256K1(),
}
MAX_OPEN_KEYS = 256
"""Private keys kept parsed; parsing checks them, which takes milliseconds."""


async def new_bytes(env: Env, spec: str) -> bytes:
    """New random material for a key of `spec`."""
    if spec == SYMMETRIC:
        return env.ids.bytes(SYMMETRIC_BYTES)
    if spec in MAC_BYTES:
        return env.ids.bytes(MAC_BYTES[spec])
    return await asyncio.to_thread(new_private_key, spec)


def new_private_key(spec: str) -> bytes:
    """PKCS #8 of a new private key. Takes up to seconds for RSA."""
    key: PrivateKey
    if spec in RSA_BITS:
        key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS[spec])
    elif spec == EDWARDS:
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = ec.generate_private_key(CURVES[spec])
    return private_der(key)


def private_der(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def public_der(key: PrivateKey) -> bytes:
    """SubjectPublicKeyInfo, as GetPublicKey answers it."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@lru_cache(maxsize=MAX_OPEN_KEYS)
def load_private_key(der: bytes) -> PrivateKey:
    key = load_der_private_key(der, password=None)
    kinds = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    assert isinstance(key, kinds), "no other is stored"
    return key


def seal_material(
    env: Env, key: Key, plain: bytes, *, version: int = 1, made_by: str = ""
) -> Material:
    return Material(
        version=version,
        sealed=env.secrets.seal(plain, context=_context(key, version)),
        created_us=env.clock.now_us(),
        made_by=made_by,
        digest=digest_of(env, plain) if key.origin == "EXTERNAL" else None,
    )


def digest_of(env: Env, plain: bytes) -> bytes:
    """What tells imported bytes from others without holding them."""
    return env.secrets.digest(f"kms import {plain.hex()}")


async def find_material(
    env: Env, key: Key, version: int, *, reader: Reader | None = None
) -> bytes | None:
    """The key's bytes of that version, or None when there are none (any more)."""
    material = await rows.select_material(reader or env.store.reader, key, version)
    if material is None or not material.sealed:
        return None
    return env.secrets.open(material.sealed, context=_context(key, version))


async def open_material(env: Env, key: Key) -> bytes:
    """The key's present bytes. Raises KmsInvalidState when it was deleted since it was read."""
    plain = await find_material(env, key, key.version)
    if plain is None:
        raise KmsInvalidState(f"{key.arn} has no key material.")
    return plain


def _context(key: Key, version: int) -> str:
    return f"kms {key.account} {key.id} {version}"
