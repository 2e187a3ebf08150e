"""Versions of a key: what makes room for what, inside the caller's transaction.

`s3_object` has the current, readable version of a key; older versions and delete markers lie in
`s3_version`. A key has a row in `s3_object` unless its newest version is a delete marker (or it
has none). Versions are in the order of `rank`; a version's id begins with its rank, so that an id
finds its row, and a listing goes on behind a version that was deleted meanwhile.
Source: S3 user guide, "How S3 Versioning works", "Working with delete markers".
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from volano.services.objects.logic.errors import (
    InvalidArgument,
    MethodNotAllowed,
    NoSuchKey,
    NoSuchVersion,
)
from volano.services.objects.model import (
    ENABLED,
    NO_CAUSE,
    NULL_VERSION,
    SUSPENDED,
    Cause,
    Description,
    ObjectDeleted,
    Part,
    StoredObject,
)
from volano.services.objects.store import garbage as garbage_rows
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import uploads as part_rows
from volano.services.objects.store import versions as rows

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx
    from volano.services.objects.model import Bucket

RANK_DIGITS = 14
FRESH_LENGTH = 18
"""Random characters of a version id; the rank's hexadecimal digits stand before them."""
MAX_ID_CHARACTERS = 1024


def rank_of(version_id: str) -> int | None:
    """The rank that an id tells, None for the null version; raises InvalidArgument."""
    if version_id == NULL_VERSION:
        return None
    try:
        if len(version_id) != RANK_DIGITS + FRESH_LENGTH or "\x00" in version_id:
            raise ValueError(version_id)
        return -int(version_id[:RANK_DIGITS], 16)
    except ValueError as error:
        raise InvalidArgument(
            "Invalid version id specified",
            fields={
                "ArgumentName": "versionId",
                "ArgumentValue": version_id[:MAX_ID_CHARACTERS].replace("\x00", ""),
            },
        ) from error


async def find_version(
    reader: Reader, bucket: Bucket, key: str, version_id: str | None
) -> StoredObject | None:
    """The version of that id, or for None the current, readable one; raises InvalidArgument."""
    rank = None if version_id is None else rank_of(version_id)
    current = await object_rows.select_object(reader, bucket.id, key)
    if version_id is None or (current is not None and current.version_id == version_id):
        return current
    if not bucket.versioning:
        return None
    older = await rows.select_version(reader, bucket.id, key, version_id, rank=rank)
    if older is not None:
        return older
    # Between the two reads it may have become the current one.
    current = await object_rows.select_object(reader, bucket.id, key)
    return current if current is not None and current.version_id == version_id else None


async def get_item(
    reader: Reader,
    bucket: Bucket,
    key: str,
    version_id: str | None = None,
    *,
    method: str = "GET",
) -> StoredObject:
    """The version of that id, or the current one. Raises NoSuchKey, NoSuchVersion, and
    MethodNotAllowed for a delete marker; a client is told when one is in the way, and by what
    `method` it was asked for.
    """
    item = await find_version(reader, bucket, key, version_id) if "\x00" not in key else None
    if item is None:
        raise await _missing(reader, bucket, key, version_id)
    if item.is_marker:
        raise _marker_refused(item, method)
    return item


async def get_tagged_item(
    reader: Reader, bucket: Bucket, key: str, version_id: str | None, *, method: str
) -> StoredObject:
    """As `get_item`, but a current delete marker is refused as one that was named by its id."""
    try:
        return await get_item(reader, bucket, key, version_id, method=method)
    except NoSuchKey:
        newest = await rows.select_newest(reader, bucket.id, key) if bucket.versioning else None
        if newest is not None and newest.is_marker:
            raise _marker_refused(newest, method) from None
        raise


