"""Port `vectors` in PostgreSQL with the extension pgvector: exact, and shared by all processes.

The tables lie in a schema of their own and are made at the first start that may: they hold nothing
that is not in the rows of a service. A search compares every vector that is allowed, so it finds
exactly the nearest; the server does so beside the rest of its work and outside our process.
"""

from __future__ import annotations

import asyncio
import json
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Store, Tx
    from volano.kernel.vectors import Near, VectorSet

SETUP_LOCK = 7_318_462_906
MAX_SOURCES = 100_000
"""Of one set; more are never asked for."""
NAMED_SOURCES = 32
"""Up to so many are named in a query; for more the server reads all of the set."""
_SETUP = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    "CREATE SCHEMA IF NOT EXISTS volano_vectors",
    "CREATE TABLE IF NOT EXISTS volano_vectors.source (account TEXT NOT NULL, name TEXT NOT NULL, "
    "source TEXT NOT NULL, stamp BIGINT NOT NULL, PRIMARY KEY (account, name, source))",
    "CREATE TABLE IF NOT EXISTS volano_vectors.item (account TEXT NOT NULL, name TEXT NOT NULL, "
    "source TEXT NOT NULL, ordinal BIGINT NOT NULL, width BIGINT NOT NULL, vector halfvec NOT NULL,"
    " PRIMARY KEY (account, name, source, ordinal))",
)


class PostgresVectors:
    """Vectors in the tables of a database where `set_up` has been."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def nearest(
        self, held: VectorSet, asked: Sequence[Sequence[float]], allowed: frozenset[str], limit: int
    ) -> list[Near]:
        """See the port."""
        await self._catch_up(held)
        return [await self._search(held, each, allowed, limit) for each in asked]

    async def forget(self, account: str, name: str) -> None:
        """See the port."""

        async def write(tx: Tx) -> None:
            for table in ("item", "source"):
                await tx.execute(
                    f"DELETE FROM volano_vectors.{table} WHERE account = ? AND name = ?",
                    account,
                    name,
                )

        await self._store.transact(write)

    async def close(self) -> None:
        """Nothing is open."""

    async def _search(
        self, held: VectorSet, asked: Sequence[float], allowed: frozenset[str], limit: int
    ) -> Near:
        vector = _text(asked)
        # Few sources are named one by one, so that the server looks at their rows alone.
        if 0 < len(allowed) <= NAMED_SOURCES:
            names, chosen = tuple(allowed), ", ".join("?" * len(allowed))
        else:
            names = (json.dumps(sorted(allowed)),)
            chosen = "SELECT jsonb_array_elements_text(CAST(CAST(? AS text) AS jsonb))"
        rows = await self._store.reader.rows(
            "SELECT source, ordinal, -(vector <#> CAST(CAST(? AS text) AS halfvec)) "
            "FROM volano_vectors.item WHERE account = ? AND name = ? AND width = ? "
            f"AND source IN ({chosen}) "
            "ORDER BY vector <#> CAST(CAST(? AS text) AS halfvec), source, ordinal LIMIT ?",
            vector,
            held.account,
            held.name,
            len(asked),
            *names,
            vector,
            limit,
        )
        return [((source, ordinal), cosine) for source, ordinal, cosine in rows]

    async def _catch_up(self, held: VectorSet) -> None:
        """Make the tables hold what the rows do; other processes may do the same beside this."""
        rows = await self._store.reader.rows(
            "SELECT source, stamp FROM volano_vectors.source WHERE account = ? AND name = ? "
            "LIMIT ?",
            held.account,
            held.name,
            MAX_SOURCES,
        )
        before: dict[str, int] = dict(rows)
        for source in before.keys() - held.sources.keys():
            await self._replace(held, source, None, [])
        for source, stamp in held.sources.items():
            if before.get(source) != stamp:
                vectors = await held.read(source)
                texts = await asyncio.to_thread(_texts, vectors)
                await self._replace(held, source, stamp, texts)

    async def _replace(
        self,
        held: VectorSet,
        source: str,
        stamp: int | None,
        vectors: Sequence[tuple[int, int, str]],
    ) -> None:
        key = (held.account, held.name, source)

        async def write(tx: Tx) -> None:
            for table in ("item", "source"):
                await tx.execute(
                    f"DELETE FROM volano_vectors.{table} "
                    "WHERE account = ? AND name = ? AND source = ?",
                    *key,
                )
            if stamp is None:
                return
            await tx.execute(
                "INSERT INTO volano_vectors.source (account, name, source, stamp) "
                "VALUES (?, ?, ?, ?)",
                *key,
                stamp,
            )
            await tx.execute_many(
                "INSERT INTO volano_vectors.item (account, name, source, ordinal, width, vector) "
                "VALUES (?, ?, ?, ?, ?, CAST(CAST(? AS text) AS halfvec))",
                [(*key, ordinal, width, text) for ordinal, width, text in vectors],
            )

        await self._store.transact(write)


async def set_up(store: Store) -> str:
    """Make the tables; '' when they are there, else why they cannot be (no extension, no right)."""
    import asyncpg  # noqa: PLC0415 - in the `scale` extra

    async def make(tx: Tx) -> None:
        await tx.rows("SELECT pg_advisory_xact_lock(?)", SETUP_LOCK)
        for statement in _SETUP:
            await tx.execute(statement)

    available = await store.reader.row(
        "SELECT default_version FROM pg_available_extensions WHERE name = 'vector' LIMIT 1"
    )
    if available is None:
        return "the extension is not installed on the database's server"
    try:
        await store.transact(make)
    except asyncpg.PostgresError as error:
        return str(error)
    return ""


def _texts(vectors: Sequence[tuple[int, bytes]]) -> list[tuple[int, int, str]]:
    """Ordinal, width and pgvector's form of each vector."""
    return [
        (ordinal, len(data) // 2, _text(struct.unpack(f"<{len(data) // 2}e", data)))
        for ordinal, data in vectors
    ]


def _text(vector: Sequence[float]) -> str:
    return f"[{','.join(map(str, vector))}]"
