"""Finding copies that no row names: the garbage of crashes, lost deletes and zones that were down.

The live blobs go into a Bloom filter, so ten million of them take 32 MiB. It may take garbage for
live now and then, which the next sweep, hashing differently, removes; never the other way round.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from volano.backends.bytes.blob_id import parse_blob_id
from volano.backends.bytes.compaction import mark_dead, read_dead
from volano.backends.bytes.damage import CopyLost
from volano.backends.bytes.record import SEGMENT_HEADER_BYTES, record_span
from volano.backends.bytes.recovery import walk

if TYPE_CHECKING:
    from volano.backends.bytes.zones import Zone
    from volano.kernel.bytes import Blob

FILTER_BITS = 1 << 28
HASHES = 4


class LiveCopies:
    """A set of copies that forgets nothing it was told, and seldom claims more."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._bits = bytearray(FILTER_BITS // 8)

    def add(self, zone: str, name: bytes) -> None:
        for bit in self._hash(zone, name):
            self._bits[bit >> 3] |= 1 << (bit & 7)

    def has(self, zone: str, name: bytes) -> bool:
        return all(self._bits[bit >> 3] >> (bit & 7) & 1 for bit in self._hash(zone, name))

    def add_blob(self, blob: Blob) -> None:
        """Every copy of a blob on disk."""
        address = parse_blob_id(blob.id)
        for index, zone in enumerate(blob.zones):
            self.add(zone, address.uid if address.is_file else _place(*address.places[index]))

    def _hash(self, zone: str, name: bytes) -> list[int]:
        digest = blake2b(zone.encode() + b"/" + name, digest_size=HASHES * 4, key=self._salt)
        numbers = memoryview(digest.digest()).cast("I")
        return [number % FILTER_BITS for number in numbers]


def _place(number: int, offset: int) -> bytes:
    return number.to_bytes(8) + offset.to_bytes(4)


def sweep_zone(zone: Zone, live: LiveCopies, before_us: int, notes_before_us: int) -> int:
    """Delete the zone's copies older than a wall time that are not live, and notes of before
    another; blocks."""
    removed = 0
    for uid, entry in zone.files.uids():
        is_old = entry.stat().st_mtime_ns // 1000 < before_us
        if is_old and not live.has(zone.name, uid):
            zone.files.delete(uid)
            removed += 1
    for number in zone.log.numbers():
        garbage = _garbage_of(zone, number, live, before_us, notes_before_us)
        if garbage:
            mark_dead(zone.log, number, garbage)
            removed += len(garbage)
    return removed


def _garbage_of(
    zone: Zone, number: int, live: LiveCopies, before_us: int, notes_before_us: int
) -> list[tuple[int, int]]:
    if not zone.log.is_sealed(number):
        return []
    try:
        segment = zone.log.segment(number)
    except CopyLost:
        # A segment that cannot be opened is the scrub's business.
        return []
    dead, _ = read_dead(zone.log, number)
    garbage: list[tuple[int, int]] = []
    for _, header in walk(segment.fd, SEGMENT_HEADER_BYTES, segment.records_end()):
        limit_us = notes_before_us if header.is_note else before_us
        if header.offset in dead or header.written_at_us >= limit_us:
            continue
        if header.is_note or not live.has(zone.name, _place(number, header.offset)):
            garbage.append((header.offset, record_span(header.length)))
    return garbage
