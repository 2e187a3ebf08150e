"""The format of a segment on disk: a header, then records aligned to 8 bytes.

A record is a 44-byte header and the payload. The header carries its own checksum, so a scan can
walk from record to record without reading payloads, and the payload's checksum, so that a bad
byte is never returned. It also says its own offset and the blob's uid: a misdirected write or a
reused offset is seen as damage, not taken for the blob.

A *note* is a record that is no blob: what the writer of blobs wants to know of them when its own
index is lost (`notes.py`). It has a version of its own, and no row names it.

Offsets in blob ids are *virtual*: where the record lay when it was written. A compacted segment
keeps its number, carries an index of (virtual, physical) pairs, and so no blob id ever changes.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from isal.isal_zlib import crc32

UID_BYTES = 12
RECORD_MAGIC = b"VREC"
SEGMENT_MAGIC = b"VSEG"
FORMAT_VERSION = 1
NOTE_VERSION = 2
ALIGNMENT = 8

# magic, version, reserved, offset, length, written_at_us, uid, payload crc | header crc
_RECORD = struct.Struct("<4sBxHIIQ12sI")
_CRC = struct.Struct("<I")
RECORD_HEADER_BYTES = _RECORD.size + _CRC.size

# magic, version, compacted, number, index offset, index count, index crc | header crc
_SEGMENT = struct.Struct("<4sBBxxQQII")
SEGMENT_HEADER_BYTES = 64


class RecordHeader(NamedTuple):
    """What a sound record header says; `offset` is the virtual one."""

    offset: int
    length: int
    written_at_us: int
    uid: bytes
    payload_crc: int
    is_note: bool = False


class SegmentHeader(NamedTuple):
    """What a sound segment header says; the index fields are 0 unless compacted."""

    number: int
    compacted: bool = False
    index_offset: int = 0
    index_count: int = 0
    index_crc: int = 0


def pack_record_header(
    offset: int,
    length: int,
    written_at_us: int,
    uid: bytes,
    payload_crc: int,
    *,
    is_note: bool = False,
) -> bytes:
    version = NOTE_VERSION if is_note else FORMAT_VERSION
    packed = _RECORD.pack(RECORD_MAGIC, version, 0, offset, length, written_at_us, uid, payload_crc)
    return packed + _CRC.pack(crc32(packed))


def unpack_record_header(data: bytes | bytearray | memoryview, at: int = 0) -> RecordHeader | None:
    """The header at `at`, or None when there is no sound one."""
    if len(data) - at < RECORD_HEADER_BYTES or bytes(data[at : at + 4]) != RECORD_MAGIC:
        return None
    packed = data[at : at + _RECORD.size]
    if crc32(packed) != _CRC.unpack_from(data, at + _RECORD.size)[0]:
        return None
    _, version, _, offset, length, written_at_us, uid, payload_crc = _RECORD.unpack(packed)
    if version not in (FORMAT_VERSION, NOTE_VERSION):
        return None
    is_note = version == NOTE_VERSION
    return RecordHeader(offset, length, written_at_us, uid, payload_crc, is_note)


def record_span(length: int) -> int:
    """Bytes on disk of a record whose payload is `length` bytes, with its padding."""
    return (RECORD_HEADER_BYTES + length + ALIGNMENT - 1) & -ALIGNMENT


def record_padding(length: int) -> bytes:
    return bytes(-(RECORD_HEADER_BYTES + length) % ALIGNMENT)


def pack_segment_header(header: SegmentHeader) -> bytes:
    packed = _SEGMENT.pack(
        SEGMENT_MAGIC,
        FORMAT_VERSION,
        header.compacted,
        header.number,
        header.index_offset,
        header.index_count,
        header.index_crc,
    )
    return (packed + _CRC.pack(crc32(packed))).ljust(SEGMENT_HEADER_BYTES, b"\0")


def unpack_segment_header(data: bytes) -> SegmentHeader | None:
    """The header of a segment file, or None when it is not sound."""
    if len(data) < SEGMENT_HEADER_BYTES or data[:4] != SEGMENT_MAGIC:
        return None
    packed = data[: _SEGMENT.size]
    if crc32(packed) != _CRC.unpack_from(data, _SEGMENT.size)[0]:
        return None
    _, version, compacted, number, index_offset, index_count, index_crc = _SEGMENT.unpack(packed)
    if version != FORMAT_VERSION:
        return None
    return SegmentHeader(number, bool(compacted), index_offset, index_count, index_crc)
