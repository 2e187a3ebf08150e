"""Encrypt, decrypt, and make data keys.

A ciphertext of a symmetric key is: byte 1 (the form), the length of the key's name, the name
(`account/key`), the material's version (4 bytes), a random nonce (12), then AES-256-GCM's output.
Everything before the nonce and the encryption context are its associated data: a ciphertext opens
only whole, with its own key and the very context it was made with. The context is bound as JSON
with sorted names. A ciphertext of an RSA key is RSA's own and carries neither key nor context.
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from volano.kernel.ids import AccountId
from volano.services.kms.logic import asymmetric
from volano.services.kms.logic.access import find_named_key, require_usable
from volano.services.kms.logic.errors import (
    AccessDenied,
    IncorrectKey,
    InvalidCiphertext,
    ValidationException,
)
from volano.services.kms.logic.materials import (
    find_material,
    load_private_key,
    new_private_key,
    open_material,
    public_der,
)
from volano.services.kms.logic.metering import count_use
from volano.services.kms.logic.specs import require_algorithm, require_usage
from volano.services.kms.model import (
    DATA_KEY_BYTES,
    ENCRYPT,
    MAX_CIPHERTEXT_BYTES,
    MAX_CONTEXT_BYTES,
    MAX_DATA_KEY_BYTES,
    MAX_PLAINTEXT_BYTES,
    SYMMETRIC,
    Key,
)
from volano.services.kms.store import keys as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env

FORM = 1
NONCE_BYTES = 12
TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class Sealed:
    """A ciphertext taken apart; `head` is what is bound beside the context."""

    account: AccountId
    key_id: str
    version: int
    head: bytes
    nonce: bytes
    body: bytes


def _require(env: Env, key: Key, algorithm: str, operation: str) -> None:
    require_usable(env, key)
    require_usage(key, ENCRYPT, operation)
    require_algorithm(key, algorithm)


async def encrypt(
    env: Env, key: Key, plain: bytes, context: Mapping[str, str], algorithm: str = SYMMETRIC
) -> bytes:
    """Raises ValidationException for too many bytes, InvalidKeyUsage, and what `require_usable`
    does."""
    if not 1 <= len(plain) <= MAX_PLAINTEXT_BYTES:
        raise ValidationException(f"Plaintext must have 1 to {MAX_PLAINTEXT_BYTES} bytes.")
    _require(env, key, algorithm, "Encrypt")
    material = await open_material(env, key)
    if algorithm != SYMMETRIC:
        if context:
            raise ValidationException("EncryptionContext is for symmetric keys only.")
        return await asyncio.to_thread(asymmetric.encrypt, material, plain, algorithm)
    name = f"{key.account}/{key.id}".encode()
    head = bytes((FORM, len(name))) + name + struct.pack(">I", key.version)
    nonce = env.ids.bytes(NONCE_BYTES)
    return head + nonce + AESGCM(material).encrypt(nonce, plain, _bound(head, context))


async def decrypt(env: Env, key: Key, sealed: Sealed, context: Mapping[str, str]) -> bytes:
    """Raises InvalidCiphertext for a changed ciphertext or another context, and IncorrectKey."""
    if (key.account, key.id) != (sealed.account, sealed.key_id):
        raise IncorrectKey(
            "The key ID in the request does not identify a CMK that can perform this operation."
        )
    _require(env, key, SYMMETRIC, "Decrypt")
    material = await find_material(env, key, sealed.version)
    if material is None:
        raise InvalidCiphertext("")
    try:
        return AESGCM(material).decrypt(sealed.nonce, sealed.body, _bound(sealed.head, context))
    except InvalidTag as error:
        raise InvalidCiphertext("") from error


def parse_ciphertext(blob: bytes) -> Sealed:
    """Raises InvalidCiphertext; says nothing of why, as KMS does."""
    size = blob[1] if len(blob) > 1 else 0
    start = 2 + size + 4
    whole = start + NONCE_BYTES + TAG_BYTES <= len(blob) <= MAX_CIPHERTEXT_BYTES
    if not whole or blob[0] != FORM:
        raise InvalidCiphertext("")
    try:
        account, _, key_id = blob[2 : 2 + size].decode("ascii").partition("/")
    except UnicodeDecodeError as error:
        raise InvalidCiphertext("") from error
    if not key_id or "\x00" in account + key_id:
        raise InvalidCiphertext("")
    return Sealed(
        account=AccountId(account),
        key_id=key_id,
        version=struct.unpack(">I", blob[start - 4 : start])[0],
        head=blob[:start],
        nonce=blob[start : start + NONCE_BYTES],
        body=blob[start + NONCE_BYTES :],
    )


async def find_sealing_key(env: Env, sealed: Sealed) -> Key:
    """The key that made a ciphertext; raises AccessDenied, the same as where it is forbidden."""
    key = await rows.select_key(
        env.store.reader, sealed.account, sealed.key_id, region=env.region.name
    )
    if key is None:
        raise AccessDenied(
            "The ciphertext refers to a customer master key that does not exist, does not exist "
            "in this region, or you are not allowed to access."
        )
    return key


def _bound(head: bytes, context: Mapping[str, str]) -> bytes:
    written = msgspec.json.encode(dict(sorted(context.items())))
    if len(written) > MAX_CONTEXT_BYTES:
        raise ValidationException(f"EncryptionContext may have {MAX_CONTEXT_BYTES} bytes.")
    return head + written


async def encrypt_with(
    env: Env,
    call: Call,
    name: str,
    plain: bytes,
    context: Mapping[str, str],
    *,
    algorithm: str = SYMMETRIC,
) -> tuple[Key, bytes]:
    """Encrypt under the key called `name`; for callers whose action was authorized on it."""
    key = await find_named_key(env, env.store.reader, call, name)
    blob = await encrypt(env, key, plain, context, algorithm)
    count_use(env, call.account, key)
    return key, blob


async def decrypt_blob(
    env: Env,
    call: Call,
    blob: bytes,
    context: Mapping[str, str],
    *,
    name: str | None = None,
    algorithm: str = SYMMETRIC,
) -> tuple[Key, bytes]:
    """Decrypt; with `name`, only what that key encrypted (raises IncorrectKey)."""
    key = await find_decrypting_key(env, call, blob, name=name, algorithm=algorithm)
    if algorithm == SYMMETRIC:
        plain = await decrypt(env, key, parse_ciphertext(blob), context)
    else:
        _require(env, key, algorithm, "Decrypt")
        material = await open_material(env, key)
        plain = await asyncio.to_thread(asymmetric.decrypt, material, blob, algorithm)
    count_use(env, call.account, key)
    return key, plain


async def find_decrypting_key(
    env: Env, call: Call, blob: bytes, *, name: str | None, algorithm: str
) -> Key:
    """The key called `name`, or the one that a symmetric ciphertext names. Raises
    InvalidCiphertext, ValidationException."""
    sealed = parse_ciphertext(blob) if algorithm == SYMMETRIC else None
    if name is not None:
        return await find_named_key(env, env.store.reader, call, name)
    if sealed is None:
        raise ValidationException("KeyId is required to decrypt with an asymmetric key.")
    return await find_sealing_key(env, sealed)


async def generate_data_key(
    env: Env, call: Call, name: str, context: Mapping[str, str], *, size_bytes: int
) -> tuple[Key, bytes, bytes]:
    """A new random key of `size_bytes`, plain and encrypted under the key called `name`."""
    plain = env.ids.bytes(size_bytes)
    key, blob = await encrypt_with(env, call, name, plain, context)
    return key, plain, blob


async def generate_data_key_pair(
    env: Env, call: Call, name: str, context: Mapping[str, str], spec: str
) -> tuple[Key, bytes, bytes, bytes]:
    """A new key pair of `spec`: its private half plain and encrypted, and its public half."""
    plain = await asyncio.to_thread(new_private_key, spec)
    key, blob = await encrypt_with(env, call, name, plain, context)
    return key, plain, blob, public_der(load_private_key(plain))


def data_key_bytes(spec: str | None, size_bytes: int | None) -> int:
    """Exactly one of the two says how long; raises ValidationException."""
    if (spec is None) == (size_bytes is None):
        raise ValidationException("Please specify either number of bytes or key spec.")
    if spec is not None:
        if spec not in DATA_KEY_BYTES:
            raise ValidationException("KeySpec is AES_256 or AES_128.")
        return DATA_KEY_BYTES[spec]
    return require_random_size(size_bytes)


def require_random_size(size_bytes: int | None) -> int:
    if size_bytes is None or not 1 <= size_bytes <= MAX_DATA_KEY_BYTES:
        raise ValidationException(f"NumberOfBytes must be between 1 and {MAX_DATA_KEY_BYTES}.")
    return size_bytes
