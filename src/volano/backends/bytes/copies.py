"""Making one zone's copy of a blob from another zone's sound one. Everything here blocks."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from isal.isal_zlib import crc32

from volano.backends.bytes.damage import CopyLost
from volano.backends.bytes.files import NewFile, block_crcs
from volano.backends.bytes.record import (
    SegmentHeader,
    pack_record_header,
    pack_segment_header,
    record_padding,
)
from volano.backends.bytes.segment_file import SegmentFile

if TYPE_CHECKING:
    from volano.backends.bytes.files import ZoneFiles
    from volano.backends.bytes.segments import SegmentLog

COPY_BYTES = 1024 * 1024


def copy_file(source: ZoneFiles, target: ZoneFiles, uid: bytes, size_bytes: int) -> None:
    """Write the file in `target` anew; raises CopyLost for the source, OSError for the target."""
    stored = source.file(uid, size_bytes)
    crcs: array[int] = array("I")
    new = NewFile(target, uid)
    new.open()
    try:
        for start in range(0, size_bytes, COPY_BYTES):
            data = stored.read(start, min(COPY_BYTES, size_bytes - start), 0.0)
            crcs.extend(block_crcs(memoryview(data)))
            new.write(data)
        new.commit(crcs)
    finally:
        new.abort()
    target.forget(uid)


def copy_record(log: SegmentLog, number: int, offset: int, uid: bytes, payload: bytes) -> None:
    """Write a record where its blob id says; raises CopyLost when another blob lies there."""
    with log.swap_lock:
        path = log.path_of(number)
        is_new = not path.exists()
        fd = log.ops.create(path) if is_new else log.ops.open(path)
        try:
            if is_new:
                log.ops.write(fd, pack_segment_header(SegmentHeader(number)), 0)
                log.ops.sync_dir(log.folder)
            segment = SegmentFile(path, number)
            found = segment.header_at(offset)
            if found is not None and (found.uid != uid or found.length != len(payload)):
                raise CopyLost(f"segment {number:x} has another record at {offset:x}")
            # The scan for garbage must not take a mended record for a fresh one: time 0.
            header = pack_record_header(offset, len(payload), 0, uid, crc32(payload))
            record = header + payload + record_padding(len(payload))
            log.ops.write(fd, record, segment.locate(offset))
            log.ops.sync(fd)
        finally:
            log.ops.close(fd)
        log.mends += 1
        log.forget(number)
