"""Rows of s3_shared and s3_garbage: who else uses bytes, and which bytes nobody uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.model import SEAL_CHUNK_BYTES, SEAL_TAG_BYTES
from volano.services.objects.store.text import ENCRYPTED_PREFIX, blob_from_text, blob_to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.bytes import Blob
    from volano.kernel.store import Reader, Tx


_CHUNKS = f"(size_bytes + {SEAL_CHUNK_BYTES - 1}) / {SEAL_CHUNK_BYTES}"
_SEALED = f"size_bytes + {SEAL_TAG_BYTES} * ({_CHUNKS})"
_PART_BYTES = f"CASE WHEN seal <> '' THEN {_SEALED} ELSE size_bytes END"
"""What a part's blob takes, as `model.sealed_size` has it."""
_OBJECT_BYTES = (
    f"CASE WHEN substr(headers, 1, {len(ENCRYPTED_PREFIX)}) = '{ENCRYPTED_PREFIX}' "
    f"THEN {_SEALED} ELSE size_bytes END"
)


async def insert_share(tx: Tx, content_id: str) -> None:
    """One more object uses these bytes."""
    await tx.execute(
        "INSERT INTO s3_shared (content_id, others) VALUES (?, 1) "
        "ON CONFLICT (content_id) DO UPDATE SET others = s3_shared.others + 1",
        content_id,
    )


async def delete_share(tx: Tx, content_id: str) -> bool:
    """One object less uses these bytes; False when it was the last."""
    changed = await tx.execute(
        "UPDATE s3_shared SET others = others - 1 WHERE content_id = ?", content_id
    )
    if not changed:
        return False
    await tx.execute("DELETE FROM s3_shared WHERE content_id = ? AND others = 0", content_id)
    return True


async def insert_garbage(tx: Tx, blob: Blob, freed_us: int) -> None:
    await tx.execute(
        "INSERT INTO s3_garbage (blob, size_bytes, freed_us) VALUES (?, ?, ?) "
        "ON CONFLICT (blob) DO NOTHING",
        blob_to_text(blob),
        blob.size_bytes,
        freed_us,
    )


async def insert_garbage_of_content(tx: Tx, content_id: str, freed_us: int) -> None:
    """Every part of a multipart content, in one statement."""
    await tx.execute(
        "INSERT INTO s3_garbage (blob, size_bytes, freed_us) "
        f"SELECT blob, {_PART_BYTES}, CAST(? AS BIGINT) FROM s3_part "
        "WHERE content_id = ? AND blob <> '' ON CONFLICT (blob) DO NOTHING",
        freed_us,
        content_id,
    )
    await tx.execute("DELETE FROM s3_part WHERE content_id = ?", content_id)


async def insert_garbage_of_everything(tx: Tx, freed_us: int) -> None:
    """Every blob that any row names."""
    for table, size in (("s3_object", _OBJECT_BYTES), ("s3_part", _PART_BYTES)):
        await tx.execute(
            "INSERT INTO s3_garbage (blob, size_bytes, freed_us) "
            f"SELECT blob, {size}, CAST(? AS BIGINT) FROM {table} "
            "WHERE blob <> '' ON CONFLICT (blob) DO NOTHING",
            freed_us,
        )


async def delete_garbage_in_use(tx: Tx) -> None:
    """Forget the garbage rows of blobs that a row names again."""
    for table in ("s3_object", "s3_part"):
        await tx.execute(
            f"DELETE FROM s3_garbage WHERE blob IN (SELECT blob FROM {table} WHERE blob <> '')"
        )


async def select_garbage(reader: Reader, *, before_us: int, limit: int) -> list[Blob]:
    rows = await reader.rows(
        "SELECT blob, size_bytes FROM s3_garbage WHERE freed_us <= ? ORDER BY freed_us LIMIT ?",
        before_us,
        limit,
    )
    blobs = (blob_from_text(row[0], row[1]) for row in rows)
    return [blob for blob in blobs if blob is not None]


async def delete_garbage(tx: Tx, blobs: Sequence[Blob]) -> None:
    await tx.execute_many(
        "DELETE FROM s3_garbage WHERE blob = ?", [(blob_to_text(blob),) for blob in blobs]
    )


async def select_state(reader: Reader, name: str) -> str | None:
    """What work remembered under `name`."""
    row = await reader.row("SELECT value FROM s3_work_state WHERE name = ?", name)
    return None if row is None else str(row[0])


async def delete_state(tx: Tx, name: str) -> None:
    await tx.execute("DELETE FROM s3_work_state WHERE name = ?", name)


async def upsert_state(tx: Tx, name: str, value: str) -> None:
    await tx.execute(
        "INSERT INTO s3_work_state (name, value) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name,
        value,
    )
