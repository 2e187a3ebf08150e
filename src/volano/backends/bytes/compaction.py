"""Deleted records, and giving their space back.

A delete appends to `<number>.dead` and nothing else; what a power loss takes from it is garbage
that a sweep finds again. When half of a sealed segment is dead, its live records are copied to a
new file of the same number, with an index from the old offsets, which then replaces it by one
rename. Blob ids stay valid, and readers of the old file finish on it. A segment with damage in it
is left alone until a scrub has mended it, so that compaction never drops what could be saved.
"""

from __future__ import annotations

import errno
import os
import struct
from array import array
from typing import TYPE_CHECKING

from isal.isal_zlib import crc32

from volano.backends.bytes.damage import CopyLost, is_full
from volano.backends.bytes.record import (
    RECORD_HEADER_BYTES,
    SEGMENT_HEADER_BYTES,
    SegmentHeader,
    pack_segment_header,
    record_span,
)
from volano.backends.bytes.recovery import walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from volano.backends.bytes.segment_file import SegmentFile
    from volano.backends.bytes.segments import SegmentLog

DEAD_SHARE = 0.5
"""A sealed segment is compacted when more than this share of its bytes is dead."""

DEAD_SHARE_WHEN_SHORT = 0.1
"""The same when the zone has little room left, and space matters more than writing."""

COPY_BYTES = 1024 * 1024

_DEAD = struct.Struct("<II")


def mark_dead(log: SegmentLog, number: int, records: list[tuple[int, int]]) -> None:
    """Note that records, given as offset and span, are deleted; may be repeated."""
    entries = b"".join(_DEAD.pack(offset, span) for offset, span in records)
    with log.swap_lock:
        if not log.path_of(number).exists():
            return
        try:
            _append(_dead_path(log, number), entries)
        except OSError as error:
            if not is_full(error):
                raise
            # No room for the note itself: then the records' space goes back at once.
            _punch(log, number, records)


def read_dead(log: SegmentLog, number: int) -> tuple[dict[int, int], int]:
    """Spans of the dead records by offset, and how many bytes of the notes that took."""
    try:
        data = _dead_path(log, number).read_bytes()
    except FileNotFoundError:
        return {}, 0
    # A note that a crash cut short is garbage; its record stays until a sweep.
    data = data[: len(data) - len(data) % _DEAD.size]
    return dict(_DEAD.iter_unpack(data)), len(data)


def is_due(log: SegmentLog, number: int, *, is_short: bool) -> bool:
    """Whether compacting this segment would give back enough."""
    if not log.is_sealed(number):
        return False
    dead, _ = read_dead(log, number)
    if not dead:
        return False
    found = log.path_of(number).stat()
    used = min(found.st_size, found.st_blocks * 512) - SEGMENT_HEADER_BYTES
    return sum(dead.values()) > used * (DEAD_SHARE_WHEN_SHORT if is_short else DEAD_SHARE)


def compact_segment(log: SegmentLog, number: int) -> int:
    """Rewrite one sealed segment without its dead records; returns the bytes given back.

    Blocks. Raises CopyLost when there is damage to be mended first, and OSError; then nothing
    has changed.
    """
    segment = log.segment(number)
    dead, seen = read_dead(log, number)
    mends = log.mends
    path, fresh = log.path_of(number), log.folder / f"{number:012x}.new"
    log.ops.unlink(fresh)
    fd = log.ops.create(fresh)
    try:
        count = _copy_live(log, fd, segment, dead)
        log.ops.sync(fd)
        before, after = path.stat().st_blocks * 512, os.fstat(fd).st_blocks * 512
        with log.swap_lock:
            if log.mends != mends:
                raise CopyLost("a record was mended meanwhile")
            _swap(log, number, fresh if count else None, seen)
    finally:
        log.ops.close(fd)
        log.ops.unlink(fresh)
    return before - (after if count else 0)


