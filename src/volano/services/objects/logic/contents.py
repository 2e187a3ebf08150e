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
from volano.services.objects.logic.versions import (
    make_room,
    name_by_parts,
    put_marker,
    remove_version,
)
from volano.services.objects.model import (
    NO_CAUSE,
    Bucket,
    Cause,
    Description,
    ObjectChanged,
    ObjectWritten,
    StoredObject,
)
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import garbage as garbage_rows
from volano.services.objects.store import objects as object_rows

if TYPE_CHECKING:
    from volano.kernel.bytes import Blob
    from volano.kernel.call import Call
    from volano.kernel.store import Tx
    from volano.services.objects.logic.conditions import WriteConditions


async def replace_object(
    tx: Tx,
    bucket: Bucket,
    item: StoredObject,
    conditions: WriteConditions,
    *,
    name: str,
    fresh: str,
    cause: Cause = NO_CAUSE,
) -> StoredObject:
    """Make `item` the current version of its key, and return it with its id and rank.

    What was there becomes an older version or garbage, as the bucket's versioning has it; `fresh`
    is a random token. `name` is S3's event name. The conditions held when the request began (the
    caller checked), so one that fails now lost a race: raises ConditionalRequestConflict. Raises
    NoSuchBucket.
    """
    bucket = await require_bucket_still_there(tx, bucket)
    previous = await object_rows.select_object(tx, item.bucket_id, item.key)
    if not conditions.is_empty:
        require_unraced(conditions, previous, key=item.key)
    version_id, rank = await make_room(
        tx, bucket, item.key, previous, fresh=fresh, now_us=item.modified_us
    )
    item = replace(item, version_id=version_id, rank=rank)
    await object_rows.upsert_object(tx, item)
    publish_written(tx, bucket, item, name=name, cause=cause)
    return item


def publish_written(
    tx: Tx, bucket: Bucket, item: StoredObject, *, name: str, cause: Cause = NO_CAUSE
) -> None:
    """Tell subscribers that a key has new content or a new description."""
    tx.publish(written_event(bucket, item, name=name, cause=cause))


def written_event(
    bucket: Bucket, item: StoredObject, *, name: str, cause: Cause = NO_CAUSE
) -> ObjectWritten:
    """The event of a new version; `name` is S3's."""
    return ObjectWritten(
        account=bucket.account,
        bucket=bucket.name,
        key=item.key,
        name=name,
        size_bytes=item.size_bytes,
        etag=item.etag,
        time_us=item.modified_us,
        version_id=item.version_id if bucket.versioning else "",
        by=cause.by,
        source_ip=cause.source_ip,
        request_id=cause.request_id,
    )


def publish_changed(
    tx: Tx, bucket: Bucket, item: StoredObject, *, name: str, now_us: int, cause: Cause = NO_CAUSE
) -> None:
    """Tell subscribers that what is said of a version changed."""
    tx.publish(
        ObjectChanged(
            account=bucket.account,
            bucket=bucket.name,
            key=item.key,
            name=name,
            size_bytes=item.size_bytes,
            etag=item.etag,
            time_us=now_us,
            version_id=item.version_id if bucket.versioning else "",
            by=cause.by,
            source_ip=cause.source_ip,
            request_id=cause.request_id,
        )
    )


def cause_of(call: Call) -> Cause:
    """The request that makes a change."""
    return Cause(by=call.principal.id, source_ip=call.source_ip, request_id=call.request_id)


async def remove_object(
    tx: Tx,
    bucket: Bucket,
    key: str,
    *,
    fresh: str,
    now_us: int,
    description: Description,
    cause: Cause = NO_CAUSE,
) -> StoredObject | None:
    """What a delete that names no version does: a delete marker, which is returned, in a bucket
    that has or had versioning; else the key is gone. `description` has the marker's owner.
    """
    bucket = await require_bucket_still_there(tx, bucket)
    if bucket.versioning:
        return await put_marker(
            tx, bucket, key, fresh=fresh, now_us=now_us, description=description, cause=cause
        )
    item = await object_rows.select_object(tx, bucket.id, key)
    if item is not None:
        await remove_version(tx, bucket, item, now_us=now_us, cause=cause)
    return None


async def share(tx: Tx, item: StoredObject, *, content_id: str) -> StoredObject:
    """Let one more object use the bytes of `item`, and return `item` as it is afterwards.

    The first share moves the blob's name into a row of s3_part under `content_id`, so that the
    blob is still named in one place only.
    """
    if item.blob is not None:
        item = await name_by_parts(tx, item, content_id=content_id)
        await object_rows.upsert_object(tx, item)
    if item.content_id:
        await garbage_rows.insert_share(tx, item.content_id)
    return item


async def free_blob(tx: Tx, blob: Blob | None, *, freed_us: int) -> None:
    """A blob that no row names any more (a part that was uploaded again)."""
    if blob is not None:
        await garbage_rows.insert_garbage(tx, blob, freed_us)


async def require_bucket_still_there(tx: Tx, bucket: Bucket) -> Bucket:
    """The bucket as it is now; raises NoSuchBucket when it was deleted since it was looked up."""
    now = await bucket_rows.select_bucket_by_id(tx, bucket.id)
    if now is None:
        raise no_such_bucket(bucket.name)
    return now


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
