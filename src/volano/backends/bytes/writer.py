"""One blob being written: in memory up to 64 KiB, then a file in each zone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.backends.bytes.blob_id import file_id, record_id
from volano.backends.bytes.copies import copy_file
from volano.backends.bytes.damage import to_unavailable
from volano.backends.bytes.segments import Append, new_record
from volano.backends.bytes.spool import Spool
from volano.backends.bytes.zones import choose_order, fullest_error
from volano.kernel.bytes import Blob
from volano.kernel.errors import Internal, Unavailable

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from volano.backends.bytes.blob_id import Uids
    from volano.backends.bytes.spool import Buffers
    from volano.backends.bytes.zones import Zone
    from volano.kernel.clock import Clock
    from volano.kernel.log import Log

SMALL_BYTES = 64 * 1024
"""Blobs up to this size are records of the segment log."""


class DiskWriter:
    """`BlobWriter` over the zones of one machine."""

    __slots__ = (
        "_buffers",
        "_clock",
        "_copies",
        "_is_done",
        "_journal",
        "_order",
        "_parts",
        "_pool",
        "_size_bytes",
        "_spool",
        "_uids",
        "_zones",
    )

    def __init__(
        self,
        zones: list[Zone],
        *,
        copies: int,
        size_hint: int,
        key: str,
        pool: Executor,
        buffers: Buffers,
        clock: Clock,
        uids: Uids,
        journal: Log,
    ) -> None:
        self._zones = zones
        taking = [zone for zone in zones if zone.is_taking(size_hint)]
        if not taking:
            raise to_unavailable(fullest_error(zones))
        self._order = choose_order(taking, key)
        self._copies = max(1, copies)
        self._parts: list[bytes] = []
        self._size_bytes = 0
        self._spool: Spool | None = None
        self._is_done = False
        self._pool = pool
        self._buffers = buffers
        self._clock = clock
        self._uids = uids
        self._journal = journal

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        if self._is_done:
            raise Internal("The object is already written.")
        if self._spool is not None:
            await self._spool.write(chunk)
            return
        part = bytes(chunk)
        self._parts.append(part)
        self._size_bytes += len(part)
        if self._size_bytes > SMALL_BYTES:
            await self._open_spool()

    async def commit(self) -> Blob:
        if self._is_done:
            raise Internal("The object is already written.")
        self._is_done = True
        if self._spool is None:
            return await self._commit_record(b"".join(self._parts))
        return await self._commit_file(self._spool)

    async def __aenter__(self) -> DiskWriter:
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._spool is not None and not self._is_done:
            self._is_done = True
            await asyncio.shield(self._spool.abort())

    async def _open_spool(self) -> None:
        zones = self._order[: self._copies]
        spool = Spool(self._uids.next(), zones, pool=self._pool, buffers=self._buffers)
        self._spool = spool
        await spool.open()
        for part in self._parts:
            await spool.write(part)
        self._parts.clear()

    async def _commit_record(self, payload: bytes) -> Blob:
        record = new_record(self._uids.next(), payload)
        now_us = self._clock.now_us()
        places: dict[str, tuple[int, int]] = {}
        left = list(self._order)
        error: OSError | None = None
        while len(places) < self._copies and left:
            count = self._copies - len(places)
            targets, left = left[:count], left[count:]
            self._require_queue(targets)
            append = Append([record], now_us)
            append.submit([zone.log for zone in targets])
            await append.done
            places |= {name: its[0] for name, its in append.places.items()}
            if append.errors:
                error = self._rest(append.errors)
        if not places:
            raise to_unavailable(error)
        zones = tuple(zone.name for zone in self._order if zone.name in places)
        blob_id = record_id(record.uid, [places[name] for name in zones])
        return Blob(id=blob_id, size_bytes=len(payload), zones=zones)

    def _require_queue(self, targets: list[Zone]) -> None:
        if any(zone.log.is_waiting_full() for zone in targets):
            raise Unavailable(
                "Too many writes are waiting for the disk; slow down and try again.",
                code="SlowDown",
                retry_after_s=1.0,
            )

    def _rest(self, errors: dict[str, OSError]) -> OSError | None:
        last: OSError | None = None
        for zone in self._order:
            last = errors.get(zone.name, last)
            if zone.name in errors:
                zone.rest(errors[zone.name])
                self._journal.error("a zone refused a write", zone=zone.name, error=repr(last))
        return last

    async def _commit_file(self, spool: Spool) -> Blob:
        try:
            names = await spool.commit()
        except BaseException:
            await asyncio.shield(spool.abort())
            raise
        names += await self._top_up(spool, names)
        zones = tuple(zone.name for zone in self._order if zone.name in names)
        return Blob(id=file_id(spool.uid), size_bytes=spool.size_bytes, zones=zones)

    async def _top_up(self, spool: Spool, names: list[str]) -> list[str]:
        """Make the copies that a refusing zone could not, in zones that were not asked yet."""
        added: list[str] = []
        source = next(zone for zone in self._order if zone.name == names[0])
        for zone in self._order[len(spool.zones) :]:
            if len(names) + len(added) >= self._copies:
                break
            loop = asyncio.get_running_loop()
            try:
                await loop.run_in_executor(
                    self._pool, copy_file, source.files, zone.files, spool.uid, spool.size_bytes
                )
            except OSError as error:
                self._rest({zone.name: error})
            else:
                added.append(zone.name)
        return added