def punch_dead(log: SegmentLog, number: int) -> int:
    """Give back the dead records' space where they lie: for a disk too full to copy the rest.

    Returns the bytes given back. Blocks; raises CopyLost or OSError.
    """
    with log.swap_lock:
        dead, _ = read_dead(log, number)
        return _punch(log, number, sorted(dead.items()))


def live_records(segment: SegmentFile, dead: dict[int, int]) -> Iterator[tuple[int, int, bytes]]:
    """Virtual offset, span and raw bytes of each live record; raises CopyLost on damage."""
    expected, end = SEGMENT_HEADER_BYTES, segment.records_end()
    for at, header in walk(segment.fd, SEGMENT_HEADER_BYTES, end):
        _require_hole(segment, expected, at)
        span = record_span(header.length)
        expected = at + span
        if header.offset in dead:
            continue
        data = os.pread(segment.fd, span, at)
        payload = memoryview(data)[RECORD_HEADER_BYTES : RECORD_HEADER_BYTES + header.length]
        if len(data) != span or crc32(payload) != header.payload_crc:
            raise CopyLost(f"segment {segment.header.number:x} is damaged at {header.offset:x}")
        yield header.offset, span, data
    _require_hole(segment, expected, end)


def _copy_live(log: SegmentLog, fd: int, segment: SegmentFile, dead: dict[int, int]) -> int:
    """Write live records, index and header to a new file; returns how many records there are."""
    virtual: array[int] = array("I")
    physical: array[int] = array("I")
    pieces: list[bytes] = []
    written = end = SEGMENT_HEADER_BYTES
    for offset, span, data in live_records(segment, dead):
        virtual.append(offset)
        physical.append(end)
        pieces.append(data)
        end += span
        if end - written >= COPY_BYTES:
            log.ops.write(fd, b"".join(pieces), written)
            written, pieces = end, []
    index = virtual.tobytes() + physical.tobytes()
    log.ops.write(fd, b"".join(pieces) + index, written)
    number = segment.header.number
    header = SegmentHeader(
        number,
        compacted=True,
        index_offset=end,
        index_count=len(virtual),
        index_crc=crc32(index),
    )
    log.ops.write(fd, pack_segment_header(header), 0)
    return len(virtual)


def _swap(log: SegmentLog, number: int, fresh: Path | None, seen: int) -> None:
    """Put the new file in the old one's place, or remove the old one when nothing is live."""
    path, dead_path = log.path_of(number), _dead_path(log, number)
    later = dead_path.read_bytes()[seen:] if dead_path.exists() else b""
    if fresh is None:
        log.ops.unlink(path)
    else:
        log.ops.rename(fresh, path)
    log.ops.sync_dir(log.folder)
    # A crash before this leaves notes about records that are not there any more: harmless.
    log.ops.unlink(dead_path)
    if later and fresh is not None:
        dead_path.write_bytes(later)
    log.forget(number)


def _require_hole(segment: SegmentFile, start: int, end: int) -> None:
    """Bytes between records must be zero: a hole that a mend left, not a damaged record."""
    for at in range(start, end, COPY_BYTES):
        if os.pread(segment.fd, min(COPY_BYTES, end - at), at).strip(b"\0"):
            raise CopyLost(f"segment {segment.header.number:x} is damaged at {at:x}")


def _punch(log: SegmentLog, number: int, records: list[tuple[int, int]]) -> int:
    """Make holes of records, given as offset and span; returns the bytes given back."""
    segment = log.segment(number)
    fd = log.ops.open(log.path_of(number))
    try:
        before = os.fstat(fd).st_blocks
        for offset, span in records:
            try:
                physical = segment.locate(offset)
            except CopyLost:
                continue
            log.ops.punch(fd, physical, span)
        return (before - os.fstat(fd).st_blocks) * 512
    finally:
        log.ops.close(fd)


def _append(path: Path, entries: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        if os.write(fd, entries) != len(entries):
            raise OSError(errno.ENOSPC, "only a part of the note was written")
    finally:
        os.close(fd)


def _dead_path(log: SegmentLog, number: int) -> Path:
    return log.folder / f"{number:012x}.dead"
