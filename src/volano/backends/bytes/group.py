"""Many small blobs written together: one future for all, the logs' group commit below.

All blobs of a group lie in the same zones, so that a group costs one sync in each. It is all or
nothing for its caller: when any copy fails it is told so, and writes each blob again by itself
(`writer.py`), which finds other zones. What was written is garbage until a sweep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.backends.bytes.blob_id import record_id
from volano.backends.bytes.damage import to_unavailable
from volano.backends.bytes.notes import pack_note
from volano.backends.bytes.segments import Append, new_record
from volano.backends.bytes.zones import choose_order
from volano.kernel.bytes import Blob
from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from volano.backends.bytes.blob_id import Uids
    from volano.backends.bytes.zones import Zone
    from volano.kernel.clock import Clock


async def write_records(
    zones: list[Zone],
    payloads: Sequence[bytes],
    *,
    key: str,
    copies: int,
    note: bytes,
    then: Callable[[list[Blob]], None] | None,
    clock: Clock,
    uids: Uids,
) -> list[Blob]:
    """The blobs of the payloads and the note, all durable in `copies` zones (a note alone in each
    zone); raises Unavailable."""
    size = max(map(len, payloads), default=0)
    taking = [zone for zone in zones if zone.is_taking(size)]
    if len(taking) < copies or any(zone.log.is_waiting_full() for zone in taking):
        raise Unavailable("Not all zones take a group now.", code="SlowDown", retry_after_s=1.0)
    chosen = choose_order(taking, key)[:copies] if payloads else taking
    records = [new_record(uids.next(), payload) for payload in payloads]
    text = pack_note([record.uid for record in records], note)
    records.append(new_record(uids.next(), text, is_note=True))
    names = tuple(zone.name for zone in chosen)
    blobs: list[Blob] = []

    def finish() -> None:
        for error in append.errors.values():
            raise to_unavailable(error)
        places = zip(*(append.places[name] for name in names), strict=True)
        blobs.extend(
            Blob(id=record_id(record.uid, its), size_bytes=len(record.payload), zones=names)
            for record, its in zip(records, places, strict=True)
            if not record.is_note
        )
        if then is not None:
            then(blobs)

    append = Append(records, clock.now_us(), finish)
    append.submit_now([zone.log for zone in chosen])
    await append.done
    return blobs
