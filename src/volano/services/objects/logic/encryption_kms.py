"""Data keys from KMS, on behalf of the one who asks: SSE-KMS.

The caller needs kms:GenerateDataKey to write and kms:Decrypt to read, by the key's policy and their
own. When a request names no key it is `alias/aws/s3`, which KMS keeps for the bucket's owner and
opens to everyone of that account, through S3.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from volano.kernel.errors import Denied, Internal, Unavailable, VolanoError
from volano.services.kms import interface as kms
from volano.services.objects.logic.access import bucket_arn, object_arn
from volano.services.objects.logic.errors import AccessDenied, KmsError
from volano.services.objects.model import Encryption, EncryptionMode

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.ids import AccountId
    from volano.kernel.journal import Journal
    from volano.services.objects.logic.encryption_requests import WantedEncryption
    from volano.services.objects.model import Bucket

DATA_KEY_BYTES = 32
NONCE_BYTES = 12
OWN_ALIAS = "alias/aws/s3"
ARN_CONTEXT = "aws:s3:arn"
BUCKET_KEY_US = 300_000_000
"""How long new objects share a bucket key: five minutes."""
MAX_BUCKET_KEYS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _BucketKey:
    """A key of a bucket, made by KMS, that wraps data keys without asking KMS for each."""

    plain: bytes = field(repr=False)
    wrapped: bytes
    key_arn: str
    context: dict[str, str]
    until_us: int


_BUCKET_KEYS: WeakKeyDictionary[Journal, dict[tuple[str, str, str], _BucketKey]] = (
    WeakKeyDictionary()
)
"""One dictionary per Env, whose journal is its key: by bucket, key name and caller's account."""


async def new_kms_key(
    env: Env, call: Call, bucket: Bucket, key: str, wanted: WantedEncryption
) -> tuple[Encryption, bytes]:
    """A new data key under a KMS key. Raises AccessDenied and KmsError."""
    named = wanted.kms_key or OWN_ALIAS
    arn = bucket_arn(bucket.name) if wanted.has_bucket_key else object_arn(bucket.name, key)
    context = {ARN_CONTEXT: arn, **wanted.kms_context}
    try:
        found = await _find_key(env, call, named, bucket.account)
        await _require(env, call, "kms:GenerateDataKey", found, context)
        if wanted.has_bucket_key and not wanted.kms_context:
            return await _with_bucket_key(env, call, bucket, found, named, context)
        _, plain, wrapped = await kms.generate_data_key(
            env, call, found.arn, context, size_bytes=DATA_KEY_BYTES
        )
    except VolanoError as error:
        raise _to_s3(error) from error
    encryption = Encryption(
        mode=EncryptionMode.KMS,
        wrapped=base64.b64encode(wrapped).decode(),
        kms_key=found.arn,
        kms_name=_shown(wanted.kms_key, found.arn),
        kms_context=context,
    )
    return encryption, plain


def _shown(named: str, arn: str) -> str:
    return named if named and named != arn else ""


async def open_kms_key(env: Env, call: Call, encryption: Encryption) -> bytes:
    """The data key of an object. Raises AccessDenied and KmsError."""
    context = encryption.kms_context
    wrapped = base64.b64decode(encryption.bucket_key or encryption.wrapped)
    try:
        found = await kms.find_named_key(env, env.store.reader, call, encryption.kms_key)
        await _require(env, call, "kms:Decrypt", found, context)
        _, plain = await kms.decrypt_blob(env, call, wrapped, context)
    except VolanoError as error:
        raise _to_s3(error) from error
    if not encryption.bucket_key:
        return plain
    inner = base64.b64decode(encryption.wrapped)
    try:
        return AESGCM(plain).decrypt(inner[:NONCE_BYTES], inner[NONCE_BYTES:], None)
    except InvalidTag as error:
        raise Internal("The data key of this object is damaged.") from error


async def rewrap_with_kms(
    env: Env, call: Call, bucket: Bucket, key: str, wanted: WantedEncryption, data_key: bytes
) -> Encryption:
    """Wrap a data key that there is under a KMS key. Raises AccessDenied and KmsError.

    KMS encrypts it at once, also for a bucket key: what is wrapped anew is an object, not a bucket.
    """
    context = {ARN_CONTEXT: object_arn(bucket.name, key), **wanted.kms_context}
    try:
        found = await _find_key(env, call, wanted.kms_key or OWN_ALIAS, bucket.account)
        await _require(env, call, "kms:GenerateDataKey", found, context)
        _, wrapped = await kms.encrypt_with(env, call, found.arn, data_key, context)
    except VolanoError as error:
        raise _to_s3(error) from error
    return Encryption(
        mode=EncryptionMode.KMS,
        wrapped=base64.b64encode(wrapped).decode(),
        kms_key=found.arn,
        kms_name=_shown(wanted.kms_key, found.arn),
        kms_context=context,
    )


async def _with_bucket_key(
    env: Env, call: Call, bucket: Bucket, found: kms.Key, named: str, context: dict[str, str]
) -> tuple[Encryption, bytes]:
    known = _BUCKET_KEYS.setdefault(env.journal, {})
    name = (bucket.id, found.arn, str(call.account))
    now_us = env.clock.now_us()
    shared = known.get(name)
    if shared is None or shared.until_us <= now_us:
        _, plain, wrapped = await kms.generate_data_key(
            env, call, found.arn, context, size_bytes=DATA_KEY_BYTES
        )
        shared = _BucketKey(
            plain=plain,
            wrapped=wrapped,
            key_arn=found.arn,
            context=context,
            until_us=now_us + BUCKET_KEY_US,
        )
        if len(known) >= MAX_BUCKET_KEYS:
            known.clear()
        known[name] = shared
    data_key, nonce = env.ids.bytes(DATA_KEY_BYTES), env.ids.bytes(NONCE_BYTES)
    inner = nonce + AESGCM(shared.plain).encrypt(nonce, data_key, None)
    encryption = Encryption(
        mode=EncryptionMode.KMS,
        wrapped=base64.b64encode(inner).decode(),
        kms_key=found.arn,
        kms_name=_shown("" if named == OWN_ALIAS else named, found.arn),
        kms_context=shared.context,
        bucket_key=base64.b64encode(shared.wrapped).decode(),
    )
    return encryption, data_key


async def _find_key(env: Env, call: Call, named: str, owner: AccountId) -> kms.Key:
    """The key that a request names, or the one that S3 keeps for the bucket's owner."""
    if named.removeprefix(f"arn:aws:kms:{env.region.name}:{owner}:") == OWN_ALIAS:
        return await kms.managed_key(env, owner, "s3")
    return await kms.find_named_key(env, env.store.reader, call, named)


async def _require(
    env: Env, call: Call, permission: str, key: kms.Key, context: dict[str, str]
) -> None:
    await kms.require_access(env, call, permission, key, context, via="s3")


def _to_s3(error: VolanoError) -> VolanoError:
    """What S3 says when KMS refuses (API reference, "Error responses": the KMS codes)."""
    if isinstance(error, Denied):
        return AccessDenied("Access Denied", facts={"kms": error.message, **error.facts})
    if isinstance(error, Internal | Unavailable):
        return error
    return KmsError(error.message, code=f"KMS.{error.wire_code}")
