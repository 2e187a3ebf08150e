"""Inventory configurations: which reports of its objects a bucket's owner wants, and where to.

Specified in the S3 user guide, "Cataloging and analyzing your data with S3 Inventory".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import NotBuilt
from volano.kernel.ids import parse_arn
from volano.services.objects.logic.access import get_bucket
from volano.services.objects.logic.errors import (
    InvalidArgument,
    InvalidRequest,
    MalformedXml,
    NoSuchSetting,
)
from volano.services.objects.store import buckets as rows
from volano.services.objects.store.inventory import KIND

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Tx

MAX_CONFIGURATIONS = 1000
MAX_ID_CHARACTERS = 64
DAYS = {"Daily": 1, "Weekly": 7}
ALL_VERSIONS = "All"
FORMATS = ("CSV", "ORC", "Parquet")
FIELDS = (
    "Size",
    "LastModifiedDate",
    "StorageClass",
    "ETag",
    "IsMultipartUploaded",
    "ReplicationStatus",
    "EncryptionStatus",
    "ObjectLockRetainUntilDate",
    "ObjectLockMode",
    "ObjectLockLegalHoldStatus",
    "BucketKeyStatus",
    "ChecksumAlgorithm",
    "ObjectOwner",
    "LifecycleExpirationDate",
)
"""Columns that a report may have, in the order in which it has them."""


class Inventory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One configuration. `encryption` is '', `AES256` or `aws:kms` (with `kms_key`)."""

    id: str
    enabled: bool
    target: str
    frequency: str
    versions: str
    file_format: str = "CSV"
    target_account: str = ""
    target_prefix: str = ""
    prefix: str | None = None
    fields: tuple[str, ...] = ()
    encryption: str = ""
    kms_key: str = ""


_decode = msgspec.json.Decoder(list[Inventory]).decode


def parse_inventories(document: str) -> list[Inventory]:
    return _decode(document)


def _require(wanted: Inventory) -> None:
    """Raises InvalidArgument, MalformedXml and NotBuilt."""
    if not 1 <= len(wanted.id) <= MAX_ID_CHARACTERS or "\x00" in repr(wanted):
        raise InvalidArgument(f"An inventory's Id has 1 to {MAX_ID_CHARACTERS} characters.")
    if wanted.frequency not in DAYS or wanted.versions not in ("Current", ALL_VERSIONS):
        raise MalformedXml()
    if wanted.file_format not in FORMATS:
        raise MalformedXml()
    if wanted.file_format != "CSV":
        raise NotBuilt(f"Inventories as {wanted.file_format} are not built; CSV is.")
    unknown = [name for name in wanted.fields if name not in FIELDS]
    if unknown:
        raise NotBuilt(f"The inventory field {unknown[0][:64]} is not built.")
    arn = parse_arn(wanted.target)
    if arn is None or arn.service != "s3" or not arn.resource or "/" in arn.resource:
        raise InvalidRequest("Invalid S3 destination bucket", code="InvalidS3DestinationBucket")


async def put_inventory(env: Env, name: str, wanted: Inventory, owner: str | None) -> None:
    """Add a configuration, or replace the one of the same id. Raises NoSuchBucket and so on."""
    _require(wanted)

    async def write(tx: Tx) -> None:
        bucket = await get_bucket(tx, name, owner)
        kept = [each for each in await _all(tx, bucket.id) if each.id != wanted.id]
        if len(kept) >= MAX_CONFIGURATIONS:
            raise InvalidRequest(
                f"A bucket has up to {MAX_CONFIGURATIONS} inventory configurations.",
                code="TooManyConfigurations",
            )
        await _write(tx, bucket.id, [*kept, wanted])

    await env.store.transact(write)


async def get_inventory(env: Env, name: str, wanted_id: str, owner: str | None) -> Inventory:
    """Raises NoSuchBucket and NoSuchConfiguration."""
    bucket = await get_bucket(env.store.reader, name, owner)
    for each in await _all(env.store.reader, bucket.id):
        if each.id == wanted_id:
            return each
    raise _missing()


async def list_inventories(env: Env, name: str, owner: str | None) -> list[Inventory]:
    """All of a bucket, by id."""
    bucket = await get_bucket(env.store.reader, name, owner)
    return await _all(env.store.reader, bucket.id)


async def delete_inventory(env: Env, name: str, wanted_id: str, owner: str | None) -> None:
    """Raises NoSuchBucket and NoSuchConfiguration."""

    async def write(tx: Tx) -> None:
        bucket = await get_bucket(tx, name, owner)
        present = await _all(tx, bucket.id)
        kept = [each for each in present if each.id != wanted_id]
        if len(kept) == len(present):
            raise _missing()
        await _write(tx, bucket.id, kept)

    await env.store.transact(write)


def _missing() -> NoSuchSetting:
    return NoSuchSetting("The specified configuration does not exist.", code="NoSuchConfiguration")


async def _all(reader: Reader, bucket_id: str) -> list[Inventory]:
    document = await rows.select_setting(reader, bucket_id, KIND)
    return [] if document is None else parse_inventories(document)


async def _write(tx: Tx, bucket_id: str, inventories: list[Inventory]) -> None:
    if not inventories:
        await rows.delete_setting(tx, bucket_id, KIND)
        return
    ordered = sorted(inventories, key=lambda each: each.id)
    await rows.upsert_setting(tx, bucket_id, KIND, msgspec.json.encode(ordered).decode())
