"""PostgreSQL through asyncpg: serializable transactions, repeated on a conflict.

The outbox must be read in an order in which no event can appear behind a cursor. Sequence numbers
are taken before commit, so they do not give that; rows therefore carry the id of their transaction
and are read only up to the oldest transaction still running (`pg_snapshot_xmin`), in the order
(transaction, sequence). See PostgreSQL's manual, "System Information Functions".

The price of that order: a session anywhere in the same PostgreSQL server that has written and then
idles inside its transaction holds delivery up until it ends (`volano doctor` names it). Our own
sessions are ended by the server after `IDLE_IN_TRANSACTION_S`; give a shared server
`idle_in_transaction_session_timeout` too.

A lost connection, a stopping server and a full disk are Unavailable, in reads as in writes. When a
connection is lost during COMMIT nobody knows whether it happened: the caller hears Unavailable and
repeats, which logic must allow.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from volano.backends.store.dialect import numbered, postgres_schema
from volano.backends.store.migrations import Migration, plan
from volano.kernel.errors import Internal, Unavailable
from volano.kernel.events import to_payload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from volano.kernel.clock import Clock
    from volano.kernel.events import Event
    from volano.kernel.store import Reader, Row, Tx, Value

T = TypeVar("T")

MAX_CONNECTIONS = 16
MAX_ATTEMPTS = 20
"""Repeats of one transaction after serialization failures."""
PARALLEL_ATTEMPTS = 3
"""Of these, beside each other; later ones of a process go one after the other, so that many writers
of the same row (messages of a busy channel) get through instead of defeating each other."""
MAX_BACKOFF_S = 0.2
UNIQUE_ATTEMPTS = 4
"""Of these, after two inserts of the same key met."""
ACQUIRE_TIMEOUT_S = 10.0
"""Wait for a free connection; beyond it the caller hears SlowDown."""
CONNECT_TIMEOUT_S = 10.0
COMMAND_TIMEOUT_S = 60.0
IDLE_IN_TRANSACTION_S = 60
MIGRATION_LOCK = 7_318_462_905
_BEGINNING = "-9223372036854775808:0"
"""Before every position: restored events have negative transaction ids (app/backup.py)."""

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
CREATE TABLE IF NOT EXISTS root_key (fingerprint TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS sealing_key (id BIGINT PRIMARY KEY, wrapped BYTEA NOT NULL);
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


class _Outside(_Executor):
    """Reads outside transactions, on any free connection."""

    async def rows(self, sql: str, *values: Value) -> list[Row]:
        async with _connected(self._source) as connection:
            return await _Executor(connection).rows(sql, *values)

    async def row(self, sql: str, *values: Value) -> Row | None:
        async with _connected(self._source) as connection:
            return await _Executor(connection).row(sql, *values)


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
        self._reader = _Outside(pool)
        self._contended = asyncio.Lock()

    @property
    def reader(self) -> Reader:
        return self._reader

    async def transact(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        import asyncpg  # noqa: PLC0415 - in the `scale` extra

        for attempt in range(MAX_ATTEMPTS):
            try:
                if attempt < PARALLEL_ATTEMPTS:
                    return await self._attempt(work)
                async with self._contended:
                    return await self._attempt(work)
            except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
                longest = min(0.002 * 2**attempt, MAX_BACKOFF_S)
                # Losers of one race that wait equally long meet again. (Not a decision: no Env.)
                await asyncio.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311
            except asyncpg.UniqueViolationError:
                # Two inserts raced; the repeat sees the winner's row and decides on it.
                if attempt + 1 >= UNIQUE_ATTEMPTS:
                    raise
                await asyncio.sleep(0.002)
        raise Unavailable("Too many writers want the same rows; repeat.", code="SlowDown")

    async def _attempt(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        async with (
            _connected(self._pool) as connection,
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
        txid, _, seq = (after or _BEGINNING).partition(":")
        found = await self._reader.rows(
            "SELECT txid, seq, type, payload FROM outbox WHERE (txid, seq) > (?, ?) "
            "AND txid < (pg_snapshot_xmin(pg_current_snapshot())::text::bigint) "
            "ORDER BY txid, seq LIMIT ?",
            int(txid),
            int(seq),
            limit,
        )
        return [(f"{row[0]}:{row[1]}", row[2], row[3]) for row in found]

    async def has_events_after(self, position: str) -> bool:
        """Whether there is one that is committed, readable yet or not."""
        txid, _, seq = (position or _BEGINNING).partition(":")
        found = await self._reader.row(
            "SELECT 1 FROM outbox WHERE (txid, seq) > (?, ?) LIMIT 1", int(txid), int(seq)
        )
        return found is not None

    async def prune_outbox(self, before_us: int, subscribers: Sequence[str]) -> int:
        """Forget events older than that which every one of `subscribers` has passed."""

        async def prune(tx: Tx) -> int:
            rows = await tx.rows("SELECT subscriber, position FROM event_cursor LIMIT 10000")
            passed: dict[str, str] = dict(rows)
            lowest = min(
                (_txid_of(passed.get(name, "") or _BEGINNING) for name in subscribers), default=0
            )
            return await tx.execute(
                "DELETE FROM outbox WHERE created_us < ? AND txid < ?", before_us, lowest
            )

        return await self.transact(prune)

    async def close(self) -> None:
        await self._pool.close()


@asynccontextmanager
async def _connected(pool: Any) -> AsyncIterator[Any]:
    """A connection of the pool; what can go wrong with the server becomes Unavailable."""
    import asyncpg  # noqa: PLC0415 - in the `scale` extra

    acquired = False
    try:
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
            acquired = True
            yield connection
    except ValueError:  # a value that its column cannot hold: a bug, not the server's state
        raise
    except (
        OSError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
    ) as error:
        if acquired and not _is_server_away(error):
            raise
        raise _unavailable(error, acquired=acquired) from error


def _is_server_away(error: Exception) -> bool:
    import asyncpg  # noqa: PLC0415 - in the `scale` extra

    kinds = (
        OSError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,  # cut off in the midst of a call
        asyncpg.PostgresConnectionError,
        asyncpg.OperatorInterventionError,
        asyncpg.InsufficientResourcesError,
        asyncpg.ReadOnlySQLTransactionError,
        asyncpg.IdleInTransactionSessionTimeoutError,
    )
    return isinstance(error, kinds)


def _unavailable(error: Exception, *, acquired: bool) -> Unavailable:
    import asyncpg  # noqa: PLC0415 - in the `scale` extra

    if isinstance(error, asyncpg.DiskFullError):
        return Unavailable(
            "The database cannot be written: free disk space on its server.",
            code="InsufficientStorage",
        )
    if isinstance(error, TimeoutError) and not acquired:
        return Unavailable(
            "All connections to the database are busy; slow down and repeat.",
            code="SlowDown",
            retry_after_s=1.0,
        )
    return Unavailable(
        "The database cannot be reached; repeat in a moment.",
        retry_after_s=1.0,
        facts={"error": repr(error)},
    )


def _txid_of(position: str) -> int:
    return int(position.partition(":")[0])


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
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=MAX_CONNECTIONS,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=COMMAND_TIMEOUT_S,
            server_settings={
                "application_name": "volano",
                "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_S * 1000),
            },
        )
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
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
