"""The zones of a disk store: a folder each, whether they are up, and which of them take a blob.

A zone is *failed* when a drill says so; that is kept in a marker file beside its folder and
outlives a restart. A zone is *resting* for a few seconds after its disk refused a write; it is
still read, and tried again afterwards.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from isal.isal_zlib import crc32

from volano.backends.bytes.compaction import mark_dead
from volano.backends.bytes.damage import is_full
from volano.backends.bytes.files import ZoneFiles
from volano.backends.bytes.record import record_span
from volano.backends.bytes.recovery import recover_log
from volano.backends.bytes.segments import SegmentLog

if TYPE_CHECKING:
    from pathlib import Path

    from volano.backends.bytes.blob_id import Address
    from volano.backends.bytes.disk_ops import DiskOps
    from volano.kernel.clock import Clock
    from volano.kernel.ids import Ids
    from volano.kernel.log import Log

REST_S = 5.0
"""How long a zone whose disk refused a write takes no new blobs."""

RESERVE_BYTES = 64 * 1024 * 1024
"""Free space that blobs leave to the database, without which nothing could be deleted."""

ROOM_CHECK_S = 1.0

SHORT_BYTES = 1024 * 1024 * 1024
"""With less room than this, deleted records are compacted away sooner."""


class Zone:
    """One zone's folder, its log and its files."""

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        ops: DiskOps,
        clock: Clock,
        ids: Ids,
        reserve_bytes: int,
    ) -> None:
        self.name = name
        self.folder = folder
        self.ops = ops
        self.log = SegmentLog(name, folder / "segments", ops=ops, clock=clock, ids=ids)
        self.files = ZoneFiles(folder / "files", folder / "tmp", ops=ops)
        self.is_failed = False
        self.rests_until_s = 0.0
        self.last_error: OSError | None = None
        self._marker = folder.parent / f"{name}.failed"
        self._clock = clock
        self._reserve_bytes = reserve_bytes
        self._room_bytes: int | None = None
        self._room_checked_s: float | None = None

    def open(self, journal: Log) -> None:
        """Make the folders, cut off torn tails, forget half-written files; blocks."""
        self.is_failed = self._marker.exists()
        for path in (self.folder, self.log.folder, self.files.folder, self.files.tmp):
            self.ops.make_dir(path)
        self.files.clear_tmp()
        for path in self.log.folder.glob("*.new"):
            self.ops.unlink(path)  # a compaction that a crash cut short
        recover_log(self.log, journal)

    def fail(self) -> None:
        self.is_failed = True
        self._marker.touch(mode=0o600)
        self.ops.sync_dir(self._marker.parent)

    def restore(self) -> None:
        """Take it into use again, with new folders when they are gone."""
        for path in (self.folder, self.log.folder, self.files.folder, self.files.tmp):
            self.ops.make_dir(path)
        self._marker.unlink(missing_ok=True)
        self.ops.sync_dir(self._marker.parent)
        self.is_failed = False
        self.rests_until_s = 0.0
        self._room_checked_s = None

    def rest(self, error: OSError) -> None:
        self.last_error = error
        self.rests_until_s = self._clock.monotonic_s() + REST_S

    def is_taking(self, size_bytes: int) -> bool:
        """Whether a new blob of this size may be written to it."""
        now_s = self._clock.monotonic_s()
        if self.is_failed or now_s < self.rests_until_s:
            return False
        if self._room_checked_s is None or now_s - self._room_checked_s >= ROOM_CHECK_S:
            self._room_checked_s = now_s
            self._measure_room()
        if self._room_bytes is None:
            return False
        if size_bytes > self._room_bytes:
            self.last_error = OSError(errno.ENOSPC, f"zone {self.name} is full")
            return False
        return True

    def is_short(self) -> bool:
        """Whether there is little room left; asks the file system."""
        self._measure_room()
        return self._room_bytes is not None and self._room_bytes < SHORT_BYTES

    def _measure_room(self) -> None:
        try:
            free = os.statvfs(self.folder)
        except OSError as error:
            self.last_error = error
            self._room_bytes = None
        else:
            self._room_bytes = free.f_bavail * free.f_frsize - self._reserve_bytes

    def read_record(self, address: Address, index: int, size_bytes: int) -> bytes:
        number, offset = address.places[index]
        return self.log.read(number, offset, size_bytes, address.uid)

    def read_cached(self, address: Address, index: int, size_bytes: int) -> bytes | None:
        number, offset = address.places[index]
        return self.log.read_cached(number, offset, size_bytes, address.uid)

    def check(self, address: Address, index: int, size_bytes: int) -> None:
        """Read the whole copy; raises CopyLost when it is not sound. Blocks."""
        if address.is_file:
            check_file(self.files, address.uid, size_bytes)
        else:
            self.read_record(address, index, size_bytes)

    def delete(self, copies: list[tuple[Address, int, int]]) -> None:
        """Forget copies, given as address, index of this zone and size; blocks."""
        dead: dict[int, list[tuple[int, int]]] = {}
        for address, index, size_bytes in copies:
            if address.is_file:
                self.files.delete(address.uid)
            else:
                number, offset = address.places[index]
                dead.setdefault(number, []).append((offset, record_span(size_bytes)))
        for number, records in dead.items():
            mark_dead(self.log, number, records)

    def used_bytes(self) -> int:
        return self.log.used_bytes() + self.files.used_bytes


CHECK_BYTES = 1024 * 1024


def check_file(files: ZoneFiles, uid: bytes, size_bytes: int) -> None:
    """Compare every block of a file from disk; raises CopyLost."""
    files.forget(uid)
    stored = files.file(uid, size_bytes)
    for start in range(0, size_bytes, CHECK_BYTES):
        stored.read(start, min(CHECK_BYTES, size_bytes - start), 0.0)


def choose_order(zones: list[Zone], key: str) -> list[Zone]:
    """The zones, beginning with the primary of `key`."""
    first = crc32(key.encode("utf-8", "surrogateescape")) % len(zones)
    return zones[first:] + zones[:first]


def fullest_error(zones: list[Zone]) -> OSError | None:
    """Why no zone takes a blob: a full disk if any is full, else the last error seen."""
    errors = [zone.last_error for zone in zones if zone.last_error and not zone.is_failed]
    return next((error for error in errors if is_full(error)), errors[0] if errors else None)
