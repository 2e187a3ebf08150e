"""SQL of vector stores: the chunks of their files, which lie in the tables of the passages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Tx


async def insert_chunks(
    tx: Tx,
    account: str,
    source: str,
    scope: str,
    ts_us: int,
    chunks: Sequence[tuple[str, bytes, dict[str, int]]],
) -> None:
    """The chunks of a file, each with its vector and its terms."""
    await tx.execute_many(
        "INSERT INTO studio_chunk (account, source, ordinal, scope, ts_us, text, vector) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (account, source, ordinal, scope, ts_us, text, vector)
            for ordinal, (text, vector, _) in enumerate(chunks)
        ],
    )
    await tx.execute_many(
        "INSERT INTO studio_term (account, term, scope, source, ordinal, tf, ts_us) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (account, term, scope, source, ordinal, count, ts_us)
            for ordinal, (_, _, terms) in enumerate(chunks)
            for term, count in terms.items()
        ],
    )


async def select_vectors(
    reader: Reader, account: str, source: str, after: int, limit: int
) -> list[tuple[int, bytes]]:
    """Ordinal and vector of a file's chunks after `after`, in order, where they have one."""
    rows = await reader.rows(
        "SELECT ordinal, vector FROM studio_chunk WHERE account = ? AND source = ? "
        "AND ordinal > ? AND length(vector) > 0 ORDER BY ordinal LIMIT ?",
        account,
        source,
        after,
        limit,
    )
    return [(row[0], bytes(row[1])) for row in rows]


async def select_sources(reader: Reader, account: str, prefix: str, limit: int) -> list[str]:
    """Sources of chunks that begin with `prefix`."""
    rows = await reader.rows(
        "SELECT DISTINCT source FROM studio_chunk WHERE account = ? AND source >= ? "
        "AND source < ? LIMIT ?",
        account,
        prefix,
        prefix + "\U0010ffff",
        limit,
    )
    return [row[0] for row in rows]


async def select_texts(
    reader: Reader, account: str, source: str, after: int, limit: int
) -> list[tuple[int, str]]:
    """Ordinal and text of a file's chunks after `after`, in order."""
    rows = await reader.rows(
        "SELECT ordinal, text FROM studio_chunk WHERE account = ? AND source = ? AND ordinal > ? "
        "ORDER BY ordinal LIMIT ?",
        account,
        source,
        after,
        limit,
    )
    return [(row[0], row[1]) for row in rows]
