"""Rows of s3_bucket_usage: what a bucket held when its storage was last metered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx


async def select_usage(reader: Reader, bucket_id: str) -> tuple[int, int, int] | None:
    """Objects, bytes and when they were counted (microseconds since 1970)."""
    row = await reader.row(
        "SELECT objects, size_bytes, counted_us FROM s3_bucket_usage WHERE bucket_id = ?",
        bucket_id,
    )
    return None if row is None else (int(row[0]), int(row[1]), int(row[2]))


async def upsert_usage(
    tx: Tx, bucket_id: str, *, objects: int, size_bytes: int, counted_us: int
) -> None:
    await tx.execute(
        "INSERT INTO s3_bucket_usage (bucket_id, objects, size_bytes, counted_us) "
        "VALUES (?, ?, ?, ?) ON CONFLICT (bucket_id) DO UPDATE SET objects = excluded.objects, "
        "size_bytes = excluded.size_bytes, counted_us = excluded.counted_us",
        bucket_id,
        objects,
        size_bytes,
        counted_us,
    )


async def delete_usage(tx: Tx, bucket_id: str) -> None:
    await tx.execute("DELETE FROM s3_bucket_usage WHERE bucket_id = ?", bucket_id)
