"""SQL of the retrieval index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.studio.model.passages import Chunk, Document, Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Tx

_CHUNK = "source, ordinal, scope, ts_us, text, vector"


async def insert_source(tx: Tx, item: Document) -> None:
    await tx.execute(
        "INSERT INTO studio_source (account, source, scope, kind, title, ts_us) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        item.account,
        item.source,
        item.scope,
        item.kind,
        item.title,
        item.ts_us,
    )


async def insert_chunks(
    tx: Tx, item: Document, chunks: Sequence[tuple[str, dict[str, int]]]
) -> None:
    """The sentences of a document, each with its terms and how often each occurs."""
    # Rows of tables are found by words alone: an empty vector is none, and stays so.
    vector = b"" if item.format is Format.TABLE else None
    await tx.execute_many(
        "INSERT INTO studio_chunk (account, source, ordinal, scope, ts_us, text, vector) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (item.account, item.source, ordinal, item.scope, item.ts_us, text, vector)
            for ordinal, (text, _) in enumerate(chunks)
        ],
    )
    await tx.execute_many(
        "INSERT INTO studio_term (account, term, scope, source, ordinal, tf, ts_us) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (item.account, term, item.scope, item.source, ordinal, count, item.ts_us)
            for ordinal, (_, terms) in enumerate(chunks)
            for term, count in terms.items()
        ],
    )


async def delete_source(tx: Tx, account: str, source: str) -> None:
    for table in ("studio_term", "studio_chunk", "studio_source"):
        await tx.execute(f"DELETE FROM {table} WHERE account = ? AND source = ?", account, source)


async def select_sources_between(
    reader: Reader, account: str, first: str, end: str, limit: int
) -> list[str]:
    """Names of sources from `first` up to before `end`."""
    rows = await reader.rows(
        "SELECT source FROM studio_source WHERE account = ? AND source >= ? AND source < ? LIMIT ?",
        account,
        first,
        end,
        limit,
    )
    return [row[0] for row in rows]


async def select_scopes(reader: Reader, account: str, kind: str, limit: int) -> list[str]:
    """Scopes that have sources of this kind."""
    rows = await reader.rows(
        "SELECT DISTINCT scope FROM studio_source WHERE account = ? AND kind = ? LIMIT ?",
        account,
        kind,
        limit,
    )
    return [row[0] for row in rows]


async def select_titles(reader: Reader, account: str, sources: Sequence[str]) -> dict[str, str]:
    if not sources:
        return {}
    marks = ", ".join("?" * len(sources))
    rows = await reader.rows(
        f"SELECT source, title FROM studio_source WHERE account = ? AND source IN ({marks})",
        account,
        *sources,
    )
    return {row[0]: row[1] for row in rows}


async def select_term(
    reader: Reader, account: str, term: str, scopes: Sequence[str], limit: int
) -> list[tuple[str, int, str, int, int]]:
    """Sentences with the term in these scopes, newest first: source, ordinal, scope, ts, count."""
    marks = ", ".join("?" * len(scopes))
    rows = await reader.rows(
        "SELECT source, ordinal, scope, ts_us, tf FROM studio_term "
        f"WHERE account = ? AND term = ? AND scope IN ({marks}) ORDER BY ts_us DESC LIMIT ?",
        account,
        term,
        *scopes,
        limit,
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


async def select_term_in(
    reader: Reader, account: str, term: str, scope: str, sources: Sequence[str], limit: int
) -> list[tuple[str, int, int]]:
    """Sentences of these sources with the term, at most `limit`: source, ordinal, count."""
    found: list[tuple[str, int, int]] = []
    for at in range(0, len(sources), 500):
        batch = sources[at : at + 500]
        marks = ", ".join("?" * len(batch))
        rows = await reader.rows(
            "SELECT source, ordinal, tf FROM studio_term WHERE account = ? AND term = ? "
            f"AND scope = ? AND source IN ({marks}) LIMIT ?",
            account,
            term,
            scope,
            *batch,
            limit - len(found),
        )
        found += [(row[0], row[1], row[2]) for row in rows]
        if len(found) >= limit:
            break
    return found


async def select_chunks(
    reader: Reader, account: str, names: Sequence[tuple[str, int]]
) -> list[Chunk]:
    """These sentences, in no order."""
    found: list[Chunk] = []
    for at in range(0, len(names), 500):
        batch = names[at : at + 500]
        marks = " OR ".join(["(source = ? AND ordinal = ?)"] * len(batch))
        values = [value for name in batch for value in name]
        rows = await reader.rows(
            f"SELECT {_CHUNK} FROM studio_chunk WHERE account = ? AND ({marks})", account, *values
        )
        found += [_chunk(row) for row in rows]
    return found


async def select_recent(
    reader: Reader, account: str, scopes: Sequence[str], limit: int
) -> list[Chunk]:
    """The newest sentences of these scopes that have a vector."""
    marks = ", ".join("?" * len(scopes))
    rows = await reader.rows(
        f"SELECT {_CHUNK} FROM studio_chunk WHERE account = ? AND scope IN ({marks}) "
        "AND length(vector) > 0 ORDER BY ts_us DESC LIMIT ?",
        account,
        *scopes,
        limit,
    )
    return [_chunk(row) for row in rows]


async def select_bare(reader: Reader, limit: int) -> list[tuple[str, Chunk]]:
    """Sentences without a vector, with their account."""
    rows = await reader.rows(
        f"SELECT account, {_CHUNK} FROM studio_chunk WHERE vector IS NULL "
        "ORDER BY account, source, ordinal LIMIT ?",
        limit,
    )
    return [(row[0], _chunk(row[1:])) for row in rows]


async def update_vectors(tx: Tx, account: str, found: Sequence[tuple[Chunk, bytes]]) -> None:
    """Give sentences their vectors, unless their text changed meanwhile."""
    await tx.execute_many(
        "UPDATE studio_chunk SET vector = ? WHERE account = ? AND source = ? AND ordinal = ? "
        "AND text = ?",
        [(vector, account, chunk.source, chunk.ordinal, chunk.text) for chunk, vector in found],
    )


def _chunk(row: tuple[object, ...]) -> Chunk:
    source, ordinal, scope, ts_us, text, vector = row
    assert isinstance(source, str)
    assert isinstance(ordinal, int)
    assert isinstance(scope, str)
    assert isinstance(ts_us, int)
    assert isinstance(text, str)
    return Chunk(
        source=source,
        ordinal=ordinal,
        scope=scope,
        ts_us=ts_us,
        text=text,
        vector=vector if isinstance(vector, bytes) else None,
    )
