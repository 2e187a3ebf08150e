"""A big blob on its way to the files of its zones, a buffer at a time.

The caller's chunks are copied into a buffer; a full buffer is written to all zones by threads
while the next one fills. So the event loop never waits for a disk, and a blob of any size takes
at most two buffers, of a limited number. A zone whose disk refuses is dropped; its copy is made
elsewhere at the end, from a copy that was written whole.
"""

from __future__ import annotations

import asyncio
from array import array
from typing import TYPE_CHECKING

from volano.backends.bytes.damage import to_unavailable
from volano.backends.bytes.files import NewFile, block_crcs
from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from volano.backends.bytes.zones import Zone

BUFFER_BYTES = 1024 * 1024
FIRST_BUFFER_BYTES = 256 * 1024
"""Most blobs end in the first, smaller buffer. Both are multiples of a checksum's block."""

MAX_BUFFERED_BYTES = 1024 * 1024 * 1024
"""Buffers in use at once in a store; a write that needs one more is told SlowDown."""

KEPT_BUFFERS = 32
"""Free buffers of each size kept for later, because fresh memory must be cleared first."""


class Buffers:
    """The buffers of one store; only the event loop takes and gives."""

    def __init__(self) -> None:
        self._free: dict[int, list[bytearray]] = {FIRST_BUFFER_BYTES: [], BUFFER_BYTES: []}
        self._used_bytes = 0

    def take(self, size_bytes: int) -> bytearray:
        """Raises Unavailable when too many are in use."""
        if self._used_bytes + size_bytes > MAX_BUFFERED_BYTES:
            raise Unavailable(
                "Too many uploads are under way; slow down and try again.",
                code="SlowDown",
                retry_after_s=1.0,
            )
        self._used_bytes += size_bytes
        free = self._free[size_bytes]
        return free.pop() if free else bytearray(size_bytes)

    def give(self, buffer: bytearray, *, is_idle: bool = True) -> None:
        """Return one; `is_idle` says that no thread can still be reading it."""
        self._used_bytes -= len(buffer)
        free = self._free[len(buffer)]
        if is_idle and len(free) < KEPT_BUFFERS:
            free.append(buffer)


class Spool:
    """Writes one file blob in several zones."""

    def __init__(self, uid: bytes, zones: list[Zone], *, pool: Executor, buffers: Buffers) -> None:
        self.uid = uid
        self.zones = zones
        self.size_bytes = 0
        self.crcs: array[int] = array("I")
        self.error: OSError | None = None
        self._pool = pool
        self._files: dict[str, NewFile] = {}
        self._zones = {zone.name: zone for zone in zones}
        self._buffers = buffers
        self._buffer: bytearray | None = None
        self._in_flight: bytearray | None = None
        self._fill = 0
        self._writing: dict[str, asyncio.Future[None]] = {}

    async def open(self) -> None:
        """Raises Unavailable when no zone can begin a file."""
        for name, zone in self._zones.items():
            self._files[name] = NewFile(zone.files, self.uid)
        await self._collect({name: self._start(file.open) for name, file in self._files.items()})

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Append; raises Unavailable when the last zone refused."""
        view = memoryview(chunk).cast("B")
        while view:
            if self._buffer is None:
                size = BUFFER_BYTES if self.size_bytes else FIRST_BUFFER_BYTES
                self._buffer = self._buffers.take(size)
            piece = view[: len(self._buffer) - self._fill]
            self._buffer[self._fill : self._fill + len(piece)] = piece
            self._fill += len(piece)
            view = view[len(piece) :]
            if self._fill == len(self._buffer):
                await self._flush()
        if self._writing and all(call.done() for call in self._writing.values()):
            await self._drain()  # a slow client holds one buffer, not two

    async def commit(self) -> list[str]:
        """Make it durable; returns the zones that have it. Raises Unavailable when none has."""
        await self._flush()
        await self._drain()
        commits = {name: self._start(file.commit, self.crcs) for name, file in self._files.items()}
        await self._collect(commits)
        return list(self._files)

    async def abort(self) -> None:
        """Remove what was written; waits for writes in flight."""
        await asyncio.gather(*self._writing.values(), return_exceptions=True)
        for buffer in (self._buffer, self._in_flight):
            if buffer is not None:
                self._buffers.give(buffer, is_idle=False)
        self._buffer = self._in_flight = None
        removing = [self._start(file.abort) for file in self._files.values()]
        await asyncio.gather(*removing, return_exceptions=True)

    async def _flush(self) -> None:
        if self._buffer is None or not self._fill:
            return
        data = memoryview(self._buffer)[: self._fill]
        self.crcs.extend(block_crcs(data))
        self.size_bytes += self._fill
        await self._drain()
        self._writing = {name: self._start(file.write, data) for name, file in self._files.items()}
        self._in_flight, self._buffer = self._buffer, None
        self._fill = 0

    async def _drain(self) -> None:
        """Wait for the buffer that is being written."""
        await self._collect(self._writing)
        self._writing = {}
        if self._in_flight is not None:
            self._buffers.give(self._in_flight)
            self._in_flight = None

    async def _collect(self, calls: dict[str, asyncio.Future[None]]) -> None:
        results = await asyncio.gather(*calls.values(), return_exceptions=True)
        for name, result in zip(calls, results, strict=True):
            if result is not None:
                await self._start(self._files.pop(name).abort)
                self._drop(name, result)
        self._require_zone()

    def _start(self, call: Callable[..., None], *args: object) -> asyncio.Future[None]:
        return asyncio.get_running_loop().run_in_executor(self._pool, call, *args)

    def _drop(self, name: str, error: BaseException) -> None:
        if not isinstance(error, OSError):
            raise error
        self.error = error
        self._zones[name].rest(error)

    def _require_zone(self) -> None:
        if not self._files:
            raise to_unavailable(self.error)
