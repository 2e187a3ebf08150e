"""Deleting blobs, giving their space back, and sweeping up what no row names."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.backends.bytes.blob_id import Address, parse_blob_id
from volano.backends.bytes.compaction import compact_segment, is_due, punch_dead
from volano.backends.bytes.damage import CopyLost, is_full
from volano.backends.bytes.record import record_span
from volano.backends.bytes.sweep import LiveCopies, sweep_zone

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import AsyncIterator, Callable, Sequence
    from concurrent.futures import Executor
    from typing import TypeVar

    from volano.backends.bytes.zones import Zone
    from volano.kernel.bytes import Blob
    from volano.kernel.clock import Clock
    from volano.kernel.ids import Ids
    from volano.kernel.log import Log

    T = TypeVar("T")

COMPACT_AFTER_BYTES = 64 * 1024 * 1024
"""Deleted record bytes of a zone after which its segments are looked through."""

LIVE_PER_TURN = 500
"""Live blobs taken in before other tasks of the event loop get a turn."""


class Upkeep:
    """Takes away what is not needed; one per store."""

    def __init__(
        self,
        zones: dict[str, Zone],
        *,
        pool: Executor,
        clock: Clock,
        ids: Ids,
        journal: Log,
        counts: Counter[str],
    ) -> None:
        self._zones = zones
        self._pool = pool
        self._clock = clock
        self._ids = ids
        self._journal = journal
        self._counts = counts
        self._fresh_dead: dict[str, int] = dict.fromkeys(zones, 0)
        self._compacting: dict[str, asyncio.Task[int]] = {}

    async def delete(self, blobs: Sequence[Blob]) -> None:
        by_zone: dict[str, list[tuple[Address, int, int]]] = {}
        for blob in blobs:
            address = parse_blob_id(blob.id)
            for index, name in enumerate(blob.zones):
                by_zone.setdefault(name, []).append((address, index, blob.size_bytes))
        calls = []
        for name, copies in by_zone.items():
            zone = self._zones.get(name)
            if zone is not None and not zone.is_failed:
                calls.append(self._delete_in(zone, copies))
        await asyncio.gather(*calls)

    async def compact(self) -> int:
        """Rewrite the segments that are mostly dead; returns the bytes given back."""
        freed = [await self.compact_zone(zone) for zone in self._zones.values()]
        return sum(freed)

    async def compact_zone(self, zone: Zone) -> int:
        """The same for one zone; a call while one is under way waits for that one."""
        self._start_compacting(zone)
        return await asyncio.shield(self._compacting[zone.name])

    async def sweep(self, live: AsyncIterator[Blob], min_age_s: float, notes_before_us: int) -> int:
        before_us = self._clock.now_us() - int(min_age_s * 1e6)
        copies = LiveCopies(self._ids.bytes(16))
        count = 0
        async for blob in live:
            copies.add_blob(blob)
            count += 1
            if count % LIVE_PER_TURN == 0:
                await asyncio.sleep(0)
        removed = 0
        for zone in self._zones.values():
            if zone.is_failed:
                continue
            try:
                removed += await self._run(sweep_zone, zone, copies, before_us, notes_before_us)
            except OSError as error:
                self._journal.error("a zone cannot be swept", zone=zone.name, error=repr(error))
        self._counts["copies_swept"] += removed
        await self.compact()
        return removed

    async def close(self) -> None:
        await asyncio.gather(*self._compacting.values(), return_exceptions=True)

    async def _delete_in(self, zone: Zone, copies: list[tuple[Address, int, int]]) -> None:
        try:
            await self._run(zone.delete, copies)
        except (CopyLost, OSError) as error:
            # What stays behind is garbage without a row; the sweep finds it.
            self._journal.error("a zone refused a delete", zone=zone.name, error=repr(error))
            if isinstance(error, OSError) and not is_full(error):
                zone.rest(error)
            return
        self._fresh_dead[zone.name] += sum(
            record_span(size) for address, _, size in copies if not address.is_file
        )
        if self._fresh_dead[zone.name] >= COMPACT_AFTER_BYTES:
            self._start_compacting(zone)

    def _start_compacting(self, zone: Zone) -> None:
        if zone.name in self._compacting:
            return
        self._fresh_dead[zone.name] = 0
        task = asyncio.get_running_loop().create_task(self._compact(zone))
        self._compacting[zone.name] = task
        task.add_done_callback(lambda _: self._compacting.pop(zone.name, None))

    async def _compact(self, zone: Zone) -> int:
        if zone.is_failed:
            return 0
        freed = 0
        for number in await self._run(zone.log.numbers):
            try:
                freed += await self._run(_compact_if_due, zone, number)
            except (CopyLost, OSError) as error:
                self._journal.warning(
                    "a segment cannot be compacted",
                    zone=zone.name,
                    segment=f"{number:x}",
                    reason=str(error),
                )
        if freed:
            self._counts["compacted_bytes"] += freed
            self._journal.info("segments were compacted", zone=zone.name, freed_bytes=freed)
        return freed

    async def _run(self, call: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, *args)


def _compact_if_due(zone: Zone, number: int) -> int:
    if not is_due(zone.log, number, is_short=zone.is_short()):
        return 0
    try:
        return compact_segment(zone.log, number)
    except OSError as error:
        if not is_full(error):
            raise
        return punch_dead(zone.log, number)
