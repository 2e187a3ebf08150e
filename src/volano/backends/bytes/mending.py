"""Making lost copies whole again: in place where the blob id can stay, else in another zone.

A copy is mended in place by writing the very same record or file where it was, so rows need not
change. That is tried in the background after each read that had to fall over. `repair` also makes
copies that were never written, because a zone was down; then the blob gets another id or zones.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.backends.bytes.blob_id import Address, parse_blob_id, record_id
from volano.backends.bytes.copies import copy_file, copy_record
from volano.backends.bytes.damage import CopyLost
from volano.backends.bytes.reading import no_copy
from volano.backends.bytes.segments import Append, new_record
from volano.kernel.bytes import Blob

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from concurrent.futures import Executor
    from typing import TypeVar

    from volano.backends.bytes.zones import Zone
    from volano.kernel.clock import Clock
    from volano.kernel.log import Log

    T = TypeVar("T")

MAX_MENDING = 64
"""Mends under way at once; what is over it is found again by the next read or scrub."""


class Mender:
    """Mends copies; one per store."""

    def __init__(
        self,
        zones: dict[str, Zone],
        *,
        pool: Executor,
        clock: Clock,
        journal: Log,
        counts: Counter[str],
    ) -> None:
        self._zones = zones
        self._pool = pool
        self._clock = clock
        self._journal = journal
        self._counts = counts
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}

    def mend_later(self, blob: Blob, zone: Zone, reason: CopyLost) -> None:
        """Mend one copy in the background; at most once at a time."""
        self._counts["copies_lost"] += 1
        self._journal.warning(
            "a copy is lost; reading another", zone=zone.name, blob_id=blob.id, reason=str(reason)
        )
        key = (blob.id, zone.name)
        if key in self._tasks or len(self._tasks) >= MAX_MENDING:
            return
        task = asyncio.get_running_loop().create_task(self._mend_quietly(blob, zone))
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))

    async def settle(self) -> None:
        """Wait for the mends under way."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def mend(self, blob: Blob, zone: Zone) -> bool:
        """Write one copy anew, in place, from a sound one; False when that cannot be."""
        address = parse_blob_id(blob.id)
        for name in blob.zones:
            source = self._zones.get(name)
            if source is None or source is zone or source.is_failed:
                continue
            try:
                await self._run(_mend, blob, address, source, zone)
            except CopyLost:
                continue
            except OSError as error:
                zone.rest(error)
                self._journal.error("a zone refused a mend", zone=zone.name, error=repr(error))
                break
            self._counts["copies_mended"] += 1
            self._journal.info("a copy was mended", zone=zone.name, blob_id=blob.id)
            return True
        self._counts["copies_not_mended"] += 1
        return False

    async def check(self, blob: Blob) -> tuple[list[Zone], list[tuple[Zone, CopyLost]]]:
        """The zones whose copy is sound, and those whose copy is lost; zones down are neither."""
        address = parse_blob_id(blob.id)
        sound: list[Zone] = []
        lost: list[tuple[Zone, CopyLost]] = []
        for index, name in enumerate(blob.zones):
            zone = self._zones.get(name)
            if zone is None or zone.is_failed:
                continue
            try:
                await self._run(zone.check, address, index, blob.size_bytes)
            except CopyLost as error:
                lost.append((zone, error))
            else:
                sound.append(zone)
        return sound, lost

    async def repair(self, blob: Blob, copies: int) -> Blob:
        sound, lost = await self.check(blob)
        down = [name for name in blob.zones if name in self._zones and self._zones[name].is_failed]
        if not sound:
            if down and not lost:
                return blob
            raise no_copy(blob, lost, is_any_down=bool(down))
        kept = {zone.name for zone in sound} | set(down)
        for zone, _ in lost:
            if await self.mend(blob, zone):
                kept.add(zone.name)
        spare = [
            zone
            for zone in self._zones.values()
            if zone.name not in kept and zone.is_taking(blob.size_bytes)
        ]
        wanted = max(0, copies - len(kept))
        if len(kept) == len(blob.zones) and not (wanted and spare):
            return blob
        return await self._place(blob, kept, sound[0], spare[:wanted])

    async def _mend_quietly(self, blob: Blob, zone: Zone) -> None:
        if not await self.mend(blob, zone):
            self._journal.warning("a copy cannot be mended", zone=zone.name, blob_id=blob.id)

    async def _place(self, blob: Blob, kept: set[str], source: Zone, targets: list[Zone]) -> Blob:
        """The blob with the kept copies and new ones in `targets`, as far as they take it."""
        address = parse_blob_id(blob.id)
        zones = [name for name in blob.zones if name in kept]
        if address.is_file:
            for zone in targets:
                try:
                    await self._run(
                        copy_file, source.files, zone.files, address.uid, blob.size_bytes
                    )
                except OSError as error:
                    zone.rest(error)
                else:
                    zones.append(zone.name)
            return Blob(id=blob.id, size_bytes=blob.size_bytes, zones=tuple(zones))
        places = dict(zip(blob.zones, address.places, strict=True))
        index = blob.zones.index(source.name)
        payload = await self._run(source.read_record, address, index, blob.size_bytes)
        if targets:
            append = Append([new_record(address.uid, payload)], self._clock.now_us())
            append.submit([zone.log for zone in targets])
            await append.done
            places |= {name: its[0] for name, its in append.places.items()}
            zones += [zone.name for zone in targets if zone.name in append.places]
        new_id = record_id(address.uid, [places[name] for name in zones])
        return Blob(id=new_id, size_bytes=blob.size_bytes, zones=tuple(zones))

    async def _run(self, call: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, *args)


def _mend(blob: Blob, address: Address, source: Zone, zone: Zone) -> None:
    """Copy from one zone to another, in place; raises CopyLost or OSError. Blocks."""
    if address.is_file:
        copy_file(source.files, zone.files, address.uid, blob.size_bytes)
        return
    payload = source.read_record(address, blob.zones.index(source.name), blob.size_bytes)
    number, offset = address.places[blob.zones.index(zone.name)]
    copy_record(zone.log, number, offset, address.uid, payload)
