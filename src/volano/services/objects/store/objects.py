"""Rows of s3_object."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from volano.services.objects.model import NULL_VERSION, Description, ListedRow, Put, StoredObject
from volano.services.objects.store.noted import note_key
from volano.services.objects.store.text import (
    blob_from_text,
    blob_to_text,
    checksum_from_text,
    checksum_to_text,
    description_from_text,
    headers_to_text,
    retention_from_text,
    retention_to_text,
    tags_to_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from volano.kernel.bytes import Blob
    from volano.kernel.store import Reader, Row, Tx, Value

COLUMNS = (
    "bucket_id, key, rank, version_id, size_bytes, etag, modified_us, storage_class, checksum, "
    "blob, content_id, part_count, headers, tags, retention"
)
"""What s3_object and s3_version both have."""
MAX_ROWS_AT_ONCE = 64
_STANDARD = Description().storage_class
_LISTED = "key, size_bytes, etag, modified_us, storage_class, checksum"

_SELECT = f"SELECT {COLUMNS} FROM s3_object WHERE bucket_id = ? AND key = ?"
_UPSERT = (
    f"INSERT INTO s3_object ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (bucket_id, key) DO UPDATE SET rank = excluded.rank, "
    "version_id = excluded.version_id, "
    "size_bytes = excluded.size_bytes, etag = excluded.etag, modified_us = excluded.modified_us, "
    "storage_class = excluded.storage_class, checksum = excluded.checksum, blob = excluded.blob, "
    "content_id = excluded.content_id, part_count = excluded.part_count, "
    "headers = excluded.headers, tags = excluded.tags, retention = excluded.retention"
)


async def select_object(reader: Reader, bucket_id: str, key: str) -> StoredObject | None:
    row = await reader.row(_SELECT, bucket_id, key)
    return None if row is None else to_object(row)


async def upsert_object(tx: Tx, item: StoredObject) -> None:
    await tx.execute(_UPSERT, *to_values(item))
    await note_key(tx, item.bucket_id, item.key)


async def overwrite_by_put(tx: Tx, put: Put, blob: Blob, *, version_id: str, rank: int) -> None:
    """Make an object current of which the log tells already."""
    await tx.execute(_UPSERT, *put_values(put, blob, version_id=version_id, rank=rank))


async def insert_puts(tx: Tx, items: Sequence[tuple[Put, Blob]]) -> int:
    """Objects of which the log tells already, where their keys have none; returns how many."""
    inserted = 0
    for at, count in _chunks(len(items)):
        values: list[Value] = []
        for put, blob in items[at : at + count]:
            values += put_values(put, blob)
        inserted += await tx.execute(_insert_of(count), *values)
    return inserted


def _chunks(count: int) -> Iterator[tuple[int, int]]:
    """Offsets and sizes that are powers of two: few statements, each prepared once."""
    at = 0
    while at < count:
        size = min(MAX_ROWS_AT_ONCE, 1 << ((count - at).bit_length() - 1))
        yield at, size
        at += size


@lru_cache(maxsize=16)
def _insert_of(count: int) -> str:
    row = f"({', '.join('?' * len(COLUMNS.split(',')))})"
    rows = ", ".join([row] * count)
    return f"INSERT INTO s3_object ({COLUMNS}) VALUES {rows} ON CONFLICT DO NOTHING"


def put_values(
    put: Put, blob: Blob, *, version_id: str = NULL_VERSION, rank: int | None = None
) -> tuple[Value, ...]:
    """The values of COLUMNS for a small object, which has no setting of its own."""
    return (
        put.bucket_id,
        put.key,
        -put.modified_us if rank is None else rank,
        version_id,
        blob.size_bytes,
        put.etag,
        put.modified_us,
        _STANDARD,
        put.checksum,
        blob_to_text(blob),
        "",
        0,
        put.headers,
        "",
        "",
    )


def to_values(item: StoredObject) -> tuple[Value, ...]:
    """The values of COLUMNS."""
    description = item.description
    return (
        item.bucket_id,
        item.key,
        item.rank,
        item.version_id,
        item.size_bytes,
        item.etag,
        item.modified_us,
        description.storage_class,
        checksum_to_text(item.checksum),
        blob_to_text(item.blob),
        item.content_id,
        item.part_count,
        headers_to_text(description),
        tags_to_text(description.tags),
        retention_to_text(item.retention),
    )


async def delete_object(tx: Tx, bucket_id: str, key: str) -> None:
    await tx.execute("DELETE FROM s3_object WHERE bucket_id = ? AND key = ?", bucket_id, key)
    await note_key(tx, bucket_id, key)


async def has_objects(reader: Reader, bucket_id: str) -> bool:
    found = await reader.row("SELECT 1 FROM s3_object WHERE bucket_id = ? LIMIT 1", bucket_id)
    return found is not None


async def select_listed(
    reader: Reader, bucket_id: str, *, start: str, inclusive: bool, end: str | None, limit: int
) -> list[ListedRow]:
    """Objects by key, from `start` (itself only when `inclusive`) up to before `end`."""
    sql, values = select_range(
        _LISTED, bucket_id, start=start, inclusive=inclusive, end=end, limit=limit
    )
    return await reader.rows(sql, *values)


def select_range(
    columns: str, bucket_id: str, *, start: str, inclusive: bool, end: str | None, limit: int
) -> tuple[str, tuple[Value, ...]]:
    """The statement that reads these columns of such objects, and its values."""
    above = ">=" if inclusive else ">"
    below = "" if end is None else "AND key < ? "
    values = (bucket_id, start) if end is None else (bucket_id, start, end)
    sql = (
        f"SELECT {columns} FROM s3_object WHERE bucket_id = ? AND key {above} ? {below}"
        "ORDER BY key LIMIT ?"
    )
    return sql, (*values, limit)


async def select_objects_after(
    reader: Reader, bucket_id: str, key: str, *, limit: int
) -> list[StoredObject]:
    """Whole rows in the order of the primary key, over all buckets, for work."""
    rows = await reader.rows(
        f"SELECT {COLUMNS} FROM s3_object WHERE (bucket_id, key) > (?, ?) "
        "ORDER BY bucket_id, key LIMIT ?",
        bucket_id,
        key,
        limit,
    )
    return [to_object(row) for row in rows]


async def select_sizes(
    reader: Reader, bucket_id: str, *, after: str, limit: int
) -> list[tuple[str, int]]:
    """Keys and their bytes, in order."""
    rows = await reader.rows(
        "SELECT key, size_bytes FROM s3_object WHERE bucket_id = ? AND key > ? "
        "ORDER BY key LIMIT ?",
        bucket_id,
        after,
        limit,
    )
    return [(str(row[0]), int(row[1])) for row in rows]


async def update_blob(tx: Tx, item: StoredObject, blob: Blob) -> int:
    """Name the copies of an object's blob anew, unless it was replaced meanwhile."""
    await note_key(tx, item.bucket_id, item.key)
    return await tx.execute(
        "UPDATE s3_object SET blob = ? WHERE bucket_id = ? AND key = ? AND blob = ?",
        blob_to_text(blob),
        item.bucket_id,
        item.key,
        blob_to_text(item.blob),
    )


def to_object(row: Row) -> StoredObject:
    """An object from the values of COLUMNS."""
    (
        bucket_id,
        key,
        rank,
        version_id,
        size_bytes,
        etag,
        modified_us,
        storage_class,
        checksum,
        blob,
        content_id,
        part_count,
        headers,
        tags,
        retention,
    ) = row
    description = description_from_text(headers, tags, storage_class)
    encryption = description.encryption
    return StoredObject(
        bucket_id=bucket_id,
        key=key,
        size_bytes=size_bytes,
        etag=etag,
        modified_us=modified_us,
        description=description,
        checksum=checksum_from_text(checksum),
        blob=blob_from_text(blob, size_bytes, sealed=encryption is not None),
        content_id=content_id,
        part_count=part_count,
        version_id=version_id,
        rank=rank,
        retention=retention_from_text(retention),
    )
