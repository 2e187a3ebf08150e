"""The one place where a key gets new content or loses it, inside the caller's transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.objects.logic.access import no_such_bucket
from volano.services.objects.logic.conditions import require_writable
from volano.services.objects.logic.errors import (
    ConditionalRequestConflict,
    NoSuchKey,
    PreconditionFailed,
)
from volano.services.objects.model import (
    Bucket,
    ObjectDeleted,
    ObjectWritten,
    Part,
    StoredObject,
)
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import garbage as garbage_rows
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import uploads as part_rows

if TYPE_CHECKING:
    from volano.kernel.bytes import Blob
    from volano.kernel.store import Tx
    from volano.services.objects.logic.conditions import WriteConditions


async def replace_object(
    tx: Tx, bucket: Bucket, item: StoredObject, conditions: WriteConditions, *, name: str
) -> None:
    """Make `item` the current object of its key; what was there becomes garbage.

    `name` is S3's event name. The conditions held when the request began (the caller checked), so
    one that fails now lost a race: raises ConditionalRequestConflict. Raises NoSuchBucket.
    """
    await require_bucket_still_there(tx, bucket)
    previous = await object_rows.select_object(tx, item.bucket_id, item.key)
    if not conditions.is_empty:
        require_unraced(conditions, previous, key=item.key)
    if previous is not None:
        await release(tx, previous, freed_us=item.modified_us)
    await object_rows.upsert_object(tx, item)
    publish_written(tx, bucket, item, name=name)


def publish_written(tx: Tx, bucket: Bucket, item: StoredObject, *, name: str) -> None:
    """Tell subscribers that a key has new content or a new description."""
    tx.publish(
        ObjectWritten(
            account=bucket.account,
            bucket=bucket.name,
            key=item.key,
            name=name,
            size_bytes=item.size_bytes,
            etag=item.etag,
            time_us=item.modified_us,
        )
    )


async def remove_object(tx: Tx, bucket: Bucket, item: StoredObject, *, now_us: int) -> None:
    """Take the key away."""
    await release(tx, item, freed_us=now_us)
    await object_rows.delete_object(tx, item.bucket_id, item.key)
    tx.publish(
        ObjectDeleted(account=bucket.account, bucket=bucket.name, key=item.key, time_us=now_us)
    )


async def release(tx: Tx, item: StoredObject, *, freed_us: int) -> None:
    """Let go of an object's bytes: they become garbage unless a copy shares them."""
    if item.blob is not None:
        await garbage_rows.insert_garbage(tx, item.blob, freed_us)
    elif item.content_id and not await garbage_rows.delete_share(tx, item.content_id):
        await garbage_rows.insert_garbage_of_content(tx, item.content_id, freed_us)


async def share(tx: Tx, item: StoredObject, *, content_id: str) -> StoredObject:
    """Let one more object use the bytes of `item`, and return `item` as it is afterwards.

    The first share moves the blob's name into a row of s3_part under `content_id`, so that the
    blob is still named in one place only.
    """
    if item.blob is not None:
        part = Part(
            content_id=content_id,
            number=1,
            start_bytes=0,
            size_bytes=item.size_bytes,
            etag=item.etag,
            checksum=None,
            crc=0,
            blob=item.blob,
            modified_us=item.modified_us,
        )
        await part_rows.upsert_part(tx, part)
        item = replace(item, blob=None, content_id=content_id)
        await object_rows.upsert_object(tx, item)
    if item.content_id:
        await garbage_rows.insert_share(tx, item.content_id)
    return item


async def free_blob(tx: Tx, blob: Blob | None, *, freed_us: int) -> None:
    """A blob that no row names any more (a part that was uploaded again)."""
    if blob is not None:
        await garbage_rows.insert_garbage(tx, blob, freed_us)


async def require_bucket_still_there(tx: Tx, bucket: Bucket) -> None:
    """Raises NoSuchBucket when the bucket was deleted since it was looked up."""
    if await bucket_rows.select_bucket_by_id(tx, bucket.id) is None:
        raise no_such_bucket(bucket.name)


def require_unraced(
    conditions: WriteConditions, previous: StoredObject | None, *, key: str
) -> None:
    """Raises ConditionalRequestConflict for conditions that held when the request began."""
    try:
        require_writable(conditions, previous, key=key)
    except (PreconditionFailed, NoSuchKey) as error:
        raise ConditionalRequestConflict(
            "The conditional request cannot succeed due to a conflicting operation against this "
            "resource.",
            fields={"Key": key},
        ) from error
