"""Port `vectors` on one machine: codes in mapped files, and a graph above them for large sets.

A search reads what its set lacks before it answers. Graphs are built on one thread of their own,
one after the other, and only with the `vectors` extra (usearch): without it large sets are searched
by their codes as small ones are, in time that grows with them.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import sys
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from volano.backends.vectors.bits import VectorIndex
    from volano.backends.vectors.shelf import Shelf, Source
    from volano.kernel.log import Log
    from volano.kernel.vectors import Near, VectorSet

FOLDER = "vectors"
MAX_OPEN = 32
"""Sets whose maps are kept; the one asked longest ago is closed first."""
READ_ROWS = 5000
"""Vectors gathered from the rows before they are written to the files."""


class _Open:
    """A set's files, how many use them, and a lock for those who would read what they lack."""

    def __init__(self) -> None:
        self.shelf: Shelf | None = None
        self.users = 0
        self.lock = asyncio.Lock()
        self.growing = threading.Lock()


class LocalVectors:
    """Indexes in `data_dir`; sets of `graph_from` vectors and more get a graph."""

    def __init__(self, data_dir: Path, log: Log, *, graph_from: int) -> None:
        extra = data_dir / "extras" / "vectors"
        if extra.is_dir() and str(extra) not in sys.path:
            sys.path.append(str(extra))
            importlib.invalidate_caches()
        self._folder = data_dir / FOLDER
        self._log = log
        self._graph_from = graph_from
        self._open: OrderedDict[tuple[str, str], _Open] = OrderedDict()
        self._stopping = threading.Event()
        self._builder = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vector-graphs")
        self._can_build: bool | None = None

    async def nearest(
        self, held: VectorSet, asked: Sequence[Sequence[float]], allowed: frozenset[str], limit: int
    ) -> list[Near]:
        """See the port."""
        async with self._opened(held.account, held.name) as (opened, shelf):
            if shelf.sources != held.sources:
                await self._catch_up(shelf, held)
            index = shelf.index
            self._let_grow(opened, shelf, index)
        if index is None:
            return [[] for _ in asked]
        return [await asyncio.to_thread(index.nearest, each, allowed, limit) for each in asked]

    async def forget(self, account: str, name: str) -> None:
        """See the port."""
        async with self._opened(account, name) as (_, shelf):
            await asyncio.to_thread(shelf.remove)
            self._open.pop((account, name), None)

    async def close(self) -> None:
        """Stop building; what was built up to the last save stays."""
        self._stopping.set()
        await asyncio.to_thread(self._builder.shutdown)

    async def built(self) -> None:
        """Return when the graphs that were wanted so far are built."""
        await asyncio.wrap_future(self._builder.submit(lambda: None))

    @asynccontextmanager
    async def _opened(self, account: str, name: str) -> AsyncIterator[tuple[_Open, Shelf]]:
        """A set for one at a time. Raises Unavailable when its files cannot be written."""
        from volano.backends.vectors.shelf import Shelf  # noqa: PLC0415 - loads NumPy

        opened = self._open.setdefault((account, name), _Open())
        self._open.move_to_end((account, name))
        opened.users += 1
        try:
            async with opened.lock:
                if opened.shelf is None:
                    # Names of sets are not made for file systems.
                    folder = hashlib.sha256(f"{account}/{name}".encode()).hexdigest()[:32]
                    opened.shelf = await asyncio.to_thread(Shelf, self._folder / folder, self._log)
                yield opened, opened.shelf
        except OSError as error:
            raise Unavailable(
                "The vector store's index cannot be written: is the disk of the data folder full?",
                facts={"error": str(error)},
            ) from error
        finally:
            opened.users -= 1
            self._close_idle()

    def _close_idle(self) -> None:
        """Close the sets asked longest ago that nobody uses, beyond `MAX_OPEN`."""
        idle = [
            key
            for key, opened in self._open.items()
            if not opened.users and not opened.growing.locked()
        ]
        for key in idle[: max(0, len(self._open) - MAX_OPEN)]:
            del self._open[key]

    async def _catch_up(self, shelf: Shelf, held: VectorSet) -> None:
        """Make the files hold what the rows do."""
        before = shelf.sources
        gone = {name for name, stamp in before.items() if held.sources.get(name) != stamp}
        fresh: list[Source] = []
        waiting = 0
        for name, stamp in held.sources.items():
            if before.get(name) == stamp:
                continue
            rows = await held.read(name)
            fresh.append((name, stamp, rows))
            waiting += len(rows)
            if waiting >= READ_ROWS:
                await asyncio.to_thread(shelf.change, gone, fresh)
                gone, fresh, waiting = set(), [], 0
        if gone or fresh:
            await asyncio.to_thread(shelf.change, gone, fresh)

    def _let_grow(self, opened: _Open, shelf: Shelf, index: VectorIndex | None) -> None:
        """Have the graph built when it is time, unless it is being built."""
        if index is None or len(index.owner) < self._graph_from or not self._has_usearch():
            return
        if not self._stopping.is_set() and opened.growing.acquire(blocking=False):
            self._builder.submit(self._grow, opened, shelf)

    def _grow(self, opened: _Open, shelf: Shelf) -> None:
        try:
            shelf.grow(self._graph_from, self._stopping.is_set)
        except OSError as error:  # the disk is full: searches go on by codes
            self._log.warning("graph of vectors not built", error=str(error))
        finally:
            opened.growing.release()

    def _has_usearch(self) -> bool:
        if self._can_build is None:
            from volano.backends.vectors.graph import has_usearch  # noqa: PLC0415 - loads NumPy

            self._can_build = has_usearch()
            if not self._can_build:
                self._log.warning(
                    "large vector stores are searched without a graph, in time that grows with "
                    "them; `volano enable vectors` brings usearch, which builds it"
                )
        return self._can_build
