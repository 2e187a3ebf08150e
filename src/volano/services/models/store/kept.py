"""Rows of answers kept for exact repeats, and for requests with an Idempotency-Key."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx


async def select_cached(reader: Reader, account: str, digest: str, now_us: int) -> str | None:
    """The kept answer as JSON, while it is fresh."""
    row = await reader.row(
        "SELECT answer FROM models_cached WHERE account = ? AND digest = ? AND expires_us > ? "
        "LIMIT 1",
        account,
        digest,
        now_us,
    )
    return None if row is None else str(row[0])


async def upsert_cached(
    tx: Tx, account: str, digest: str, *, model: str, answer: str, now_us: int, expires_us: int
) -> None:
    await tx.execute(
        "INSERT INTO models_cached (account, digest, model, answer, size_bytes, hits, created_us, "
        "expires_us) VALUES (?, ?, ?, ?, ?, 0, ?, ?) ON CONFLICT (account, digest) DO UPDATE SET "
        "answer = excluded.answer, size_bytes = excluded.size_bytes, "
        "created_us = excluded.created_us, expires_us = excluded.expires_us",
        account,
        digest,
        model,
        answer,
        len(answer.encode()),
        now_us,
        expires_us,
    )


async def add_hit(tx: Tx, account: str, digest: str) -> None:
    await tx.execute(
        "UPDATE models_cached SET hits = hits + 1 WHERE account = ? AND digest = ?",
        account,
        digest,
    )


async def select_cache_sums(
    reader: Reader, account: str, limit: int
) -> list[tuple[str, int, int, int]]:
    """(model, answers, bytes, hits) of what is kept, by model."""
    rows = await reader.rows(
        "SELECT model, COUNT(*), SUM(size_bytes), SUM(hits) FROM models_cached WHERE account = ? "
        "GROUP BY model ORDER BY model LIMIT ?",
        account,
        limit,
    )
    return [(row[0], int(row[1]), int(row[2]), int(row[3])) for row in rows]


async def delete_cached(tx: Tx, account: str, model: str) -> int:
    """Forget the answers asked of a model or route, or all with ''."""
    return await tx.execute(
        "DELETE FROM models_cached WHERE account = ? AND (? = '' OR model = ?)",
        account,
        model,
        model,
    )


async def delete_expired(tx: Tx, now_us: int) -> int:
    """Forget what nobody may be given any more."""
    gone = await tx.execute("DELETE FROM models_cached WHERE expires_us <= ?", now_us)
    return gone + await tx.execute("DELETE FROM models_repeat WHERE expires_us <= ?", now_us)


async def select_crowded(reader: Reader, most: int, limit: int) -> list[str]:
    """Accounts with more kept answers than that."""
    rows = await reader.rows(
        "SELECT account FROM models_cached GROUP BY account HAVING COUNT(*) > ? LIMIT ?",
        most,
        limit,
    )
    return [row[0] for row in rows]


async def delete_oldest(tx: Tx, account: str, most: int) -> int:
    """Forget all but the newest so many."""
    row = await tx.row(
        "SELECT created_us FROM models_cached WHERE account = ? "
        "ORDER BY created_us DESC LIMIT 1 OFFSET ?",
        account,
        most,
    )
    if row is None:
        return 0
    return await tx.execute(
        "DELETE FROM models_cached WHERE account = ? AND created_us <= ?", account, row[0]
    )


async def select_repeat(
    reader: Reader, account: str, key: str, now_us: int
) -> tuple[str, str] | None:
    """The digest of the first request and its answer ('' while it is under way)."""
    row = await reader.row(
        "SELECT request, answer FROM models_repeat WHERE account = ? AND key = ? "
        "AND expires_us > ? LIMIT 1",
        account,
        key,
        now_us,
    )
    return None if row is None else (str(row[0]), str(row[1]))


async def upsert_repeat(
    tx: Tx, account: str, key: str, *, request: str, answer: str, expires_us: int
) -> None:
    await tx.execute(
        "INSERT INTO models_repeat (account, key, request, answer, expires_us) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, key) DO UPDATE SET "
        "request = excluded.request, answer = excluded.answer, expires_us = excluded.expires_us",
        account,
        key,
        request,
        answer,
        expires_us,
    )


async def delete_repeat(tx: Tx, account: str, key: str, *, expires_us: int) -> int:
    """Only the request under way that took the key until that moment."""
    return await tx.execute(
        "DELETE FROM models_repeat WHERE account = ? AND key = ? AND answer = '' "
        "AND expires_us = ?",
        account,
        key,
        expires_us,
    )
