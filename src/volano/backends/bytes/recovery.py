"""Walking a segment record by record, and finding the torn tail after a crash.

Only the newest segment of a zone is looked at when the store opens. A tail that was never
acknowledged is cut off, and so are the zeros that lay ready behind it (`active.py`). If sound
records follow the damage it is not a torn tail but a bad disk: then nothing is cut, and the segment
is left as it is for the scrub. After either a new segment is begun, so the offset of a lost record
is never given to another.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, NamedTuple

from isal.isal_zlib import crc32

from volano.backends.bytes.record import (
    ALIGNMENT,
    RECORD_HEADER_BYTES,
    RECORD_MAGIC,
    SEGMENT_HEADER_BYTES,
    RecordHeader,
    record_span,
    unpack_record_header,
    unpack_segment_header,
)
from volano.backends.bytes.segments import END_NOTE, MAX_BATCH_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from volano.backends.bytes.segments import SegmentLog
    from volano.kernel.log import Log

WINDOW_BYTES = 256 * 1024
UNSYNCED_BYTES = 2 * MAX_BATCH_BYTES
"""No more than this can lie behind the last sync; its payloads are checked too."""


def walk(fd: int, start: int, end: int) -> Iterator[tuple[int, RecordHeader]]:
    """Every record with a sound header between two physical offsets, in order.

    Damage and holes are stepped over by looking for the next sound header.
    """
    at, base, window = start, start, b""
    while at + RECORD_HEADER_BYTES <= end:
        if at + RECORD_HEADER_BYTES > base + len(window):
            base, window = at, os.pread(fd, WINDOW_BYTES, at)
            if len(window) < RECORD_HEADER_BYTES:
                return
        header = unpack_record_header(window, at - base)
        if header is not None:
            yield at, header
            at += record_span(header.length)
            continue
        at = _next_magic(window, at - base + ALIGNMENT) + base


def _next_magic(window: bytes, at: int) -> int:
    """Where the next record may begin, or the last place in the window not ruled out yet."""
    while True:
        found = window.find(RECORD_MAGIC, at)
        if found < 0:
            unseen = len(window) - ALIGNMENT + 1
            return max(at, unseen + (-unseen % ALIGNMENT))
        if found % ALIGNMENT == 0:
            return found
        at = found + 1


class Tail(NamedTuple):
    """What a scan of the newest segment found."""

    end: int
    """Where the unbroken run of sound records ends."""
    records: int
    size: int
    """The size of the file."""
    is_followed: bool
    """Sound records lie behind the damage."""


def scan_tail(fd: int) -> Tail:
    size = os.fstat(fd).st_size
    end, records = SEGMENT_HEADER_BYTES, 0
    for at, header in walk(fd, SEGMENT_HEADER_BYTES, size):
        span = record_span(header.length)
        is_checked = at < size - UNSYNCED_BYTES
        if at != end or at + span > size or not (is_checked or _is_sound(fd, at, header)):
            return Tail(end, records, size, _has_sound_record(fd, end + ALIGNMENT, size))
        end += span
        records += 1
    return Tail(end, records, size, is_followed=False)


def _is_sound(fd: int, at: int, header: RecordHeader) -> bool:
    payload = os.pread(fd, header.length, at + RECORD_HEADER_BYTES)
    return len(payload) == header.length and crc32(payload) == header.payload_crc


def _has_sound_record(fd: int, start: int, size: int) -> bool:
    return any(_is_sound(fd, at, header) for at, header in walk(fd, start, size))


def recover_log(log: SegmentLog, journal: Log) -> None:
    """Find the end of a zone's newest segment and go on from there; blocks."""
    numbers = log.numbers()
    if not numbers:
        return
    path = log.path_of(numbers[-1])
    noted = _take_end_note(log, numbers[-1])
    if noted is not None and noted[0] == path.stat().st_size:
        log.resume(numbers[-1], *noted)
        return
    fd = log.ops.open(path)
    try:
        header = unpack_segment_header(os.pread(fd, SEGMENT_HEADER_BYTES, 0))
        tail = scan_tail(fd)
        is_whole = header is not None and not header.compacted and tail.end == tail.size
        if header is None and tail.records == 0 and not tail.is_followed:
            # The power went while it was being made; nothing in it was acknowledged.
            log.ops.unlink(path)
            return
        if is_whole:
            log.resume(numbers[-1], tail.end, tail.records)
            return
        if header is not None and header.compacted:
            return
        _cut(log, fd, tail, journal)
    finally:
        log.ops.close(fd)


def _take_end_note(log: SegmentLog, number: int) -> tuple[int, int] | None:
    """What an orderly close noted about the segment; it holds only until the next append."""
    path = log.end_note_of(number)
    try:
        end, records = END_NOTE.unpack(path.read_bytes())
        path.unlink()
    except (OSError, struct.error):
        return None
    return end, records


def _cut(log: SegmentLog, fd: int, tail: Tail, journal: Log) -> None:
    facts = {"zone": log.zone, "offset": tail.end, "size_bytes": tail.size}
    if tail.is_followed:
        journal.error("a segment has damage or a hole before its end; scrub the zone", **facts)
        return
    log.ops.truncate(fd, tail.end)
    log.ops.sync(fd)
    journal.info("cut off what lay behind the last record of a segment", **facts)
