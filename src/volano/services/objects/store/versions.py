"""Rows of s3_version: every version that is not the current, readable one, and delete markers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.objects.model import NULL_VERSION, ListedVersion, StoredObject
from volano.services.objects.store.noted import note_key
from volano.services.objects.store.objects import COLUMNS, to_object, to_values
from volano.services.objects.store.text import (
    checksum_from_text,
    headers_to_text,
    retention_to_text,
    tags_to_text,
)

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx
    from volano.services.objects.model import Retention

_ALL = f"{COLUMNS}, is_marker, noncurrent_us"
_LISTED = "key, rank, version_id, size_bytes, etag, modified_us, storage_class, checksum"


async def insert_version(tx: Tx, item: StoredObject) -> None:
    marks = ", ".join("?" * (_ALL.count(",") + 1))
    await tx.execute(
        f"INSERT INTO s3_version ({_ALL}) VALUES ({marks})",
        *to_values(item),
        int(item.is_marker),
        item.noncurrent_us,
    )
    await note_key(tx, item.bucket_id, item.key)


async def select_version(
    reader: Reader, bucket_id: str, key: str, version_id: str, *, rank: int | None
) -> StoredObject | None:
    """A version by its id; `rank` is what the id tells, None for the null version."""
    where = f"version_id = '{NULL_VERSION}'" if rank is None else "rank = ? AND version_id = ?"
    values = () if rank is None else (rank, version_id)
    row = await reader.row(
        f"SELECT {_ALL} FROM s3_version WHERE bucket_id = ? AND key = ? AND {where}",
        bucket_id,
        key,
        *values,
    )
    return None if row is None else _version(row)


async def select_newest(reader: Reader, bucket_id: str, key: str) -> StoredObject | None:
    """The newest version of a key that is not in s3_object."""
    row = await reader.row(
        f"SELECT {_ALL} FROM s3_version WHERE bucket_id = ? AND key = ? ORDER BY rank LIMIT 1",
        bucket_id,
        key,
    )
    return None if row is None else _version(row)


async def select_versions_after(
    reader: Reader, bucket_id: str, key: str, rank: int, *, limit: int
) -> list[StoredObject]:
    """Whole rows of one bucket in the order of (key, rank), after the given pair, for work."""
    rows = await reader.rows(
        f"SELECT {_ALL} FROM s3_version WHERE bucket_id = ? AND (key, rank) > (?, ?) "
        "ORDER BY key, rank LIMIT ?",
        bucket_id,
        key,
        rank,
        limit,
    )
    return [_version(row) for row in rows]


async def delete_version(tx: Tx, item: StoredObject) -> None:
    await note_key(tx, item.bucket_id, item.key)
    await tx.execute(
        "DELETE FROM s3_version WHERE bucket_id = ? AND key = ? AND rank = ?",
        item.bucket_id,
        item.key,
        item.rank,
    )


async def has_versions(reader: Reader, bucket_id: str) -> bool:
    found = await reader.row("SELECT 1 FROM s3_version WHERE bucket_id = ? LIMIT 1", bucket_id)
    return found is not None


async def update_tags(tx: Tx, item: StoredObject, tags: dict[str, str]) -> None:
    await _update(tx, item, "tags", tags_to_text(tags))


async def update_retention(tx: Tx, item: StoredObject, retention: Retention) -> None:
    await _update(tx, item, "retention", retention_to_text(retention))


async def update_description(tx: Tx, item: StoredObject) -> None:
    """Write the content headers, metadata and access list of a version anew."""
    await _update(tx, item, "headers", headers_to_text(item.description))


async def _update(tx: Tx, item: StoredObject, column: str, text: str) -> None:
    """Set a column of a version, whichever table it is in."""
    await note_key(tx, item.bucket_id, item.key)
    for table in ("s3_object", "s3_version"):
        changed = await tx.execute(
            f"UPDATE {table} SET {column} = ? WHERE bucket_id = ? AND key = ? AND rank = ?",
            text,
            item.bucket_id,
            item.key,
            item.rank,
        )
        if changed:
            return


async def update_noncurrent(tx: Tx, item: StoredObject, noncurrent_us: int) -> None:
    """Say since when a delete marker is not the latest any more, 0 when it is again."""
    await note_key(tx, item.bucket_id, item.key)
    await tx.execute(
        "UPDATE s3_version SET noncurrent_us = ? WHERE bucket_id = ? AND key = ? AND rank = ?",
        noncurrent_us,
        item.bucket_id,
        item.key,
        item.rank,
    )


async def select_listed_current(
    reader: Reader, bucket_id: str, *, start: tuple[str, int], end: str | None, limit: int
) -> list[ListedVersion]:
    """Current versions after the (key, rank) `start` and before key `end`."""
    return await _listed(reader, "s3_object", bucket_id, start=start, end=end, limit=limit)


async def select_listed_versions(
    reader: Reader, bucket_id: str, *, start: tuple[str, int], end: str | None, limit: int
) -> list[ListedVersion]:
    """The others, in the same way."""
    return await _listed(reader, "s3_version", bucket_id, start=start, end=end, limit=limit)


async def _listed(
    reader: Reader,
    table: str,
    bucket_id: str,
    *,
    start: tuple[str, int],
    end: str | None,
    limit: int,
) -> list[ListedVersion]:
    current = table == "s3_object"
    marker = "0" if current else "is_marker"
    below = "" if end is None else "AND key < ? "
    values = () if end is None else (end,)
    rows = await reader.rows(
        f"SELECT {_LISTED}, {marker} FROM {table} WHERE bucket_id = ? AND key >= ? "
        f"AND (key, rank) > (?, ?) {below}ORDER BY key{'' if current else ', rank'} LIMIT ?",
        bucket_id,
        start[0],
        *start,
        *values,
        limit,
    )
    return [_listed_version(row, is_current=current) for row in rows]


async def select_version_sizes(
    reader: Reader, bucket_id: str, *, after: tuple[str, int], limit: int
) -> list[tuple[str, int, int]]:
    """(key, rank, bytes) in order."""
    rows = await reader.rows(
        "SELECT key, rank, size_bytes FROM s3_version WHERE bucket_id = ? "
        "AND (key, rank) > (?, ?) ORDER BY key, rank LIMIT ?",
        bucket_id,
        *after,
        limit,
    )
    return [(str(row[0]), int(row[1]), int(row[2])) for row in rows]


def _version(row: Row) -> StoredObject:
    *columns, is_marker, noncurrent_us = row
    item = to_object(tuple(columns))
    return replace(item, is_marker=bool(is_marker), noncurrent_us=noncurrent_us)


def _listed_version(row: Row, *, is_current: bool) -> ListedVersion:
    key, rank, version_id, size_bytes, etag, modified_us, storage_class, checksum, marker = row
    return ListedVersion(
        key=key,
        rank=rank,
        version_id=version_id,
        size_bytes=size_bytes,
        etag=etag,
        modified_us=modified_us,
        storage_class=storage_class,
        checksum=checksum_from_text(checksum),
        is_marker=bool(marker),
        is_latest=is_current,
    )
