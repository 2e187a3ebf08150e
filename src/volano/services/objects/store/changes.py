"""Rows of s3_changed, and the rows of a key, a bucket or a content as they are (their *image*).

An image is told in the log of the bytes, from which `logic/rebuilding.py` makes the rows again; so
it is of raw columns, whose names go with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from volano.services.objects.store.objects import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from volano.kernel.store import Reader, Row, Tx

Rows = dict[str, list[Any]]
"""Rows by table, each in the order of the table's columns below."""

TABLES = {
    "s3_bucket": "id, name, account, region, created_us, policy, access, encryption, versioning, "
    "object_lock",
    "s3_bucket_setting": "bucket_id, kind, document",
    "s3_object": COLUMNS,
    "s3_version": f"{COLUMNS}, is_marker, noncurrent_us",
    "s3_part": "content_id, number, start_bytes, size_bytes, etag, checksum, crc, blob, "
    "modified_us, seal, storage_class",
}
CONTENT_COLUMN = COLUMNS.split(", ").index("content_id")
DERIVED = ("s3_object", "s3_version", "s3_part", "s3_shared", "s3_garbage", "s3_upload")
"""What a rebuild makes anew, or cannot make: uploads under way are begun again."""
MAX_VERSIONS = 20_000
"""Versions of one key in its image, the newest ones."""
MAX_PARTS = 10_000
MAX_SETTINGS = 100


class Change(NamedTuple):
    bucket_id: str
    key: str
    changes: int = 0


async def select_changes(reader: Reader, *, limit: int) -> list[Change]:
    rows = await reader.rows(
        "SELECT bucket_id, key, changes FROM s3_changed ORDER BY bucket_id, key LIMIT ?", limit
    )
    return [Change(*row) for row in rows]


async def delete_changes(tx: Tx, changes: Iterable[Change]) -> None:
    """Forget changes that were told, unless there were more meanwhile."""
    await tx.execute_many(
        "DELETE FROM s3_changed WHERE bucket_id = ? AND key = ? AND changes = ?",
        [tuple(change) for change in changes],
    )


async def delete_all_changes(tx: Tx) -> None:
    await tx.execute("DELETE FROM s3_changed")


async def select_image(reader: Reader, bucket_id: str, key: str) -> Rows:
    """The rows of a key with the parts of its contents; of a bucket for key '', of a content for
    bucket ''."""
    if not bucket_id:
        return {"s3_part": await _parts(reader, key)}
    if not key:
        return {
            "s3_bucket": await _select(reader, "s3_bucket", "id = ?", bucket_id, limit=1),
            "s3_bucket_setting": await _select(
                reader, "s3_bucket_setting", "bucket_id = ?", bucket_id, limit=MAX_SETTINGS
            ),
        }
    where = "bucket_id = ? AND key = ?"
    current = await _select(reader, "s3_object", where, bucket_id, key, limit=1)
    older = await _select(
        reader, "s3_version", f"{where} ORDER BY rank", bucket_id, key, limit=MAX_VERSIONS
    )
    contents = {str(row[CONTENT_COLUMN]) for row in (*current, *older)} - {""}
    parts = [row for content in sorted(contents) for row in await _parts(reader, content)]
    found = {"s3_object": current, "s3_version": older, "s3_part": parts}
    return {table: rows for table, rows in found.items() if rows}


async def _parts(reader: Reader, content_id: str) -> list[Row]:
    return await _select(
        reader, "s3_part", "content_id = ? ORDER BY number", content_id, limit=MAX_PARTS
    )


async def _select(reader: Reader, table: str, where: str, *values: str, limit: int) -> list[Row]:
    return await reader.rows(
        f"SELECT {TABLES[table]} FROM {table} WHERE {where} LIMIT ?", *values, limit
    )


async def select_keys_after(
    reader: Reader, bucket_id: str, key: str, *, limit: int
) -> list[Change]:
    """Keys of all buckets that have a version, in order."""
    found: set[Change] = set()
    for table in ("s3_object", "s3_version"):
        rows = await reader.rows(
            f"SELECT DISTINCT bucket_id, key FROM {table} WHERE (bucket_id, key) > (?, ?) "
            "ORDER BY bucket_id, key LIMIT ?",
            bucket_id,
            key,
            limit,
        )
        found.update(Change(*row) for row in rows)
    return sorted(found)[:limit]


async def has_any(reader: Reader) -> bool:
    """Whether there is an object or a version."""
    for table in ("s3_object", "s3_version"):
        if await reader.row(f"SELECT 1 FROM {table} LIMIT 1") is not None:
            return True
    return False


async def delete_derived(tx: Tx) -> None:
    for table in DERIVED:
        await tx.execute(f"DELETE FROM {table}")


async def delete_bucket_rows(tx: Tx, bucket_id: str) -> None:
    await tx.execute("DELETE FROM s3_bucket_setting WHERE bucket_id = ?", bucket_id)
    await tx.execute("DELETE FROM s3_bucket WHERE id = ?", bucket_id)


async def insert_rows(tx: Tx, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
    """Rows of an image, whose columns are `columns`."""
    if table not in TABLES or not set(columns.split(", ")) <= set(TABLES[table].split(", ")):
        raise ValueError(f"there is no {table} of {columns}")
    marks = ", ".join("?" * len(columns.split(", ")))
    await tx.execute_many(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)


async def insert_shares(tx: Tx, shares: Sequence[tuple[str, int]]) -> None:
    """Contents, and how many objects beyond the first use them."""
    await tx.execute_many("INSERT INTO s3_shared (content_id, others) VALUES (?, ?)", shares)
