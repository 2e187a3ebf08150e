"""Blobs over 64 KiB: one file each in every zone, under a fan-out of 256 folders.

A file is the bytes, then one CRC-32 for each 64 KiB block, then a footer. It is written under
`tmp/`, synced, renamed and its folder synced, so a file under `files/` is always whole. No block
is returned before its checksum was compared.
"""

from __future__ import annotations

import os
import struct
import threading
from array import array
from collections import OrderedDict
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from isal.isal_zlib import crc32

from volano.backends.bytes.damage import CopyLost
from volano.backends.bytes.record import FORMAT_VERSION, UID_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from volano.backends.bytes.disk_ops import DiskOps

BLOCK_BYTES = 64 * 1024
FILE_MAGIC = b"VBLB"

# magic, version, block size, size, uid, crc of the block checksums | footer crc
_FOOTER = struct.Struct("<4sBxxxIQ12sI")
_CRC = struct.Struct("<I")
FOOTER_BYTES = _FOOTER.size + _CRC.size

OPEN_FILES = 64
"""Descriptors kept for reading, per zone."""

VERIFIED_FOR_S = 600.0
"""How long a block that was compared counts as sound for sendfile, which cannot compare."""

EARLY_SYNC_BYTES = 64 * 1024 * 1024
"""A big file is synced every so often while it is written, so that the last sync is short."""

_attempts = count()


def trailer(uid: bytes, size_bytes: int, crcs: array[int]) -> bytes:
    """What follows the bytes of a file."""
    sums = crcs.tobytes()
    packed = _FOOTER.pack(FILE_MAGIC, FORMAT_VERSION, BLOCK_BYTES, size_bytes, uid, crc32(sums))
    return sums + packed + _CRC.pack(crc32(packed))


def block_crcs(data: memoryview) -> list[int]:
    """The checksum of each block; all but the last must be whole."""
    return [crc32(data[at : at + BLOCK_BYTES]) for at in range(0, len(data), BLOCK_BYTES)]


class NewFile:
    """A file being written in one zone; methods block and may be called from any thread."""

    def __init__(self, files: ZoneFiles, uid: bytes) -> None:
        self.files = files
        self.uid = uid
        self._path = files.tmp / f"{uid.hex()}.{next(_attempts)}"
        # Held by whatever uses the descriptor, so that an abort cannot close it underneath.
        self._lock = threading.RLock()
        self._fd = -1
        self._is_done = False
        self._end = 0
        self._synced = 0

    def open(self) -> None:
        """Begin it, unless it was aborted already; raises OSError."""
        with self._lock:
            if not self._is_done:
                self._fd = self.files.ops.create(self._path)

    def write(self, data: bytes | memoryview) -> None:
        with self._lock:
            if self._fd < 0:
                return
            self.files.ops.write(self._fd, data, self._end)
            self._end += len(data)
            if self._end - self._synced >= EARLY_SYNC_BYTES:
                self.files.ops.sync(self._fd)
                self._synced = self._end

    def commit(self, crcs: array[int]) -> None:
        """Make it durable under its name; on OSError it is gone."""
        ops, target = self.files.ops, self.files.path_of(self.uid)
        tail = trailer(self.uid, self._end, crcs)
        with self._lock:
            if self._fd < 0:
                return
            try:
                ops.write(self._fd, tail, self._end)
                ops.sync(self._fd)
                ops.make_dir(target.parent)
                self.files.adopt(self._path, target, self._end + len(tail))
                ops.sync_dir(target.parent)
            except OSError:
                self.abort()
                with suppress(OSError):
                    self.files.delete(self.uid)
                raise
            ops.close(self._fd)
            self._fd = -1

    def abort(self) -> None:
        """Leave nothing behind, unless it is committed; may be repeated, and races with nothing."""
        with self._lock:
            self._is_done = True
            if self._fd < 0:
                return
            self.files.ops.close(self._fd)
            self._fd = -1
        # When the zone is gone, what is under tmp/ is removed at the next start.
        with suppress(OSError):
            self.files.ops.unlink(self._path)


