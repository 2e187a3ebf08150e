"""Port `bytes` on local disk: one folder per zone, small blobs in a log, bigger ones in files.

    <data_dir>/zones/lock                          held by the one process that writes here
    <data_dir>/zones/<zone>.failed                 a drill says that the zone is gone
    <data_dir>/zones/<zone>/segments/<number>.seg  records up to 64 KiB (`record.py`)
    <data_dir>/zones/<zone>/segments/<number>.dead deleted records of that segment (`compaction.py`)
    <data_dir>/zones/<zone>/files/<xx>/<uid>       bigger blobs (`files.py`)
    <data_dir>/zones/<zone>/tmp/                   files being written; emptied at start

Nothing about single blobs is kept in memory or scanned at start: a blob's id says where it lies.
What was acknowledged is synced in every zone that the blob names; every byte that is returned was
compared with its checksum; a bad copy is mended in place from a sound one.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from volano.backends.bytes.blob_id import Uids, parse_blob_id
from volano.backends.bytes.disk_ops import DiskOps
from volano.backends.bytes.group import write_records
from volano.backends.bytes.mending import Mender
from volano.backends.bytes.notes import mark_of, read_notes
from volano.backends.bytes.reading import Reader, require_home, require_range
from volano.backends.bytes.scrub import scrub_blobs
from volano.backends.bytes.spool import Buffers
from volano.backends.bytes.upkeep import Upkeep
from volano.backends.bytes.writer import DiskWriter
from volano.backends.bytes.zones import RESERVE_BYTES, Zone
from volano.kernel.bytes import Blob, FileSlice
from volano.kernel.errors import Conflict, NotFound, Unavailable
from volano.kernel.place import ZoneName

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from volano.kernel.bytes import Note, ScrubReport
    from volano.kernel.clock import Clock
    from volano.kernel.ids import Ids
    from volano.kernel.log import Log

POOL_THREADS = 16
"""Threads that read and write files; they mostly wait for the disk."""


class DiskStore:
    """`ByteStore` over folders of one machine."""

    def __init__(
        self, zones: list[Zone], *, lock_fd: int, clock: Clock, ids: Ids, journal: Log
    ) -> None:
        self._zones = {zone.name: zone for zone in zones}
        self._lock_fd = lock_fd
        self._clock = clock
        self._uids = Uids(ids)
        self._journal = journal
        self._pool = ThreadPoolExecutor(POOL_THREADS, thread_name_prefix="bytes-pool")
        self._buffers = Buffers()
        self.counts: Counter[str] = Counter()
        """Events since the start: copies found lost, mended, not mendable; for metrics."""
        self._mender = Mender(
            self._zones,
            pool=self._pool,
            clock=clock,
            journal=journal,
            counts=self.counts,
        )
        self._upkeep = Upkeep(
            self._zones,
            pool=self._pool,
            clock=clock,
            ids=ids,
            journal=journal,
            counts=self.counts,
        )
        self._reader = Reader(
            self._zones, pool=self._pool, clock=clock, on_lost=self._mender.mend_later
        )
        self._is_closed = False
        self._pool.submit(self._count_files)

    @property
    def tiers(self) -> tuple[str, ...]:
        return ()

    def writer(
        self, *, copies: int = 2, size_hint: int | None = None, key: str = "", tier: str = ""
    ) -> DiskWriter:
        self._require_open()
        require_home(tier)
        return DiskWriter(
            list(self._zones.values()),
            copies=copies,
            size_hint=size_hint or 0,
            key=key,
            pool=self._pool,
            buffers=self._buffers,
            clock=self._clock,
            uids=self._uids,
            journal=self._journal,
        )

    async def write_group(
        self,
        payloads: Sequence[bytes],
        *,
        key: str,
        copies: int,
        note: bytes,
        then: Callable[[list[Blob]], None] | None = None,
    ) -> list[Blob]:
        self._require_open()
        zones = list(self._zones.values())
        return await write_records(
            zones,
            payloads,
            key=key,
            copies=min(copies, len(zones)),
            note=note,
            then=then,
            clock=self._clock,
            uids=self._uids,
        )

    def mark(self) -> str:
        return mark_of(self._zones.values())

    async def read_notes(self, *, since: str = "", since_us: int = 0) -> list[Note]:
        zones = list(self._zones.values())
        return await asyncio.to_thread(read_notes, zones, since=since, since_us=since_us)

    async def read(
        self, blob: Blob, *, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        length = require_range(blob, start, length)
        address = parse_blob_id(blob.id)
        if not length:
            return
        if address.is_file:
            async for chunk in self._reader.read_file(blob, address, start, length):
                yield chunk
        else:
            data = await self._reader.read_record(blob, address)
            yield data if length == blob.size_bytes else data[start : start + length]

    async def read_all(self, blob: Blob, *, start: int = 0, length: int | None = None) -> bytes:
        length = require_range(blob, start, length)
        address = parse_blob_id(blob.id)
        if not length:
            return b""
        if address.is_file:
            return await self._reader.read_range(blob, address, start, length)
        data = await self._reader.read_record(blob, address)
        return data if length == blob.size_bytes else data[start : start + length]

    def read_now(self, blob: Blob) -> bytes | None:
        address = parse_blob_id(blob.id)
        return None if address.is_file else self._reader.read_now(blob, address)

    def file_slice(self, blob: Blob, *, start: int, length: int) -> FileSlice | None:
        """The range of a big blob, but only when its bytes were compared a short while ago.

        sendfile cannot compare checksums, and blocks the event loop on a cold page; so the first
        read of a range goes through `read`, and those of the next ten minutes may come here.
        """
        address = parse_blob_id(blob.id)
        if not address.is_file:
            return None
        now_s = self._clock.monotonic_s()
        for name in blob.zones:
            zone = self._zones.get(name)
            if zone is None or zone.is_failed:
                continue
            stored = zone.files.cached(address.uid)
            if stored is not None and stored.is_verified(start, length, now_s):
                return FileSlice(path=str(stored.path), offset=start, length=length)
        return None

    async def delete(self, blobs: Sequence[Blob]) -> None:
        """Forget them; a zone that is down keeps its copies until the next sweep."""
        await self._upkeep.delete(blobs)

    async def repair(self, blob: Blob, *, copies: int = 2) -> Blob:
        return await self._mender.repair(blob, copies)

    async def scrub(
        self,
        blobs: AsyncIterator[Blob],
        *,
        copies: int | Callable[[Blob], int] = 2,
        on_moved: Callable[[Blob, Blob], Awaitable[None]],
        bytes_per_s: int | None = None,
    ) -> ScrubReport:
        return await scrub_blobs(
            blobs,
            self.repair,
            copies=copies,
            on_moved=on_moved,
            bytes_per_s=bytes_per_s,
            clock=self._clock,
            counts=self.counts,
        )

    async def sweep(
        self, live: AsyncIterator[Blob], *, min_age_s: float = 3600.0, notes_before_us: int = 0
    ) -> int:
        return await self._upkeep.sweep(live, min_age_s, notes_before_us)

    async def compact(self) -> int:
        """Rewrite the segments that are mostly dead; returns the bytes given back."""
        return await self._upkeep.compact()

    async def settle(self) -> None:
        """Wait for the mends that reads have started."""
        await self._mender.settle()

    def fail_zone(self, zone: ZoneName) -> None:
        self._zone(zone).fail()
        self._journal.warning("zone failed by a drill", zone=zone)

    def restore_zone(self, zone: ZoneName) -> None:
        self._zone(zone).restore()
        self._journal.info("zone restored", zone=zone)

    def zones_up(self) -> tuple[ZoneName, ...]:
        return tuple(ZoneName(zone.name) for zone in self._zones.values() if not zone.is_failed)

    def used_bytes(self) -> dict[str, int]:
        return {zone.name: zone.used_bytes() for zone in self._zones.values()}

    async def close(self) -> None:
        """Commit what waits, stop the threads and let go of the folder."""
        if self._is_closed:
            return
        self._is_closed = True
        await self._mender.settle()
        await self._upkeep.close()
        for zone in self._zones.values():
            await asyncio.to_thread(zone.log.close)
        await asyncio.to_thread(self._pool.shutdown)
        os.close(self._lock_fd)

    def _zone(self, name: ZoneName) -> Zone:
        zone = self._zones.get(name)
        if zone is None:
            known = ", ".join(self._zones)
            raise NotFound(f"There is no zone {name}; the zones are {known}.")
        return zone

    def _require_open(self) -> None:
        if self._is_closed:
            raise Unavailable("The store is closing; try again in a moment.", retry_after_s=1.0)

    def _count_files(self) -> None:
        for zone in self._zones.values():
            with suppress(OSError):
                zone.files.count_all()


def open_disk(
    data_dir: Path,
    zones: Sequence[ZoneName],
    log: Log,
    clock: Clock,
    ids: Ids,
    *,
    ops: DiskOps | None = None,
    reserve_bytes: int = RESERVE_BYTES,
) -> DiskStore:
    """Open or create the store; blocks shortly. Raises Conflict when another process has it."""
    ops = ops or DiskOps()
    folder = data_dir / "zones"
    data_dir.mkdir(parents=True, exist_ok=True)
    ops.make_dir(folder)
    lock_fd = _take_lock(folder / "lock")
    opened: list[Zone] = []
    for name in zones:
        zone = Zone(name, folder / name, ops=ops, clock=clock, ids=ids, reserve_bytes=reserve_bytes)
        try:
            zone.open(log)
        except OSError as error:
            # The other zones hold the copies; this one is tried again with the next writes.
            zone.rest(error)
            log.error("a zone cannot be opened", zone=name, error=repr(error))
        opened.append(zone)
    return DiskStore(opened, lock_fd=lock_fd, clock=clock, ids=ids, journal=log)


def _take_lock(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # A record lock belongs to the process and ends with it, also after kill -9.
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        raise Conflict(
            f"Another Volano process uses {path.parent.parent}; stop it, or choose another folder.",
            facts={"lock": str(path)},
        ) from error
    return fd
