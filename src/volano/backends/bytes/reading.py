"""Reading a blob from the first zone that is up and sound, falling over to the next.

A small blob that is in memory is read at once, on the event loop: a system call with the flag
that never waits. Anything else is read by threads, one chunk ahead of the caller. A copy that
turns out missing or damaged is reported to `on_lost`, after a sound one was found.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.backends.bytes.damage import CopyLost
from volano.kernel.errors import Internal, Invalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from concurrent.futures import Executor

    from volano.backends.bytes.blob_id import Address
    from volano.backends.bytes.zones import Zone
    from volano.kernel.bytes import Blob
    from volano.kernel.clock import Clock

CHUNK_BYTES = 1024 * 1024


class Reader:
    """Reads blobs; one per store."""

    def __init__(
        self,
        zones: dict[str, Zone],
        *,
        pool: Executor,
        clock: Clock,
        on_lost: Callable[[Blob, Zone, CopyLost], None],
    ) -> None:
        self._zones = zones
        self._pool = pool
        self._clock = clock
        self._on_lost = on_lost

    async def read_record(self, blob: Blob, address: Address) -> bytes:
        """The whole of a small blob."""
        data = self.read_now(blob, address)
        if data is not None:
            return data

        def read(zone: Zone, index: int) -> bytes:
            return zone.read_record(address, index, blob.size_bytes)

        return await self._from_any_zone(blob, read)

    def read_now(self, blob: Blob, address: Address) -> bytes | None:
        """The same from the first zone that is up, when it is in memory and sound there."""
        for index, name in enumerate(blob.zones):
            zone = self._zones.get(name)
            if zone is None or zone.is_failed:
                continue
            try:
                return zone.read_cached(address, index, blob.size_bytes)
            except CopyLost:
                return None
        return None

    async def read_file(
        self, blob: Blob, address: Address, start: int, length: int
    ) -> AsyncIterator[bytes]:
        """The range in chunks, read one ahead. Chunks end at multiples of the chunk size."""
        end = start + length
        ahead: asyncio.Task[bytes] | None = None
        try:
            while start < end or ahead is not None:
                current, ahead = ahead, None
                if start < end:
                    stop = min(end, (start // CHUNK_BYTES + 1) * CHUNK_BYTES)
                    piece = self.read_range(blob, address, start, stop - start)
                    ahead = asyncio.get_running_loop().create_task(piece)
                    ahead.add_done_callback(_take_result)
                    start = stop
                if current is not None:
                    yield await current
        finally:
            if ahead is not None:
                ahead.cancel()

    async def read_range(self, blob: Blob, address: Address, start: int, length: int) -> bytes:
        """A range of a file blob, at once."""
        now_s = self._clock.monotonic_s()

        def read(zone: Zone, _index: int) -> bytes:
            return zone.files.file(address.uid, blob.size_bytes).read(start, length, now_s)

        return await self._from_any_zone(blob, read)

    async def _from_any_zone(self, blob: Blob, read: Callable[[Zone, int], bytes]) -> bytes:
        loop = asyncio.get_running_loop()
        lost: list[tuple[Zone, CopyLost]] = []
        is_any_down = False
        for index, name in enumerate(blob.zones):
            zone = self._zones.get(name)
            if zone is None or zone.is_failed:
                is_any_down = True
                continue
            try:
                data = await loop.run_in_executor(self._pool, read, zone, index)
            except CopyLost as error:
                lost.append((zone, error))
                continue
            for bad_zone, reason in lost:
                self._on_lost(blob, bad_zone, reason)
            return data
        raise no_copy(blob, lost, is_any_down=is_any_down)


def require_range(blob: Blob, start: int, length: int | None) -> int:
    """The length of a range, cut at the blob's end; raises Invalid when it begins behind it."""
    if start < 0 or start > blob.size_bytes or (length is not None and length < 0):
        raise Invalid("The range begins behind the end of the object.")
    left = blob.size_bytes - start
    return left if length is None else min(length, left)


def require_home(tier: str) -> None:
    """Raises Invalid for a tier: this store is one by itself."""
    if tier:
        raise Invalid(f"There is no tier {tier} here; set external_url.")


def _take_result(task: asyncio.Task[bytes]) -> None:
    """A chunk read ahead that nobody asks for any more may have failed; that is no news."""
    if not task.cancelled():
        task.exception()


def no_copy(
    blob: Blob, lost: list[tuple[Zone, CopyLost]], *, is_any_down: bool
) -> Unavailable | Internal:
    facts: dict[str, object] = {
        "blob_id": blob.id,
        "zones": blob.zones,
        "lost": [f"{zone.name}: {error}" for zone, error in lost],
    }
    if is_any_down:
        return Unavailable(
            "No zone that holds this object is up; try again when it is back.",
            facts=facts,
            retry_after_s=5.0,
        )
    return Internal("Every copy of this object is damaged or missing.", facts=facts)
