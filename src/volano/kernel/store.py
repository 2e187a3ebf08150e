"""Port `state`: transactions over SQL that SQLite and PostgreSQL share.

Statements use `?` placeholders and the shared dialect (`INSERT … ON CONFLICT`, `RETURNING`).
Values are int, str, bytes, float or None: booleans are 0/1, times are integer microseconds, money
is a decimal string or an integer of micro-dollars, JSON is text. Text compares by code point on
both backends. NUL characters are refused by PostgreSQL: refuse them in logic.

A transaction is a coroutine function given to `Store.transact`. It may await only the methods of
its `Tx`: on SQLite it runs on the writer thread, many in one group commit, each inside its own
savepoint; on PostgreSQL it runs serializable and is repeated on a serialization failure. It must
therefore have no other effects and may run more than once. When `transact` returns, rows and
events are durable (fsync) and visible to every later read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Sequence

    from volano.kernel.events import Event

Value = int | str | bytes | float | None
Row = tuple[Any, ...]
"""Columns in the order of the SELECT list; store modules give them types at once."""

T = TypeVar("T")


class Reader(Protocol):
    """Reads of committed rows."""

    async def rows(self, sql: str, *values: Value) -> list[Row]:
        """All rows; the SQL itself must carry a LIMIT where the answer can grow."""
        ...

    async def row(self, sql: str, *values: Value) -> Row | None:
        """The first row, or None."""
        ...


class Tx(Reader, Protocol):
    """Reads and writes inside one transaction."""

    async def execute(self, sql: str, *values: Value) -> int:
        """Run a statement and return how many rows it changed."""
        ...

    async def execute_many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run a statement once per row of values."""
        ...

    def publish(self, event: Event) -> None:
        """Write `event` to the outbox in this transaction."""
        ...


class Store(Protocol):
    """One region's database."""

    @property
    def reader(self) -> Reader:
        """Reads outside a transaction, each seeing all that was committed before it."""
        ...

    async def transact(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """Run `work` in a transaction and return its result once it is durable.

        Raises what `work` raises (and then nothing was changed), Unavailable when the database
        cannot be written (disk full, connection lost).
        """
        ...

    async def close(self) -> None: ...


class Watch(Protocol):
    """A count of the commits that may have changed certain tables."""

    @property
    def changes(self) -> int: ...


@runtime_checkable
class OwnStore(Store, Protocol):
    """A database that no other process writes, so that what was read may be kept until a commit
    changes it. Its reader never waits."""

    @property
    def exclusive(self) -> bool: ...

    async def transact_lazily(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """As `transact`, but return as soon as the rows are visible. They are durable with the next
        `transact`; a power loss before takes them, the last one first, and nothing else."""
        ...

    def transact_here(
        self, work: Callable[[Tx], Awaitable[T]], loop: asyncio.AbstractEventLoop
    ) -> T:
        """As `transact_lazily`, but run by the calling thread, which waits: never an event loop's.
        `loop` is woken when there are new events."""
        ...

    def watch(self, pattern: str) -> Watch:
        """Count commits that write tables whose names match a regular expression as a whole."""
        ...
