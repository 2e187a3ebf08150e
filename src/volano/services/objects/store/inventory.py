"""Which buckets have inventories; the configurations themselves are a setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Reader

KIND = "inventory"


async def select_buckets_with_inventories(
    reader: Reader, *, after: str, limit: int
) -> list[tuple[str, str]]:
    """(bucket id, configurations as JSON text) by id."""
    rows = await reader.rows(
        "SELECT bucket_id, document FROM s3_bucket_setting WHERE kind = ? AND bucket_id > ? "
        "ORDER BY bucket_id LIMIT ?",
        KIND,
        after,
        limit,
    )
    return [(str(row[0]), str(row[1])) for row in rows]
