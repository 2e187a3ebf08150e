"""Rows of trails_pending, trails_file, trails_digest and trails_key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.trails.model import Batch, Digest, LogFile, SigningKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Row, Tx
    from volano.services.trails.model import Trail

_BATCH = "id, records, amount, created_us"
_FILE = "id, key, bucket, created_us, delivered_us, hash, oldest_us, newest_us"
_DIGEST = "end_us, key, bucket, content, hash, signature, delivered_us"
_KEY = "fingerprint, public, sealed, start_us, end_us"


async def insert_batch(tx: Tx, trail: Trail, batch: Batch) -> None:
    await tx.execute(
        f"INSERT INTO trails_pending (account, trail, {_BATCH}) VALUES (?, ?, ?, ?, ?, ?)",
        trail.account,
        trail.name,
        batch.id,
        batch.records,
        batch.amount,
        batch.created_us,
    )


async def select_batches(reader: Reader, trail: Trail, file: str, *, limit: int) -> list[Batch]:
    """What waits, the oldest first: for that file, or for none yet ('')."""
    rows = await reader.rows(
        f"SELECT {_BATCH} FROM trails_pending WHERE account = ? AND trail = ? AND file = ? "
        "ORDER BY id LIMIT ?",
        trail.account,
        trail.name,
        file,
        limit,
    )
    return [
        Batch(id=row[0], records=bytes(row[1]), amount=row[2], created_us=row[3]) for row in rows
    ]


async def select_waiting(reader: Reader, trail: Trail, *, limit: int) -> list[tuple[str, int, int]]:
    """(id, amount, created_us) of what waits for no file yet, the oldest first."""
    rows = await reader.rows(
        "SELECT id, amount, created_us FROM trails_pending "
        "WHERE account = ? AND trail = ? AND file = '' ORDER BY id LIMIT ?",
        trail.account,
        trail.name,
        limit,
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def assign_batches(tx: Tx, trail: Trail, ids: Sequence[str], file: str) -> None:
    marks = ", ".join("?" * len(ids))
    await tx.execute(
        f"UPDATE trails_pending SET file = ? WHERE account = ? AND trail = ? AND id IN ({marks})",
        file,
        trail.account,
        trail.name,
        *ids,
    )


async def delete_batches(tx: Tx, trail: Trail, file: str) -> None:
    await tx.execute(
        "DELETE FROM trails_pending WHERE account = ? AND trail = ? AND file = ?",
        trail.account,
        trail.name,
        file,
    )


async def delete_oldest_batches(tx: Tx, trail: Trail, *, keep: int) -> int:
    """Drop what waits beyond the newest `keep`."""
    return await tx.execute(
        "DELETE FROM trails_pending WHERE account = ? AND trail = ? AND file = '' AND id <= "
        "(SELECT id FROM trails_pending WHERE account = ? AND trail = ? AND file = '' "
        "ORDER BY id DESC LIMIT 1 OFFSET ?)",
        trail.account,
        trail.name,
        trail.account,
        trail.name,
        keep,
    )


async def put_file(tx: Tx, trail: Trail, file: LogFile) -> None:
    await tx.execute(
        f"INSERT INTO trails_file (account, trail, {_FILE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, trail, id) DO UPDATE SET delivered_us = excluded.delivered_us, "
        "hash = excluded.hash, oldest_us = excluded.oldest_us, newest_us = excluded.newest_us",
        trail.account,
        trail.name,
        file.id,
        file.key,
        file.bucket,
        file.created_us,
        file.delivered_us,
        file.hash,
        file.oldest_us,
        file.newest_us,
    )


async def select_files(
    reader: Reader, trail: Trail, *, delivered: bool, limit: int
) -> list[LogFile]:
    """Files of a trail, the oldest first: those that are in the bucket, or those that are not."""
    state = "IS NOT NULL" if delivered else "IS NULL"
    rows = await reader.rows(
        f"SELECT {_FILE} FROM trails_file WHERE account = ? AND trail = ? "
        f"AND delivered_us {state} ORDER BY id LIMIT ?",
        trail.account,
        trail.name,
        limit,
    )
    return [_file(row) for row in rows]


async def delete_files(tx: Tx, trail: Trail, ids: Sequence[str]) -> None:
    """Forget files: they are in the bucket, and in a digest when there are digests."""
    if not ids:
        return
    marks = ", ".join("?" * len(ids))
    await tx.execute(
        f"DELETE FROM trails_file WHERE account = ? AND trail = ? AND id IN ({marks})",
        trail.account,
        trail.name,
        *ids,
    )


async def find_last_digest(reader: Reader, trail: Trail) -> Digest | None:
    row = await reader.row(
        f"SELECT {_DIGEST} FROM trails_digest WHERE account = ? AND trail = ? "
        "ORDER BY end_us DESC LIMIT 1",
        trail.account,
        trail.name,
    )
    if row is None:
        return None
    return Digest(
        end_us=row[0],
        key=row[1],
        bucket=row[2],
        content=bytes(row[3]),
        hash=row[4],
        signature=row[5],
        delivered_us=row[6],
    )


async def insert_digest(tx: Tx, trail: Trail, digest: Digest) -> None:
    """Store a digest; the ones before are not needed any more."""
    await tx.execute(
        "DELETE FROM trails_digest WHERE account = ? AND trail = ? AND end_us < ?",
        trail.account,
        trail.name,
        digest.end_us,
    )
    await tx.execute(
        f"INSERT INTO trails_digest (account, trail, {_DIGEST}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        trail.account,
        trail.name,
        digest.end_us,
        digest.key,
        digest.bucket,
        digest.content,
        digest.hash,
        digest.signature,
        digest.delivered_us,
    )


async def update_digest_delivered(tx: Tx, trail: Trail, digest: Digest, now_us: int) -> None:
    await tx.execute(
        "UPDATE trails_digest SET delivered_us = ? WHERE account = ? AND trail = ? AND end_us = ?",
        now_us,
        trail.account,
        trail.name,
        digest.end_us,
    )


async def insert_key(tx: Tx, key: SigningKey) -> None:
    await tx.execute(
        f"INSERT INTO trails_key ({_KEY}) VALUES (?, ?, ?, ?, ?)",
        key.fingerprint,
        key.public,
        key.sealed,
        key.start_us,
        key.end_us,
    )


async def select_keys(
    reader: Reader, *, from_us: int, until_us: int, limit: int
) -> list[SigningKey]:
    """Keys that were good at some time between, the newest first."""
    rows = await reader.rows(
        f"SELECT {_KEY} FROM trails_key WHERE start_us <= ? AND end_us >= ? "
        "ORDER BY start_us DESC LIMIT ?",
        until_us,
        from_us,
        limit,
    )
    return [
        SigningKey(
            fingerprint=row[0],
            public=bytes(row[1]),
            sealed=bytes(row[2]),
            start_us=row[3],
            end_us=row[4],
        )
        for row in rows
    ]


def _file(row: Row) -> LogFile:
    return LogFile(
        id=row[0],
        key=row[1],
        bucket=row[2],
        created_us=row[3],
        delivered_us=row[4],
        hash=row[5],
        oldest_us=row[6],
        newest_us=row[7],
    )
