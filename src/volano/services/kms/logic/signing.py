"""Sign and verify, message authentication codes, public keys and shared secrets."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import TYPE_CHECKING

from volano.services.kms.logic import asymmetric
from volano.services.kms.logic.access import find_named_key, require_usable
from volano.services.kms.logic.errors import (
    InvalidKeyUsage,
    InvalidMac,
    InvalidSignature,
    UnsupportedOperation,
    ValidationException,
)
from volano.services.kms.logic.materials import load_private_key, open_material, public_der
from volano.services.kms.logic.metering import count_use
from volano.services.kms.logic.specs import (
    MAC_BYTES,
    algorithms_of,
    require_algorithm,
    require_usage,
)
from volano.services.kms.model import AGREE, MAC, MAX_MESSAGE_BYTES, SIGN, SYMMETRIC

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.kms.model import Key


async def _open(env: Env, call: Call, name: str, usage: str, operation: str) -> tuple[Key, bytes]:
    key = await find_named_key(env, env.store.reader, call, name)
    require_usable(env, key)
    require_usage(key, usage, operation)
    count_use(env, call.account, key)
    return key, await open_material(env, key)


def _is_digest(message: bytes, message_type: str | None) -> bool:
    if message_type not in (None, "RAW", "DIGEST"):
        raise ValidationException(f"MessageType {message_type} is not supported.")
    if not 1 <= len(message) <= MAX_MESSAGE_BYTES:
        raise ValidationException(f"Message must have 1 to {MAX_MESSAGE_BYTES} bytes.")
    return message_type == "DIGEST"


async def sign(
    env: Env, call: Call, name: str, message: bytes, algorithm: str, message_type: str | None
) -> tuple[Key, bytes]:
    """Raises InvalidKeyUsage and ValidationException."""
    is_digest = _is_digest(message, message_type)
    key, material = await _open(env, call, name, SIGN, "Sign")
    require_algorithm(key, algorithm)
    signature = await asyncio.to_thread(
        asymmetric.sign, material, message, algorithm, is_digest=is_digest
    )
    return key, signature


async def verify(
    env: Env,
    call: Call,
    name: str,
    *,
    message: bytes,
    signature: bytes,
    algorithm: str,
    message_type: str | None,
) -> Key:
    """Raises InvalidSignature when the signature is not the key's of this message."""
    is_digest = _is_digest(message, message_type)
    key, material = await _open(env, call, name, SIGN, "Verify")
    require_algorithm(key, algorithm)
    valid = await asyncio.to_thread(
        asymmetric.verify, material, message, signature, algorithm, is_digest=is_digest
    )
    if not valid:
        raise InvalidSignature("")
    return key


async def get_public_key(env: Env, call: Call, name: str) -> tuple[Key, bytes]:
    """SubjectPublicKeyInfo in DER. Raises UnsupportedOperation for keys that have none."""
    key = await find_named_key(env, env.store.reader, call, name)
    if key.spec == SYMMETRIC or key.spec in MAC_BYTES:
        raise UnsupportedOperation(f"{key.arn} is not an asymmetric key.")
    require_usable(env, key)
    count_use(env, call.account, key)
    material = await open_material(env, key)
    return key, await asyncio.to_thread(lambda: public_der(load_private_key(material)))


async def generate_mac(
    env: Env, call: Call, name: str, message: bytes, algorithm: str
) -> tuple[Key, bytes]:
    _is_digest(message, None)
    key, material = await _open(env, call, name, MAC, "GenerateMac")
    _require_mac_algorithm(key, algorithm)
    return key, hmac.new(material, message, _hash_name(algorithm)).digest()


async def verify_mac(
    env: Env, call: Call, name: str, message: bytes, mac: bytes, *, algorithm: str
) -> Key:
    """Raises InvalidMac when the code is not the key's of this message."""
    _is_digest(message, None)
    key, material = await _open(env, call, name, MAC, "VerifyMac")
    _require_mac_algorithm(key, algorithm)
    expected = hmac.new(material, message, _hash_name(algorithm)).digest()
    if not hmac.compare_digest(expected, mac):
        raise InvalidMac("")
    return key


def _require_mac_algorithm(key: Key, algorithm: str) -> None:
    """As `require_algorithm`, in the words that KMS has for codes. Raises InvalidKeyUsage."""
    if algorithm not in algorithms_of(key):
        raise InvalidKeyUsage(f"Algorithm {algorithm} is incompatible with key spec {key.spec}.")


def _hash_name(algorithm: str) -> str:
    name = algorithm.removeprefix("HMAC_").replace("_", "").lower()
    assert name in hashlib.algorithms_guaranteed, name
    return name


async def derive_shared_secret(env: Env, call: Call, name: str, public: bytes) -> tuple[Key, bytes]:
    """Raises InvalidKeyUsage and ValidationException."""
    key, material = await _open(env, call, name, AGREE, "DeriveSharedSecret")
    return key, asymmetric.derive(material, public)
