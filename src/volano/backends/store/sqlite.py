"""SQLite: WAL, one writer thread with group commit, reads inline on a read-only connection.

Why this shape (research/stack.md 5, data_billing_security.md 6): an indexed read takes 6 µs, less
than a thread hop; fsync takes milliseconds, so queued transactions share one. Each transaction is
a coroutine that awaits only its `Tx`, whose methods never really wait here: the writer thread
drives it to its end inside a savepoint, so a failing one undoes only itself. The futures resolve
after COMMIT, which with synchronous=FULL has fsynced the log. A group in which all are lazy is
committed with synchronous=NORMAL, without fsync: the next one's fsync is of the same file, so what
a power loss takes is always the newest lazy ones. Another thread that has nothing better to do may
run a lazy one itself, in its turn (`transact_here`): that saves two changes of thread.

The writer thread never ends before `close`: whatever fails, the group's futures get an error. When
the disk is full writers are told so and readers go on; writing works again once there is space.

Versions 3.7.0 to 3.51.2 can corrupt the WAL when two connections write and checkpoint at once
(fixed in 3.51.3); the build shipped with `pysqlite3` is newer, and an older one is refused.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from pysqlite3 import dbapi2 as sqlite3

from volano.backends.store.dialect import split_statements
from volano.backends.store.migrations import Migration, plan
from volano.backends.store.watches import Watch, Watches
from volano.kernel.errors import Internal, Unavailable
from volano.kernel.events import to_payload
from volano.kernel.store import Row

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from pathlib import Path

    from volano.kernel.clock import Clock
    from volano.kernel.events import Event
    from volano.kernel.store import Reader, Tx, Value

T = TypeVar("T")

FIRST_FIXED_VERSION = (3, 51, 3)
MAX_QUEUED = 20_000
"""Transactions waiting; more are refused with SlowDown."""
MAX_GROUP = 512
"""Transactions in one commit."""
EVENTS_AT_ONCE = 64
KEEP_WAL_BYTES = 64 * 1024 * 1024
"""The log is cut to this after a long reader (a backup) let it grow."""

_FLOOR_TABLES = """
CREATE TABLE IF NOT EXISTS schema_migration (
  key TEXT PRIMARY KEY, digest TEXT NOT NULL, applied_us INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, payload BLOB NOT NULL,
  created_us INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS event_cursor (
  subscriber TEXT PRIMARY KEY, position TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS event_dead (
  subscriber TEXT NOT NULL, position TEXT NOT NULL, type TEXT NOT NULL, payload BLOB NOT NULL,
  error TEXT NOT NULL, failed_us INTEGER NOT NULL, PRIMARY KEY (subscriber, position));
CREATE TABLE IF NOT EXISTS root_key (fingerprint TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS sealing_key (id INTEGER PRIMARY KEY, wrapped BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS lease (
  name TEXT PRIMARY KEY, holder TEXT NOT NULL, token INTEGER NOT NULL,
  expires_us INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS job (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, account TEXT NOT NULL,
  state TEXT NOT NULL, fraction REAL NOT NULL, text TEXT NOT NULL, payload TEXT NOT NULL,
  result TEXT NOT NULL, created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS job_by_account ON job (account, created_us);
CREATE INDEX IF NOT EXISTS job_by_key ON job (kind, key);
"""


class _Work:
    """One transaction, and what came of it."""

    __slots__ = ("error", "is_lazy", "result", "work")

    def __init__(self, work: Callable[[Tx], Awaitable[Any]], *, is_lazy: bool) -> None:
        self.work = work
        self.is_lazy = is_lazy
        self.result: Any = None
        self.error: BaseException | None = None


class _Item(_Work):
    """One queued transaction and the future that waits for it."""

    __slots__ = ("future", "loop")

    def __init__(
        self,
        work: Callable[[Tx], Awaitable[Any]],
        future: asyncio.Future[Any],
        loop: asyncio.AbstractEventLoop,
        *,
        is_lazy: bool,
    ) -> None:
        super().__init__(work, is_lazy=is_lazy)
        self.future = future
        self.loop = loop


class _Connection:
    """Reads and writes on one connection; methods are coroutines that never wait."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def rows(self, sql: str, *values: Value) -> list[Row]:
        return list(self._connection.execute(sql, values).fetchall())

    async def row(self, sql: str, *values: Value) -> Row | None:
        found = self._connection.execute(sql, values).fetchone()
        return None if found is None else tuple(found)


class _Outside(_Connection):
    """Reads outside transactions. Inside one they would miss the transaction's own writes."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.writer_thread = 0

    async def rows(self, sql: str, *values: Value) -> list[Row]:
        self._require_outside()
        return await super().rows(sql, *values)

    async def row(self, sql: str, *values: Value) -> Row | None:
        self._require_outside()
        return await super().row(sql, *values)

    def _require_outside(self) -> None:
        if threading.get_ident() == self.writer_thread:
            raise Internal("A transaction reads through its Tx, not through the store's reader.")


class _SqliteTx(_Connection):
    def __init__(self, connection: Any, now_us: int, said: set[str]) -> None:
        super().__init__(connection)
        self._now_us = now_us
        self._events: list[tuple[str, bytes, int]] = []
        self._said = said
        """Every statement of the group that may write."""

    async def rows(self, sql: str, *values: Value) -> list[Row]:
        if not sql.startswith("SELECT"):
            self._said.add(sql)
        return list(self._connection.execute(sql, values).fetchall())

    async def row(self, sql: str, *values: Value) -> Row | None:
        if not sql.startswith("SELECT"):
            self._said.add(sql)
        found = self._connection.execute(sql, values).fetchone()
        return None if found is None else tuple(found)

    async def execute(self, sql: str, *values: Value) -> int:
        self._said.add(sql)
        return int(self._connection.execute(sql, values).rowcount)

    async def execute_many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        self._said.add(sql)
        self._connection.executemany(sql, rows)

    def publish(self, event: Event) -> None:
        self._events.append((event.type_name, to_payload(event), self._now_us))

    def write_events(self) -> bool:
        if self._events:
            for at in range(0, len(self._events), EVENTS_AT_ONCE):
                events = self._events[at : at + EVENTS_AT_ONCE]
                rows = ", ".join(["(?, ?, ?)"] * len(events))
                values = [value for event in events for value in event]
                self._connection.execute(
                    f"INSERT INTO outbox (type, payload, created_us) VALUES {rows}", values
                )
        return bool(self._events)


class SqliteStore:
    """One database file in the data folder, owned by one process."""

    exclusive = True
    """No other process shares it, so no lease is needed to be its only worker."""

    def __init__(self, path: Path, clock: Clock, on_event: Callable[[], None]) -> None:
        self._path = path
        self._clock = clock
        self._on_event = on_event
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._writer = _open(path)
        self._reader_connection = _open(path, read_only=True)
        self._reader = _Outside(self._reader_connection)
        self._closed = False
        self._is_lazy = False
        self._watches = Watches()
        self._turn = threading.Lock()
        """Held by the thread that runs transactions."""
        self._thread = threading.Thread(target=self._write_loop, name="sqlite-writer", daemon=True)
        self._thread.start()

    @property
    def reader(self) -> Reader:
        return self._reader

    async def transact(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        return await self._submit(work, is_lazy=False)

    async def transact_lazily(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        return await self._submit(work, is_lazy=True)

    def transact_here(
        self, work: Callable[[Tx], Awaitable[T]], loop: asyncio.AbstractEventLoop
    ) -> T:
        item = _Work(work, is_lazy=True)
        with self._turn:
            self._require_open()
            if self._run_group([item]):
                loop.call_soon_threadsafe(self._on_event)
        if item.error is not None:
            raise item.error
        result: T = item.result
        return result

    def _submit(self, work: Callable[[Tx], Awaitable[T]], *, is_lazy: bool) -> asyncio.Future[T]:
        self._require_open()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if self._queue.qsize() >= MAX_QUEUED:
            raise Unavailable(
                f"{MAX_QUEUED} writes are waiting; slow down and repeat.",
                code="SlowDown",
                retry_after_s=1.0,
            )
        self._queue.put(_Item(work, future, loop, is_lazy=is_lazy))
        return future

    def _require_open(self) -> None:
        if self._closed:
            raise Unavailable("The database is closed: this process is stopping.")

    def watch(self, pattern: str) -> Watch:
        """Count the commits that write tables whose whole names match a regular expression.

        The count grows after such a commit is visible and before its `transact` returns: what was
        read when the count was the same as now is what would be read now.
        """
        return self._watches.add(pattern)

    async def read_outbox(self, after: str, limit: int) -> list[tuple[str, str, bytes]]:
        """Committed events after a position ('' is the beginning): position, type, payload."""
        found = await self._reader.rows(
            "SELECT seq, type, payload FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?",
            int(after or 0),
            limit,
        )
        return [(str(seq), kind, payload) for seq, kind, payload in found]

    async def has_events_after(self, position: str) -> bool:
        """Whether there is one that is committed, readable yet or not."""
        return bool(await self.read_outbox(position, 1))

    async def prune_outbox(self, before_us: int, subscribers: Sequence[str]) -> int:
        """Forget events older than that which every one of `subscribers` has passed."""

        async def prune(tx: Tx) -> int:
            rows = await tx.rows("SELECT subscriber, position FROM event_cursor LIMIT 10000")
            passed: dict[str, str] = dict(rows)
            floor = min((int(passed.get(name, "0")) for name in subscribers), default=0)
            return await tx.execute(
                "DELETE FROM outbox WHERE created_us < ? AND seq <= ?", before_us, floor
            )

        return await self.transact(prune)

    async def close(self) -> None:
        """Commit what is queued, refuse what comes later; may be repeated."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._stop_writer)
        self._reader_connection.close()

    def _stop_writer(self) -> None:
        self._queue.put(None)
        self._thread.join()
        with self._turn:
            self._writer.close()

    def _write_loop(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            group, stop = [first], False
            while len(group) < MAX_GROUP:
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
                if item is None:
                    stop = True
                    break
                group.append(item)
            self._commit_group(group)
            if stop:
                return

    def _commit_group(self, group: list[_Item]) -> None:
        with self._turn:
            published = self._run_group(group)
        _resolve(group, self._on_event if published else None)

    def _run_group(self, group: Sequence[_Work]) -> bool:
        """Run them in one commit, in this thread's turn; True when they published events."""
        self._reader.writer_thread = threading.get_ident()
        published = False
        said: set[str] = set()
        try:
            self._set_lazy(is_lazy=all(item.is_lazy for item in group))
            self._writer.execute("BEGIN IMMEDIATE")
            for item in group:
                published |= self._run_one(item, said)
            self._writer.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - work loop: it must go on, and all must hear
            self._fail_group(group, error)
        self._watches.count(said)
        return published

    def _set_lazy(self, *, is_lazy: bool) -> None:
        if is_lazy != self._is_lazy:
            self._writer.execute(f"PRAGMA synchronous = {'NORMAL' if is_lazy else 'FULL'}")
            self._is_lazy = is_lazy

    def _run_one(self, item: _Work, said: set[str]) -> bool:
        """Run one transaction in a savepoint; True when it published events."""
        tx = _SqliteTx(self._writer, self._clock.now_us(), said)
        self._writer.execute("SAVEPOINT one")
        try:
            item.result = _drive(item.work(tx))
            published = tx.write_events()
        except BaseException as error:
            if not self._writer.in_transaction:
                # SQLite undid the whole group by itself, as it may when the disk is full.
                raise sqlite3.OperationalError(f"the transaction was lost: {error}") from error
            item.error = _translated(error)
            self._writer.execute("ROLLBACK TO one")
            published = False
        self._writer.execute("RELEASE one")
        return published

    def _fail_group(self, group: Sequence[_Work], error: Exception) -> None:
        """Undo the group. Nothing of it is on disk: COMMIT failed or was not reached."""
        with suppress(sqlite3.Error):
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        for item in group:
            item.error = item.error or _translated(error)


def _resolve(group: list[_Item], on_event: Callable[[], None] | None) -> None:
    """Hand results back, one loop call per loop instead of one per transaction."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Item]] = {}
    for item in group:
        by_loop.setdefault(item.loop, []).append(item)
    for loop, items in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_set_results, items)
            if on_event is not None:
                loop.call_soon_threadsafe(on_event)


def _set_results(items: list[_Item]) -> None:
    for item in items:
        if item.future.done():
            continue
        if item.error is not None:
            item.future.set_exception(item.error)
        else:
            item.future.set_result(item.result)


def _drive(awaitable: Awaitable[T]) -> T:
    """Run a coroutine that never really waits."""
    coroutine: Coroutine[Any, Any, T] = awaitable  # type: ignore[assignment]  # always `async def`
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise Internal("A transaction awaited something other than its Tx.")


def _translated(error: BaseException) -> BaseException:
    """SQLite's failures as the port's; logic's own errors pass through."""
    if not isinstance(error, sqlite3.OperationalError):
        return error
    text = str(error)
    facts: dict[str, object] = {"sqlite": text}
    if any(word in text for word in _NO_SPACE):
        return Unavailable(
            "The database cannot be written: free disk space in the data folder.",
            code="InsufficientStorage",
            facts=facts,
        )
    if "locked" in text:
        return Unavailable(
            "Another program holds the database's lock; repeat.",
            code="SlowDown",
            retry_after_s=1.0,
            facts=facts,
        )
    return Internal("The database refused a statement.", facts=facts)


_NO_SPACE = ("full", "disk I/O", "readonly", "unable to open")


def _open(path: Path, *, read_only: bool = False) -> Any:
    if sqlite3.sqlite_version_info < FIRST_FIXED_VERSION:
        raise Internal(
            f"SQLite {sqlite3.sqlite_version} has the WAL-reset bug; install pysqlite3 0.6.1 or "
            "newer."
        )
    mode = "ro" if read_only else "rwc"
    if not read_only and not path.exists():
        # Its log and index take the mode of the database: nobody else may read any of them.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(
        f"file:{path}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    connection.execute("PRAGMA busy_timeout = 10000")
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA journal_size_limit = {KEEP_WAL_BYTES}")
    connection.execute("PRAGMA cache_size = -16000")
    connection.execute("PRAGMA mmap_size = 268435456")
    return connection


def open_sqlite(
    path: Path, clock: Clock, migrations: list[Migration], on_event: Callable[[], None]
) -> SqliteStore:
    """Open or create the database and bring its schema up to date.

    Raises NewerSchema when it was written by a newer Volano, Internal when it is damaged and
    Unavailable when it cannot be written.
    """
    try:
        _migrate(path, clock, migrations)
        return SqliteStore(path, clock, on_event)
    except sqlite3.OperationalError as error:
        raise _translated(error) from error
    except sqlite3.DatabaseError as error:
        raise Internal(
            f"{path} is damaged ({error}). Restore the last backup: volano restore FILE."
        ) from error


def _migrate(path: Path, clock: Clock, migrations: list[Migration]) -> None:
    connection = _open(path)
    try:
        connection.executescript(_FLOOR_TABLES)
        applied = dict(connection.execute("SELECT key, digest FROM schema_migration").fetchall())
        for migration in plan(applied, migrations):
            connection.execute("BEGIN IMMEDIATE")
            for statement in split_statements(migration.sql):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO schema_migration VALUES (?, ?, ?)",
                (migration.key, migration.digest, clock.now_us()),
            )
            connection.execute("COMMIT")
    finally:
        connection.close()