def _marker_refused(item: StoredObject, method: str) -> MethodNotAllowed:
    modified = datetime.fromtimestamp(item.modified_us // 10**6, UTC)
    return MethodNotAllowed(
        "The specified method is not allowed against this resource.",
        fields={
            "Method": method,
            "ResourceType": "DeleteMarker",
            "header:Allow": "DELETE",
            "header:Last-Modified": format_datetime(modified, usegmt=True),
            **_marker_headers(item),
        },
    )


async def _missing(
    reader: Reader, bucket: Bucket, key: str, version_id: str | None
) -> NoSuchKey | NoSuchVersion:
    if version_id is not None and (bucket.versioning or version_id != NULL_VERSION):
        return NoSuchVersion(
            "The specified version does not exist.", fields={"Key": key, "VersionId": version_id}
        )
    fields = {"Key": key, "header:x-amz-delete-marker": "false"}
    if bucket.versioning and "\x00" not in key:
        newest = await rows.select_newest(reader, bucket.id, key)
        if newest is not None and newest.is_marker:
            fields |= _marker_headers(newest)
    return NoSuchKey("The specified key does not exist.", fields=fields)


def _marker_headers(marker: StoredObject) -> dict[str, str]:
    return {"header:x-amz-delete-marker": "true", "header:x-amz-version-id": marker.version_id}


async def make_room(
    tx: Tx, bucket: Bucket, key: str, previous: StoredObject | None, *, fresh: str, now_us: int
) -> tuple[str, int]:
    """Put aside or release what a new version follows; returns the new one's id and rank.

    `previous` is the key's row in s3_object, which the caller overwrites or deletes.
    """
    if not bucket.versioning:
        if previous is not None:
            await release(tx, previous, freed_us=now_us)
        return NULL_VERSION, -now_us
    newest = previous or await rows.select_newest(tx, bucket.id, key)
    rank = -now_us if newest is None else min(-now_us, newest.rank - 1)
    if bucket.versioning == SUSPENDED:
        await _drop_null(tx, bucket, key, previous, now_us=now_us)
    if previous is not None and not _is_replaced(bucket, previous):
        aside = await name_by_parts(tx, previous, content_id="v" + fresh)
        await rows.insert_version(tx, replace(aside, noncurrent_us=now_us))
    elif previous is None and newest is not None:
        await rows.update_noncurrent(tx, newest, now_us)
    if bucket.versioning == ENABLED:
        return f"{-rank:0{RANK_DIGITS}x}{fresh[:FRESH_LENGTH]}", rank
    return NULL_VERSION, rank


def _is_replaced(bucket: Bucket, previous: StoredObject) -> bool:
    return bucket.versioning == SUSPENDED and previous.version_id == NULL_VERSION


async def _drop_null(
    tx: Tx, bucket: Bucket, key: str, previous: StoredObject | None, *, now_us: int
) -> None:
    """A bucket with versioning suspended has one null version of a key at most."""
    if previous is not None and previous.version_id == NULL_VERSION:
        await release(tx, previous, freed_us=now_us)
        return
    older = await rows.select_version(tx, bucket.id, key, NULL_VERSION, rank=None)
    if older is not None:
        await release(tx, older, freed_us=now_us)
        await rows.delete_version(tx, older)


async def put_marker(
    tx: Tx,
    bucket: Bucket,
    key: str,
    *,
    fresh: str,
    now_us: int,
    description: Description,
    cause: Cause = NO_CAUSE,
) -> StoredObject:
    """Hide a key behind a delete marker, which is returned; `description` has its owner."""
    previous = await object_rows.select_object(tx, bucket.id, key)
    version_id, rank = await make_room(tx, bucket, key, previous, fresh=fresh, now_us=now_us)
    if previous is not None:
        await object_rows.delete_object(tx, bucket.id, key)
    marker = StoredObject(
        bucket_id=bucket.id,
        key=key,
        size_bytes=0,
        etag="",
        modified_us=now_us,
        description=description,
        version_id=version_id,
        rank=rank,
        is_marker=True,
    )
    await rows.insert_version(tx, marker)
    tx.publish(
        ObjectDeleted(
            account=bucket.account,
            bucket=bucket.name,
            key=key,
            time_us=now_us,
            name=f"{_removal(cause)}:DeleteMarkerCreated",
            version_id=version_id,
            by=cause.by,
            source_ip=cause.source_ip,
            request_id=cause.request_id,
        )
    )
    return marker


def _removal(cause: Cause) -> str:
    return "LifecycleExpiration" if cause.is_lifecycle else "ObjectRemoved"


async def remove_version(
    tx: Tx, bucket: Bucket, item: StoredObject, *, now_us: int, cause: Cause = NO_CAUSE
) -> None:
    """Delete one version for good; the one before it becomes current when it was the newest."""
    await release(tx, item, freed_us=now_us)
    current = await object_rows.select_object(tx, bucket.id, item.key)
    if current is not None and (current.rank, current.version_id) == (item.rank, item.version_id):
        await object_rows.delete_object(tx, bucket.id, item.key)
        current = None
    else:
        await rows.delete_version(tx, item)
    if current is None and bucket.versioning:
        await _promote(tx, bucket, item.key)
    tx.publish(
        ObjectDeleted(
            account=bucket.account,
            bucket=bucket.name,
            key=item.key,
            time_us=now_us,
            name=f"{_removal(cause)}:Delete",
            version_id=item.version_id if bucket.versioning else "",
            by=cause.by,
            source_ip=cause.source_ip,
            request_id=cause.request_id,
        )
    )


async def _promote(tx: Tx, bucket: Bucket, key: str) -> None:
    """Make the newest version that is left current."""
    newest = await rows.select_newest(tx, bucket.id, key)
    if newest is None:
        return
    if newest.is_marker:
        await rows.update_noncurrent(tx, newest, 0)
        return
    await rows.delete_version(tx, newest)
    await object_rows.upsert_object(tx, replace(newest, noncurrent_us=0))


async def release(tx: Tx, item: StoredObject, *, freed_us: int) -> None:
    """Let go of an object's bytes: they become garbage unless a copy shares them."""
    if item.blob is not None:
        await garbage_rows.insert_garbage(tx, item.blob, freed_us)
    elif item.content_id and not await garbage_rows.delete_share(tx, item.content_id):
        await garbage_rows.insert_garbage_of_content(tx, item.content_id, freed_us)


async def name_by_parts(tx: Tx, item: StoredObject, *, content_id: str) -> StoredObject:
    """Move a blob's name from the object's row, which the caller rewrites, to one of s3_part."""
    if item.blob is None:
        return item
    encryption = item.description.encryption
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
        seal=encryption.seal if encryption is not None else "",
        storage_class=item.description.storage_class,
    )
    await part_rows.upsert_part(tx, part)
    return replace(item, blob=None, content_id=content_id)
