"""Values are sealed by a data key of their own, which a KMS key wraps (its developer guide, "Secret
encryption"): KMS authorizes the caller, and the encryption context binds secret and version."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from volano.kernel.errors import Internal
from volano.services.kms import interface as kms
from volano.services.secrets.logic.errors import InvalidRequest
from volano.services.secrets.model import SERVICE, Version

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.secrets.model import Secret

NONCE_BYTES = 12
KEY_BYTES = 32


def _context(secret: Secret, version_id: str) -> dict[str, str]:
    """The names that AWS's own service uses, so that its key policies fit."""
    return {"SecretARN": secret.arn, "SecretVersionId": version_id}


def _key_name(secret: Secret) -> str:
    """The KMS key as an ARN: a caller of another account must not mean one of its own."""
    name = secret.kms_key
    if name.startswith("arn:"):
        return name
    local = name if name.startswith("alias/") else f"key/{name}"
    return f"arn:aws:kms:{secret.region}:{secret.account}:{local}"


def require_shareable(call: Call, secret: Secret) -> None:
    """Raises InvalidRequest: nobody can let another account use the key that services share."""
    if call.account != secret.account and not secret.kms_key:
        raise InvalidRequest(
            "You can't access a secret from a different AWS account if you encrypt the secret "
            "with the default KMS service key."
        )


async def _key(env: Env, call: Call, secret: Secret) -> kms.Key:
    if secret.kms_key:
        return await kms.find_named_key(env, env.store.reader, call, _key_name(secret))
    return await kms.managed_key(env, secret.account, SERVICE)


async def require_key(env: Env, call: Call, secret: Secret) -> None:
    """Raises what KMS raises when the secret's key is not there or cannot be used."""
    if secret.kms_key:
        key = await _key(env, call, secret)
        context = _context(secret, "RequestToValidateKeyAccess")
        await kms.require_access(env, call, "kms:GenerateDataKey", key, context, via=SERVICE)


async def seal(
    env: Env, call: Call, secret: Secret, version_id: str, value: bytes, *, is_binary: bool
) -> Version:
    """A version of the secret. Raises Denied, InvalidRequest, and what KMS raises of a key that is
    no use."""
    require_shareable(call, secret)
    key, context = await _key(env, call, secret), _context(secret, version_id)
    await kms.require_access(env, call, "kms:GenerateDataKey", key, context, via=SERVICE)
    key, plain, wrapped = await kms.generate_data_key(
        env, call, key.arn, context, size_bytes=KEY_BYTES
    )
    nonce = env.ids.bytes(NONCE_BYTES)
    bound = f"{secret.arn} {version_id}".encode()
    return Version(
        id=version_id,
        data_key=wrapped,
        sealed=nonce + AESGCM(plain).encrypt(nonce, value, bound),
        is_binary=is_binary,
        digest=digest_of(env, secret, version_id, value, is_binary=is_binary),
        kms_key=key.arn,
        created_us=env.clock.now_us(),
    )


async def open_version(env: Env, call: Call, secret: Secret, version: Version) -> bytes:
    """The value. Raises Denied, InvalidRequest, and what KMS raises of a key that is no use."""
    require_shareable(call, secret)
    plain = await _open_key(env, call, secret, version)
    nonce, body = version.sealed[:NONCE_BYTES], version.sealed[NONCE_BYTES:]
    try:
        return AESGCM(plain).decrypt(nonce, body, f"{secret.arn} {version.id}".encode())
    except InvalidTag as error:
        raise Internal(f"The value of {secret.arn} is damaged.") from error


async def _open_key(env: Env, call: Call, secret: Secret, version: Version) -> bytes:
    context = _context(secret, version.id)
    key = await kms.find_decrypting_key(
        env, call, version.data_key, name=None, algorithm="SYMMETRIC_DEFAULT"
    )
    await kms.require_access(env, call, "kms:Decrypt", key, context, via=SERVICE)
    _, plain = await kms.decrypt_blob(env, call, version.data_key, context)
    return plain


async def rewrap(env: Env, call: Call, secret: Secret, version: Version) -> Version:
    """The version with its data key under the secret's present KMS key; the value stays sealed."""
    context = _context(secret, version.id)
    plain = await _open_key(env, call, secret, version)
    key = await _key(env, call, secret)
    await kms.require_access(env, call, "kms:Encrypt", key, context, via=SERVICE)
    key, wrapped = await kms.encrypt_with(env, call, key.arn, plain, context)
    return replace(version, data_key=wrapped, kms_key=key.arn)


def digest_of(env: Env, secret: Secret, version_id: str, value: bytes, *, is_binary: bool) -> bytes:
    """Tells the same value again from another one, for idempotency tokens."""
    kind = "binary" if is_binary else "string"
    return env.secrets.digest(f"secret {secret.arn} {version_id} {kind} {value.hex()}")
