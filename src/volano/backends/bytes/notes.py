"""Notes in the log: what the writer of blobs must know of them should its own index be lost.

A note is written to the same segments as the blobs it tells of, behind them and with the same
sync, so it is durable exactly when they are. It begins with the uids of its blobs; the places are
where their records were met. It lies in every zone that has one of them, and is read from all.

A position in the logs (`mark_of`) is text: `zone=segment-offset`, joined by commas, hexadecimal.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from isal.isal_zlib import crc32

from volano.backends.bytes.blob_id import record_id
from volano.backends.bytes.damage import CopyLost
from volano.backends.bytes.record import RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, UID_BYTES
from volano.backends.bytes.recovery import walk
from volano.kernel.bytes import Blob, Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from volano.backends.bytes.record import RecordHeader
    from volano.backends.bytes.segment_file import SegmentFile
    from volano.backends.bytes.zones import Zone

_COUNT = struct.Struct("<I")


def pack_note(uids: Sequence[bytes], text: bytes) -> bytes:
    return b"".join((_COUNT.pack(len(uids)), *uids, text))


def unpack_note(payload: bytes) -> tuple[list[bytes], bytes]:
    """The uids of the blobs that a note tells of, and what it says."""
    (count,) = _COUNT.unpack_from(payload)
    end = _COUNT.size + count * UID_BYTES
    uids = [payload[at : at + UID_BYTES] for at in range(_COUNT.size, end, UID_BYTES)]
    return uids, payload[end:]


def mark_of(zones: Iterable[Zone]) -> str:
    """Where the logs of all zones end now."""
    positions = ((zone.name, *zone.log.position()) for zone in zones)
    return ",".join(f"{name}={number:x}-{offset:x}" for name, number, offset in positions)


def parse_mark(mark: str) -> dict[str, tuple[int, int]]:
    """Segment and offset by zone."""
    found: dict[str, tuple[int, int]] = {}
    for part in filter(None, mark.split(",")):
        zone, _, place = part.partition("=")
        number, _, offset = place.partition("-")
        found[zone] = int(number, 16), int(offset, 16)
    return found


class _Told:
    """A note and what was found of its blobs."""

    __slots__ = ("found", "text", "uids")

    def __init__(self, uids: list[bytes], text: bytes) -> None:
        self.uids = uids
        self.text = text
        self.found: dict[bytes, tuple[int, dict[str, tuple[int, int]]]] = {}
        """By uid: size, and place by zone."""

    def note(self) -> Note:
        return Note(text=self.text, blobs=tuple(self._blob(uid) for uid in self.uids))

    def _blob(self, uid: bytes) -> Blob | None:
        if uid not in self.found:
            return None
        size_bytes, places = self.found[uid]
        blob_id = record_id(uid, places.values())
        return Blob(id=blob_id, size_bytes=size_bytes, zones=tuple(places))


def read_notes(zones: Iterable[Zone], *, since: str, since_us: int) -> list[Note]:
    """Every sound note behind the mark `since` ('' for all), written at `since_us` or later.

    Blocks. Zones that have failed are left out, and so is what is damaged.
    """
    starts = parse_mark(since)
    told: dict[bytes, _Told] = {}
    for zone in zones:
        if zone.is_failed:
            continue
        first, offset = starts.get(zone.name, (0, 0))
        for number in zone.log.numbers():
            if number >= first:
                start = offset if number == first else 0
                _read_segment(zone, number, start, since_us, told)
    return [each.note() for each in told.values()]


def _read_segment(
    zone: Zone, number: int, start: int, since_us: int, told: dict[bytes, _Told]
) -> None:
    try:
        segment = zone.log.segment(number)
    except CopyLost:
        return
    recent: dict[bytes, tuple[int, int]] = {}
    """By uid: size and offset of the records met since the last note of this segment."""
    for at, header in walk(segment.fd, _first_of(segment, start), segment.records_end()):
        if header.offset < start or header.written_at_us < since_us:
            continue
        if not header.is_note:
            recent[header.uid] = header.length, header.offset
            continue
        payload = _payload_at(segment, at, header)
        if payload is None:
            continue
        note = told.setdefault(header.uid, _Told(*unpack_note(payload)))
        for uid in note.uids:
            if uid in recent:
                size_bytes, offset = recent[uid]
                _, places = note.found.setdefault(uid, (size_bytes, {}))
                places[zone.name] = number, offset
        recent.clear()


def _first_of(segment: SegmentFile, start: int) -> int:
    """Where to begin to walk; a compacted segment is walked whole."""
    return SEGMENT_HEADER_BYTES if segment.header.compacted else max(start, SEGMENT_HEADER_BYTES)


def _payload_at(segment: SegmentFile, at: int, header: RecordHeader) -> bytes | None:
    payload = os.pread(segment.fd, header.length, at + RECORD_HEADER_BYTES)
    is_sound = len(payload) == header.length and crc32(payload) == header.payload_crc
    return payload if is_sound else None
