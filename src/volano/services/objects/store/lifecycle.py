"""Which buckets have a lifecycle; the rules themselves are a setting (`s3_bucket_setting`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Reader

KIND = "lifecycle"


async def select_buckets_with_rules(
    reader: Reader, *, after: str, limit: int
) -> list[tuple[str, str]]:
    """(bucket id, rules as JSON text) by id."""
    rows = await reader.rows(
        "SELECT bucket_id, document FROM s3_bucket_setting WHERE kind = ? AND bucket_id > ? "
        "ORDER BY bucket_id LIMIT ?",
        KIND,
        after,
        limit,
    )
    return [(str(row[0]), str(row[1])) for row in rows]
