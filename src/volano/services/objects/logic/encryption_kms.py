"""Data keys from KMS, on behalf of the one who asks: SSE-KMS.

The caller needs kms:GenerateDataKey to write and kms:Decrypt to read, by the key's policy and their
own. The account's own key for S3 (`aws/s3`, when a request names none) is open to everyone of the
account whom S3 lets in, and made when it is first wanted.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from volano.kernel.errors import Denied, Internal, NotFound, Unavailable, VolanoError
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
    own = _own_key_id(owner)
    if named.removeprefix(f"arn:aws:kms:{env.region.name}:{owner}:") != OWN_ALIAS:
        return await kms.find_named_key(env, env.store.reader, call, named)
    arn = f"arn:aws:kms:{env.region.name}:{owner}:key/{own}"
    try:
        return await kms.find_named_key(env, env.store.reader, call, arn)
    except (NotFound, Denied):
        await kms.seed_key(env, owner, own, "The key of this account that protects S3 objects")
    return await kms.find_named_key(env, env.store.reader, call, arn)


def _own_key_id(account: AccountId) -> str:
    digest = hashlib.sha256(f"aws/s3 {account}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


async def _require(
    env: Env, call: Call, permission: str, key: kms.Key, context: dict[str, str]
) -> None:
    if key.account == call.account and key.id == _own_key_id(key.account):
        return
    via = {"kms:ViaService": f"s3.{env.region.name}.amazonaws.com"}
    through = replace(call, context={**call.context, **via})
    await kms.require_access(env, through, permission, key, context)


def _to_s3(error: VolanoError) -> VolanoError:
    """What S3 says when KMS refuses (API reference, "Error responses": the KMS codes)."""
    if isinstance(error, Denied):
        return AccessDenied("Access Denied", facts={"kms": error.message, **error.facts})
    if isinstance(error, Internal | Unavailable):
        return error
    return KmsError(error.message, code=f"KMS.{error.wire_code}")
