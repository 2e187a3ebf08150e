"""A big blob on its way to the files of its zones, one mebibyte at a time.

The caller's chunks are copied into a buffer; a full buffer is written to all zones by threads
while the next one fills. So the event loop never waits for a disk, and a blob of any size takes
two buffers. A zone whose disk refuses is dropped; its copy is made elsewhere at the end, from a
copy that was written whole.
"""

from __future__ import annotations

import asyncio
from array import array
from typing import TYPE_CHECKING

from volano.backends.bytes.damage import to_unavailable
from volano.backends.bytes.files import NewFile, block_crcs

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from volano.backends.bytes.zones import Zone

BUFFER_BYTES = 1024 * 1024
"""A multiple of the block that a checksum covers."""


class Spool:
    """Writes one file blob in several zones."""

    def __init__(self, uid: bytes, zones: list[Zone], *, pool: Executor) -> None:
        self.uid = uid
        self.zones = zones
        self.size_bytes = 0
        self.crcs: array[int] = array("I")
        self.error: OSError | None = None
        self._pool = pool
        self._files: dict[str, NewFile] = {}
        self._zones = {zone.name: zone for zone in zones}
        self._buffer = bytearray(BUFFER_BYTES)
        self._spare = bytearray(BUFFER_BYTES)
        self._fill = 0
        self._writing: dict[str, asyncio.Future[None]] = {}

    async def open(self) -> None:
        """Raises Unavailable when no zone can begin a file."""
        loop = asyncio.get_running_loop()
        opening = {
            name: loop.run_in_executor(self._pool, NewFile, zone.files, self.uid)
            for name, zone in self._zones.items()
        }
        results = await asyncio.gather(*opening.values(), return_exceptions=True)
        for name, result in zip(opening, results, strict=True):
            if isinstance(result, NewFile):
                self._files[name] = result
            else:
                self._drop(name, result)
        self._require_zone()

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Append; raises Unavailable when the last zone refused."""
        view = memoryview(chunk).cast("B")
        while view:
            piece = view[: BUFFER_BYTES - self._fill]
            self._buffer[self._fill : self._fill + len(piece)] = piece
            self._fill += len(piece)
            view = view[len(piece) :]
            if self._fill == BUFFER_BYTES:
                await self._flush()

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
        removing = [self._start(file.abort) for file in self._files.values()]
        await asyncio.gather(*removing, return_exceptions=True)

    async def _flush(self) -> None:
        if not self._fill:
            return
        data = memoryview(self._buffer)[: self._fill]
        self.crcs.extend(block_crcs(data))
        self.size_bytes += self._fill
        await self._drain()
        self._writing = {name: self._start(file.write, data) for name, file in self._files.items()}
        self._buffer, self._spare = self._spare, self._buffer
        self._fill = 0

    async def _drain(self) -> None:
        """Wait for the buffer that is being written."""
        writing, self._writing = self._writing, {}
        await self._collect(writing)

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
