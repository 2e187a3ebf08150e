"""Notes that rows are not what the log of the bytes says (s3_changed), made with each change."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Tx


async def note_key(tx: Tx, bucket_id: str, key: str) -> None:
    """The rows of a key are not what the log says."""
    await tx.execute(
        "INSERT INTO s3_changed (bucket_id, key, changes) VALUES (?, ?, 1) "
        "ON CONFLICT (bucket_id, key) DO UPDATE SET changes = s3_changed.changes + 1",
        bucket_id,
        key,
    )


async def note_bucket(tx: Tx, bucket_id: str) -> None:
    await note_key(tx, bucket_id, "")


async def note_content(tx: Tx, content_id: str) -> None:
    await note_key(tx, "", content_id)
