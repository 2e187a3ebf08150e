"""One segment, open for reading: finds a record by its virtual offset and proves it sound.

The descriptor closes when the last reader lets go of the object, so a compaction may replace the
file while it is being read.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from typing import TYPE_CHECKING

from isal.isal_zlib import crc32

from volano.backends.bytes.damage import CopyLost
from volano.backends.bytes.record import (
    RECORD_HEADER_BYTES,
    SEGMENT_HEADER_BYTES,
    RecordHeader,
    SegmentHeader,
    unpack_record_header,
    unpack_segment_header,
)

if TYPE_CHECKING:
    from pathlib import Path

INDEX_ENTRY_BYTES = 8
"""Two little-endian 32-bit numbers: virtual offset, physical offset."""


class SegmentFile:
    """A segment's descriptor and, when it was compacted, its index."""

    __slots__ = ("_fd", "_physical", "_virtual", "header")

    def __init__(self, path: Path, number: int) -> None:
        """Raises CopyLost when the file is missing or is not this segment."""
        self._fd = -1
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            header = unpack_segment_header(os.pread(self._fd, SEGMENT_HEADER_BYTES, 0))
        except OSError as error:
            raise CopyLost(f"segment {number:x} cannot be opened: {error}") from error
        # A raw segment with a damaged header still has all its records at their offsets.
        self.header = header or SegmentHeader(number)
        if self.header.number != number:
            raise CopyLost(f"segment {number:x} holds segment {self.header.number:x}")
        self._virtual: memoryview | None = None
        self._physical: memoryview | None = None
        if self.header.compacted:
            self._load_index()

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def fd(self) -> int:
        return self._fd

    def size_bytes(self) -> int:
        return os.fstat(self._fd).st_size

    def records_end(self) -> int:
        """Where the physical area of records ends."""
        return self.header.index_offset if self.header.compacted else self.size_bytes()

    def locate(self, offset: int) -> int:
        """The physical offset of the record whose virtual offset this is; may raise CopyLost."""
        if self._virtual is None or self._physical is None:
            return offset
        at = bisect_left(self._virtual, offset)
        if at == len(self._virtual) or self._virtual[at] != offset:
            raise CopyLost(f"segment {self.header.number:x} has no record at {offset:x}")
        return self._physical[at]

    def read_record(self, offset: int, size_bytes: int, uid: bytes, *, cached: bool) -> bytes:
        """The payload of a record, checked; raises CopyLost when it is not sound.

        With `cached`, raises BlockingIOError instead of waiting for the disk.
        """
        span = RECORD_HEADER_BYTES + size_bytes
        physical = self.locate(offset)
        if cached:
            buffer = bytearray(span)
            # Anything short of the whole record means that a page is not in memory.
            if os.preadv(self._fd, (buffer,), physical, os.RWF_NOWAIT) != span:
                raise BlockingIOError
            data = bytes(buffer)
        else:
            data = os.pread(self._fd, span, physical)
        header = unpack_record_header(data)
        if header is None or header.uid != uid or header.offset != offset:
            raise CopyLost(f"segment {self.header.number:x} has no such record at {offset:x}")
        payload = data[RECORD_HEADER_BYTES:]
        if header.length != size_bytes or crc32(payload) != header.payload_crc:
            raise CopyLost(f"segment {self.header.number:x} is damaged at {offset:x}")
        return payload

    def header_at(self, offset: int) -> RecordHeader | None:
        """The record header at a virtual offset, or None when there is no sound one."""
        try:
            data = os.pread(self._fd, RECORD_HEADER_BYTES, self.locate(offset))
        except CopyLost:
            return None
        return unpack_record_header(data)

    def _load_index(self) -> None:
        size = self.header.index_count * INDEX_ENTRY_BYTES
        data = os.pread(self._fd, size, self.header.index_offset)
        if len(data) != size or crc32(data) != self.header.index_crc:
            raise CopyLost(f"segment {self.header.number:x} has a damaged index")
        # First all virtual offsets, sorted, then the physical ones in the same order.
        offsets = memoryview(data).cast("I")
        self._virtual = offsets[: self.header.index_count]
        self._physical = offsets[self.header.index_count :]
