"""A bucket's default encryption: what new objects are encrypted with unless they say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.objects.logic.access import forget_bucket, get_bucket
from volano.services.objects.logic.encryption import SSE_C, DefaultEncryption, default_of
from volano.services.objects.logic.errors import InvalidArgument, MalformedXml, NoSuchSetting
from volano.services.objects.model import EncryptionMode
from volano.services.objects.store import buckets as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx

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


def _require(default: DefaultEncryption) -> None:
    if default.mode not in (EncryptionMode.S3.value, EncryptionMode.KMS.value):
        raise MalformedXml(
            "The XML you provided was not well-formed or did not validate against our published "
            "schema"
        )
    if default.kms_key and default.mode != EncryptionMode.KMS.value:
        raise InvalidArgument(
            "a KMSMasterKeyID is not applicable if the default sse algorithm is "
            "not aws:kms or aws:kms:dsse"
        )
    if len(default.kms_key) > MAX_KEY_NAME or "\x00" in default.kms_key:
        raise InvalidArgument("The KMSMasterKeyID is not the name of a key.")
    if any(each not in (SSE_C, "NONE") for each in default.blocked or ()):
        raise MalformedXml("BlockedEncryptionTypes knows NONE and SSE-C.")
