"""Imported key material: bytes made elsewhere, brought in wrapped, that can be taken out again.

`get_parameters` makes an RSA key pair of the import's own; `import_material` unwraps with it. A key
takes only the same bytes again after its material was deleted or expired (IncorrectKeyMaterial),
so that old ciphertexts open again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding
from cryptography.hazmat.primitives.serialization import load_der_private_key

from volano.kernel.errors import NotBuilt
from volano.services.kms.logic.access import find_named_key, require_not_deleted
from volano.services.kms.logic.asymmetric import oaep
from volano.services.kms.logic.errors import (
    ExpiredImportToken,
    IncorrectKeyMaterial,
    InvalidCiphertext,
    InvalidImportToken,
    UnsupportedOperation,
    ValidationException,
)
from volano.services.kms.logic.materials import (
    CURVES,
    digest_of,
    load_private_key,
    new_private_key,
    private_der,
    public_der,
    seal_material,
)
from volano.services.kms.logic.specs import EDWARDS, MAC_BYTES, RSA_BITS, SYMMETRIC_BYTES
from volano.services.kms.model import (
    IMPORT_HOURS,
    MAX_IMPORTS_PER_KEY,
    SYMMETRIC,
    ImportKey,
    Key,
    KeyState,
)
from volano.services.kms.store import grants as import_rows
from volano.services.kms.store import keys as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

HOUR_US = 3_600_000_000
TOKEN_BYTES = 64
MAX_VALID_DAYS = 365
ALGORITHMS = (
    "RSAES_OAEP_SHA_1",
    "RSAES_OAEP_SHA_256",
    "RSA_AES_KEY_WRAP_SHA_1",
    "RSA_AES_KEY_WRAP_SHA_256",
)
EXPIRE_BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What GetParametersForImport answers."""

    key: Key
    token: bytes
    public_key: bytes
    expires_us: int


def _require_external(key: Key) -> None:
    """Raises UnsupportedOperation, KmsInvalidState."""
    if key.origin != "EXTERNAL":
        raise UnsupportedOperation(
            f"{key.arn} origin is {key.origin} which is not valid for this operation."
        )
    require_not_deleted(key)


async def get_parameters(
    env: Env, call: Call, name: str, *, algorithm: str, spec: str
) -> Parameters:
    """A wrapping key and token, good for 24 hours. Raises UnsupportedOperation, NotBuilt."""
    if algorithm not in ALGORITHMS:
        raise NotBuilt(f"WrappingAlgorithm {algorithm} is not built; use {ALGORITHMS[-1]}.")
    if spec not in RSA_BITS:
        raise NotBuilt(f"WrappingKeySpec {spec} is not built; use RSA_4096.")
    key = await find_named_key(env, env.store.reader, call, name)
    _require_external(key)
    if algorithm.startswith("RSAES") and key.spec in RSA_BITS:
        raise ValidationException(f"{key.spec} key material needs RSA_AES_KEY_WRAP.")
    private = await asyncio.to_thread(new_private_key, spec)
    token = env.ids.bytes(TOKEN_BYTES)
    expires_us = env.clock.now_us() + IMPORT_HOURS * HOUR_US
    wrapping = ImportKey(
        account=key.account,
        key_id=key.id,
        token=token,
        algorithm=algorithm,
        sealed=env.secrets.seal(private, context=_context(key, token)),
        expires_us=expires_us,
    )

    async def write(tx: Tx) -> None:
        await import_rows.insert_import(tx, wrapping, keep=MAX_IMPORTS_PER_KEY)

    await env.store.transact(write)
    public = public_der(load_private_key(private))
    return Parameters(key=key, token=token, public_key=public, expires_us=expires_us)


