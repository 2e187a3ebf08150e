"""PostgreSQL through asyncpg: serializable transactions, repeated on a conflict.

The outbox must be read in an order in which no event can appear behind a cursor. Sequence numbers
are taken before commit, so they do not give that; rows therefore carry the id of their transaction
and are read only up to the oldest transaction still running (`pg_snapshot_xmin`), in the order
(transaction, sequence). See PostgreSQL's manual, "System Information Functions".
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from volano.backends.store.dialect import numbered, postgres_schema
from volano.backends.store.migrations import Migration, plan
from volano.kernel.errors import Internal, Unavailable
from volano.kernel.events import to_payload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from volano.kernel.clock import Clock
    from volano.kernel.events import Event
    from volano.kernel.store import Reader, Row, Tx, Value

T = TypeVar("T")

MAX_CONNECTIONS = 16
MAX_ATTEMPTS = 20
"""Repeats of one transaction after serialization failures."""
MIGRATION_LOCK = 7_318_462_905

_FLOOR_TABLES = """
CREATE TABLE IF NOT EXISTS schema_migration (
  key TEXT PRIMARY KEY, digest TEXT NOT NULL, applied_us BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  txid BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  type TEXT NOT NULL, payload BYTEA NOT NULL, created_us BIGINT NOT NULL);