class StoredFile:
    """A whole file, open for reading."""

    __slots__ = ("_crcs", "_fd", "_verified", "_verified_at_s", "path", "size_bytes")

    def __init__(self, path: Path, uid: bytes, size_bytes: int) -> None:
        """Raises CopyLost when the file is missing or its footer or size is wrong."""
        self._fd = -1
        self.path = path
        self.size_bytes = size_bytes
        blocks = -(-size_bytes // BLOCK_BYTES)
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            tail = os.pread(self._fd, blocks * 4 + FOOTER_BYTES + 1, size_bytes)
        except OSError as error:
            raise CopyLost(f"{path.name} cannot be opened: {error}") from error
        sums = tail[: blocks * 4]
        is_long_enough = len(sums) == blocks * 4
        if not is_long_enough or tail != trailer(uid, size_bytes, array("I", sums)):
            raise CopyLost(f"{path.name} has a damaged footer")
        self._crcs = array("I", sums)
        self._verified = bytearray(blocks)
        self._verified_at_s = 0.0

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def read(self, start: int, length: int, now_s: float) -> bytes:
        """A range, checked; raises CopyLost."""
        first = start // BLOCK_BYTES
        begin = first * BLOCK_BYTES
        end = min(-(-(start + length) // BLOCK_BYTES) * BLOCK_BYTES, self.size_bytes)
        try:
            data = os.pread(self._fd, end - begin, begin)
        except OSError as error:
            raise CopyLost(f"{self.path.name}: {error}") from error
        view = memoryview(data)
        if len(data) != end - begin:
            raise CopyLost(f"{self.path.name} is shorter than it was")
        for number, crc in enumerate(block_crcs(view), first):
            if crc != self._crcs[number]:
                raise CopyLost(f"{self.path.name} is damaged in block {number}")
        self._mark(first, first + -(-len(data) // BLOCK_BYTES), now_s)
        if begin == start and len(data) == length:
            return data
        return bytes(view[start - begin : start - begin + length])

    def is_verified(self, start: int, length: int, now_s: float) -> bool:
        """Whether every block of the range was compared a short while ago."""
        if now_s - self._verified_at_s > VERIFIED_FOR_S:
            return False
        first, last = start // BLOCK_BYTES, -(-(start + length) // BLOCK_BYTES)
        return self._verified.find(0, first, last) < 0

    def _mark(self, first: int, last: int, now_s: float) -> None:
        if now_s - self._verified_at_s > VERIFIED_FOR_S:
            self._verified = bytearray(len(self._verified))
            self._verified_at_s = now_s
        self._verified[first:last] = b"\1" * (last - first)


class ZoneFiles:
    """The files of one zone: `folder` holds whole ones, `tmp` those being written."""

    def __init__(self, folder: Path, tmp: Path, *, ops: DiskOps) -> None:
        self.folder = folder
        self.tmp = tmp
        self.ops = ops
        self.used_bytes = 0
        self._count_lock = threading.Lock()
        self._counted: set[str] = set()
        self._is_all_counted = False
        self._open: OrderedDict[bytes, StoredFile] = OrderedDict()
        self._lock = threading.Lock()

    def path_of(self, uid: bytes) -> Path:
        name = uid.hex()
        return self.folder / name[:2] / name

    def cached(self, uid: bytes) -> StoredFile | None:
        """The file when it is already open; never touches the disk."""
        with self._lock:
            return self._open.get(uid)

    def file(self, uid: bytes, size_bytes: int) -> StoredFile:
        """The file, opened when need be; raises CopyLost."""
        with self._lock:
            stored = self._open.get(uid)
            if stored is not None:
                self._open.move_to_end(uid)
                return stored
        stored = StoredFile(self.path_of(uid), uid, size_bytes)
        with self._lock:
            self._open[uid] = stored
            while len(self._open) > OPEN_FILES:
                self._open.popitem(last=False)
        return stored

    def forget(self, uid: bytes) -> None:
        """Drop the open descriptor, because the file has changed or gone."""
        with self._lock:
            self._open.pop(uid, None)

    def adopt(self, source: Path, target: Path, size_bytes: int) -> None:
        """Rename a written file to its name, and count it."""
        with self._count_lock:
            replaced_bytes = _size_of(target)
            self.ops.rename(source, target)
            self._count(target, size_bytes - replaced_bytes)

    def delete(self, uid: bytes) -> None:
        """Unlink it; nothing happens when it is gone. Raises OSError."""
        path = self.path_of(uid)
        with self._count_lock:
            size_bytes = _size_of(path)
            self.ops.unlink(path)
            self._count(path, -size_bytes)
        self.forget(uid)

    def count_all(self) -> None:
        """Count what was there at the start, one folder at a time; blocks."""
        while not self._is_all_counted:
            with self._count_lock:
                left = set(os.listdir(self.folder)) - self._counted
                self._is_all_counted = not left
            for shard in left:
                with self._count_lock, os.scandir(self.folder / shard) as entries:
                    self.used_bytes += sum(entry.stat().st_size for entry in entries)
                    self._counted.add(shard)

    def _count(self, path: Path, change_bytes: int) -> None:
        # A folder that is not counted yet will be counted as it is then.
        if self._is_all_counted or path.parent.name in self._counted:
            self.used_bytes += change_bytes

    def clear_tmp(self) -> None:
        """Remove what a crash left half written."""
        for path in self.tmp.iterdir():
            self.ops.unlink(path)

    def uids(self) -> list[tuple[bytes, os.DirEntry[str]]]:
        """Every whole file, for sweeps and counts."""
        found: list[tuple[bytes, os.DirEntry[str]]] = []
        for shard in sorted(os.listdir(self.folder)):
            with os.scandir(self.folder / shard) as entries:
                found += [
                    (bytes.fromhex(entry.name), entry)
                    for entry in entries
                    if len(entry.name) == UID_BYTES * 2
                ]
        return found


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
