"""Rows of s3_access_log."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx


async def insert_line(tx: Tx, line_id: str, bucket_id: str, time_us: int, line: str) -> None:
    await tx.execute(
        "INSERT INTO s3_access_log (id, bucket_id, time_us, line) VALUES (?, ?, ?, ?)",
        line_id,
        bucket_id,
        time_us,
        line,
    )


async def select_buckets(reader: Reader, *, limit: int) -> list[str]:
    """Buckets with lines."""
    rows = await reader.rows(
        "SELECT DISTINCT bucket_id FROM s3_access_log ORDER BY bucket_id LIMIT ?", limit
    )
    return [str(row[0]) for row in rows]


async def select_lines(reader: Reader, bucket_id: str, *, limit: int) -> list[tuple[str, int, str]]:
    """The oldest lines of a bucket as id, time and text."""
    rows = await reader.rows(
        "SELECT id, time_us, line FROM s3_access_log WHERE bucket_id = ? ORDER BY id LIMIT ?",
        bucket_id,
        limit,
    )
    return [(str(row[0]), int(row[1]), str(row[2])) for row in rows]


async def delete_lines(tx: Tx, bucket_id: str, last_id: str) -> None:
    await tx.execute(
        "DELETE FROM s3_access_log WHERE bucket_id = ? AND id <= ?", bucket_id, last_id
    )