CREATE INDEX IF NOT EXISTS outbox_by_txid ON outbox (txid, seq);
CREATE TABLE IF NOT EXISTS event_cursor (
  subscriber TEXT PRIMARY KEY, position TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS event_dead (
  subscriber TEXT NOT NULL, position TEXT NOT NULL, type TEXT NOT NULL, payload BYTEA NOT NULL,
  error TEXT NOT NULL, failed_us BIGINT NOT NULL, PRIMARY KEY (subscriber, position));
CREATE TABLE IF NOT EXISTS lease (
  name TEXT PRIMARY KEY, holder TEXT NOT NULL, token BIGINT NOT NULL,
  expires_us BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS job (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, account TEXT NOT NULL,
  state TEXT NOT NULL, fraction DOUBLE PRECISION NOT NULL, text TEXT NOT NULL,
  payload TEXT NOT NULL, result TEXT NOT NULL, created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL);
CREATE INDEX IF NOT EXISTS job_by_account ON job (account, created_us);
CREATE INDEX IF NOT EXISTS job_by_key ON job (kind, key);
"""


class _Executor:
    """Reads on a pool or on one connection."""

    def __init__(self, source: Any) -> None:
        self._source = source

    async def rows(self, sql: str, *values: Value) -> list[Row]:
        return [tuple(record) for record in await self._source.fetch(numbered(sql), *values)]

    async def row(self, sql: str, *values: Value) -> Row | None:
        record = await self._source.fetchrow(numbered(sql), *values)
        return None if record is None else tuple(record)


class _PostgresTx(_Executor):
    def __init__(self, connection: Any, now_us: int) -> None:
        super().__init__(connection)
        self._now_us = now_us
        self._events: list[tuple[str, bytes, int]] = []

    async def execute(self, sql: str, *values: Value) -> int:
        status = await self._source.execute(numbered(sql), *values)
        last = str(status).rpartition(" ")[2]
        return int(last) if last.isdigit() else 0

    async def execute_many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        await self._source.executemany(numbered(sql), rows)

    def publish(self, event: Event) -> None:
        self._events.append((event.type_name, to_payload(event), self._now_us))

    async def write_events(self) -> bool:
        if self._events:
            await self._source.executemany(
                "INSERT INTO outbox (type, payload, created_us) VALUES ($1, $2, $3)", self._events
            )
        return bool(self._events)


class PostgresStore:
    """A database that several processes may share."""

    exclusive = False

    def __init__(self, pool: Any, clock: Clock, on_event: Callable[[], None]) -> None:
        self._pool = pool
        self._clock = clock
        self._on_event = on_event
        self._reader = _Executor(pool)

    @property
    def reader(self) -> Reader:
        return self._reader

    async def transact(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        import asyncpg  # noqa: PLC0415 - in the `scale` extra

        for attempt in range(MAX_ATTEMPTS):
            try:
                return await self._attempt(work)
            except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
                await asyncio.sleep(min(0.002 * 2**attempt, 0.2))
            except asyncpg.UniqueViolationError:
                # Two inserts raced; the repeat sees the winner's row and decides on it.
                if attempt == MAX_ATTEMPTS - 1:
                    raise
                if attempt >= 3:
                    raise
                await asyncio.sleep(0.002)
            except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError) as error:
                raise Unavailable(
                    "The database cannot be reached; repeat in a moment.", retry_after_s=1.0
                ) from error
        raise Unavailable("Too many writers want the same rows; repeat.", code="SlowDown")

    async def _attempt(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="serializable"),
        ):
            tx = _PostgresTx(connection, self._clock.now_us())
            result = await work(tx)
            published = await tx.write_events()
        if published:
            self._on_event()
        return result

    async def read_outbox(self, after: str, limit: int) -> list[tuple[str, str, bytes]]:
        """Committed events after a position ('' is the beginning): position, type, payload."""
        txid, _, seq = (after or "0:0").partition(":")
        found = await self._reader.rows(
            "SELECT txid, seq, type, payload FROM outbox WHERE (txid, seq) > (?, ?) "
            "AND txid < (pg_snapshot_xmin(pg_current_snapshot())::text::bigint) "
            "ORDER BY txid, seq LIMIT ?",
            int(txid),
            int(seq),
            limit,
        )
        return [(f"{row[0]}:{row[1]}", row[2], row[3]) for row in found]

    async def prune_outbox(self, before_us: int) -> int:
        """Forget events older than that which every known subscriber has passed."""

        async def prune(tx: Tx) -> int:
            cursors = await tx.rows("SELECT position FROM event_cursor LIMIT 1000")
            lowest = min((int(row[0].partition(":")[0]) for row in cursors), default=0)
            return await tx.execute(
                "DELETE FROM outbox WHERE created_us < ? AND txid < ?", before_us, lowest
            )

        return await self.transact(prune)

    async def close(self) -> None:
        await self._pool.close()


async def open_postgres(
    url: str, clock: Clock, migrations: list[Migration], on_event: Callable[[], None]
) -> PostgresStore:
    """Connect and bring the schema up to date; one process migrates, the others wait.

    Raises NewerSchema, and Unavailable when the server cannot be reached.
    """
    try:
        import asyncpg  # noqa: PLC0415 - in the `scale` extra
    except ImportError as error:
        raise Unavailable(
            "PostgreSQL needs the extra `scale`: run `volano enable scale` first."
        ) from error
    try:
        pool = await asyncpg.create_pool(url, min_size=1, max_size=MAX_CONNECTIONS)
    except (OSError, asyncpg.PostgresError) as error:
        raise Unavailable(
            "PostgreSQL cannot be reached or refuses the login; check --store.",
            facts={"error": str(error)},
        ) from error
    if pool is None:
        raise Internal("asyncpg returned no pool")
    try:
        await _migrate(pool, clock, migrations)
    except BaseException:
        await pool.close()
        raise
    return PostgresStore(pool, clock, on_event)


async def _migrate(pool: Any, clock: Clock, migrations: list[Migration]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        await connection.execute(_FLOOR_TABLES)
        rows = await connection.fetch("SELECT key, digest FROM schema_migration")
        for migration in plan({row[0]: row[1] for row in rows}, migrations):
            await connection.execute(postgres_schema(migration.sql))
            await connection.execute(
                "INSERT INTO schema_migration VALUES ($1, $2, $3)",
                migration.key,
                migration.digest,
                clock.now_us(),
            )
