"""Many small blobs written together: one future for all, the logs' group commit below.

A group is all or nothing for its caller: when any copy fails it is told so, and writes each blob
again by itself (`writer.py`), which finds other zones. What was written is garbage until a sweep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.backends.bytes.blob_id import record_id
from volano.backends.bytes.damage import to_unavailable
from volano.backends.bytes.notes import pack_note
from volano.backends.bytes.segments import Append, Group
from volano.backends.bytes.zones import choose_order
from volano.kernel.bytes import Blob
from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.backends.bytes.blob_id import Uids
    from volano.backends.bytes.zones import Zone
    from volano.kernel.clock import Clock


async def write_records(
    zones: list[Zone],
    items: Sequence[tuple[str, bytes]],
    *,
    copies: int,
    note: bytes,
    clock: Clock,
    uids: Uids,
) -> list[Blob]:
    """The blobs of (key, payload), each durable in `copies` zones, and the note in each zone that
    has one of them (in each zone, for a note alone); raises Unavailable."""
    size = max((len(payload) for _, payload in items), default=0)
    taking = [zone for zone in zones if zone.is_taking(size)]
    if len(taking) < copies or any(zone.log.is_waiting_full() for zone in taking):
        raise Unavailable("Not all zones take a group now.", code="SlowDown", retry_after_s=1.0)
    now_us = clock.now_us()
    chosen = [choose_order(taking, key)[:copies] for key, _ in items]
    touched = {zone.name: zone for each in chosen or [taking] for zone in each}
    group = Group(copies * len(items) + len(touched))
    appends = [Append(uids.next(), payload, now_us, group=group) for _, payload in items]
    text = pack_note([append.uid for append in appends], note)
    told = Append(uids.next(), text, now_us, group=group, is_note=True)
    for zone in touched.values():
        mine = [append for append, its in zip(appends, chosen, strict=True) if zone in its]
        zone.log.append_group([*mine, told])
    await group.done
    for error in told.errors.values():
        raise to_unavailable(error)
    return [_blob_of(its, append) for its, append in zip(chosen, appends, strict=True)]


def _blob_of(zones: list[Zone], append: Append) -> Blob:
    for error in append.errors.values():
        raise to_unavailable(error)
    places = [append.places[zone.name] for zone in zones]
    names = tuple(zone.name for zone in zones)
    return Blob(id=record_id(append.uid, places), size_bytes=len(append.payload), zones=names)
