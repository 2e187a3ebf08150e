"""Which settings a bucket has, whatever they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Reader

MAX_KINDS = 100


async def select_setting_kinds(reader: Reader, bucket_id: str) -> frozenset[str]:
    rows = await reader.rows(
        "SELECT kind FROM s3_bucket_setting WHERE bucket_id = ? LIMIT ?", bucket_id, MAX_KINDS
    )
    return frozenset(str(row[0]) for row in rows)