async def import_material(
    env: Env, call: Call, name: str, token: bytes, wrapped: bytes, *, valid_until_us: int | None
) -> Key:
    """Unwrap and store. Raises InvalidImportToken, ExpiredImportToken, InvalidCiphertext,
    IncorrectKeyMaterial, ValidationException."""
    key = await find_named_key(env, env.store.reader, call, name)
    _require_external(key)
    wrapping = await import_rows.find_import(env.store.reader, key, token)
    now_us = env.clock.now_us()
    if wrapping is None:
        raise InvalidImportToken("")
    if wrapping.expires_us <= now_us:
        raise ExpiredImportToken("")
    if valid_until_us is not None and not (
        now_us < valid_until_us <= now_us + MAX_VALID_DAYS * 24 * HOUR_US
    ):
        raise ValidationException(f"ValidTo must be within {MAX_VALID_DAYS} days from now.")
    private = env.secrets.open(wrapping.sealed, context=_context(key, token))
    plain = await asyncio.to_thread(_unwrap, private, wrapped, wrapping.algorithm)
    plain = _checked(key.spec, plain)

    async def write(tx: Tx) -> Key:
        found = await find_named_key(env, tx, call, name)
        _require_external(found)
        held = await rows.select_material(tx, found, found.version)
        if held is not None and held.digest != digest_of(env, plain):
            raise IncorrectKeyMaterial("")
        await rows.insert_material(tx, found, seal_material(env, found, plain))
        waiting = found.state is KeyState.PENDING_IMPORT
        state = KeyState.ENABLED if waiting else found.state
        found = replace(found, state=state, expires_us=valid_until_us)
        await rows.update_key(tx, found)
        return found

    return await env.store.transact(write)


def _unwrap(private: bytes, wrapped: bytes, algorithm: str) -> bytes:
    """The bytes inside, for RSA_AES_KEY_WRAP by an AES key (RFC 5649) that RSA-OAEP wraps."""
    key = load_private_key(private)
    assert isinstance(key, rsa.RSAPrivateKey), "wrapping keys are RSA keys"
    size = key.key_size // 8
    try:
        inner = key.decrypt(wrapped[:size], oaep(algorithm))
        if algorithm.startswith("RSAES"):
            if len(wrapped) != size:
                raise InvalidCiphertext("")
            return inner
        return aes_key_unwrap_with_padding(inner, wrapped[size:])
    except (ValueError, InvalidUnwrap) as error:
        raise InvalidCiphertext("") from error


def _checked(spec: str, plain: bytes) -> bytes:
    """The material in the form it is stored in. Raises IncorrectKeyMaterial."""
    if spec == SYMMETRIC or spec in MAC_BYTES:
        wanted = SYMMETRIC_BYTES if spec == SYMMETRIC else MAC_BYTES[spec]
        if len(plain) != wanted:
            raise IncorrectKeyMaterial(f"Key material of {spec} has {wanted} bytes.")
        return plain
    try:
        key = load_der_private_key(plain, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise IncorrectKeyMaterial("Key material must be PKCS #8 in DER.") from error
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size == RSA_BITS.get(spec):
        return private_der(key)
    if spec == EDWARDS and isinstance(key, ed25519.Ed25519PrivateKey):
        return private_der(key)
    curve = CURVES.get(spec)
    if curve is None or not isinstance(key, ec.EllipticCurvePrivateKey):
        raise IncorrectKeyMaterial(f"Key material is not that of a {spec} key.")
    if key.curve.name != curve.name:
        raise IncorrectKeyMaterial(f"Key material is not that of a {spec} key.")
    return private_der(key)


async def delete_material(env: Env, call: Call, name: str) -> Key:
    """Take the bytes out; the key waits for them to be imported again."""

    async def write(tx: Tx) -> Key:
        key = await find_named_key(env, tx, call, name)
        _require_external(key)
        return await _empty(tx, key)

    return await env.store.transact(write)


async def _empty(tx: Tx, key: Key) -> Key:
    await rows.empty_material(tx, key)
    deleted = key.state is KeyState.PENDING_DELETION
    state = key.state if deleted else KeyState.PENDING_IMPORT
    key = replace(key, state=state, expires_us=None)
    await rows.update_key(tx, key)
    return key


async def delete_expired_material(env: Env) -> int:
    """Take out what was imported until now, and forget old wrapping keys; returns how many."""

    async def expire(tx: Tx) -> int:
        now_us = env.clock.now_us()
        await import_rows.delete_imports_before(tx, before_us=now_us)
        due = await rows.select_keys_due(
            tx, "expires_us", before_us=now_us, limit=EXPIRE_BATCH, region=env.region.name
        )
        for key in due:
            await _empty(tx, key)
        return len(due)

    expired = 0
    while batch := await env.store.transact(expire):
        expired += batch
    return expired


def _context(key: Key, token: bytes) -> str:
    return f"kms import {key.account} {key.id} {token.hex()}"
