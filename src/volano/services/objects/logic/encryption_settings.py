"""A bucket's default encryption, and putting objects that are there under another key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.objects.logic.access import forget_bucket, get_bucket
from volano.services.objects.logic.encryption import (
    SSE_C,
    DefaultEncryption,
    default_of,
    open_key,
    with_encryption,
)
from volano.services.objects.logic.encryption_kms import rewrap_with_kms
from volano.services.objects.logic.errors import (
    ConditionalRequestConflict,
    InvalidArgument,
    InvalidRequest,
    MalformedXml,
    NoSuchSetting,
)
from volano.services.objects.logic.versions import get_item
from volano.services.objects.model import EncryptionMode
from volano.services.objects.store import buckets as rows
from volano.services.objects.store import versions as version_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.objects.logic.encryption_requests import WantedEncryption
    from volano.services.objects.model import Bucket

MAX_KEY_NAME = 2048


async def get_bucket_encryption(env: Env, name: str, owner: str | None) -> DefaultEncryption:
    """Raises NoSuchBucket and NoSuchSetting."""
    found = default_of(await get_bucket(env.store.reader, name, owner))
    if found is None:
        raise NoSuchSetting(
            "The server side encryption configuration was not found",
            code="ServerSideEncryptionConfigurationNotFoundError",
            fields={"BucketName": name},
        )
    return found


async def put_bucket_encryption(
    env: Env, name: str, default: DefaultEncryption | None, owner: str | None
) -> None:
    """Set a bucket's default, or take it away. Raises MalformedXml and InvalidArgument."""
    if default is not None:
        _require(default)
    document = "" if default is None else msgspec.json.encode(default).decode()

    async def write(tx: Tx) -> None:
        bucket = await get_bucket(tx, name, owner)
        await rows.update_encryption(tx, bucket.id, document)

    await env.store.transact(write)
    forget_bucket(env, name)


async def update_object_encryption(
    env: Env, call: Call, bucket: Bucket, key: str, version_id: str | None, wanted: WantedEncryption
) -> None:
    """Put an encrypted object under another KMS key: its data key is wrapped anew, its bytes stay.

    Raises NoSuchKey, InvalidRequest for plain objects and those of SSE-C, AccessDenied, KmsError.
    """
    item = await get_item(env.store.reader, bucket, key, version_id)
    old = item.description.encryption
    if old is None or old.mode is EncryptionMode.CUSTOMER:
        raise InvalidRequest(
            "The encryption of an object can be updated when it is SSE-S3 or SSE-KMS."
        )
    data_key = await open_key(env, call, item)
    assert data_key is not None, "an encrypted object has a data key"
    new = await rewrap_with_kms(env, call, bucket, key, wanted, data_key)

    async def write(tx: Tx) -> None:
        now = await get_item(tx, bucket, key, version_id)
        current = now.description.encryption
        if now.rank != item.rank or current is None or current.wrapped != old.wrapped:
            raise ConditionalRequestConflict(
                "The object changed while its encryption was being updated; repeat.",
                fields={"Key": key},
            )
        sealed = msgspec.structs.replace(new, seal=current.seal)
        await version_rows.update_description(tx, with_encryption(now, sealed))

    await env.store.transact(write)


def _require(default: DefaultEncryption) -> None:
    if default.mode not in (EncryptionMode.S3.value, EncryptionMode.KMS.value):
        raise MalformedXml()
    if default.kms_key and default.mode != EncryptionMode.KMS.value:
        raise InvalidArgument(
            "a KMSMasterKeyID is not applicable if the default sse algorithm is "
            "not aws:kms or aws:kms:dsse",
            fields={"ArgumentName": "ApplyServerSideEncryptionByDefault"},
        )
    if len(default.kms_key) > MAX_KEY_NAME or "\x00" in default.kms_key:
        raise InvalidArgument("The KMSMasterKeyID is not the name of a key.")
    if any(each not in (SSE_C, "NONE") for each in default.blocked or ()):
        raise MalformedXml("BlockedEncryptionTypes knows NONE and SSE-C.")
