"""Upkeep of bytes: free what nobody uses, repair what lost a copy, sweep what has no row.

Garbage rows are written with the change that made them, and freed after a grace period so that
reads that began before can end. A blob whose row was never written (a crash in between) is found
by the sweep. Repair and sweep never run at the same time: a copy being placed has no row yet.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from volano.services.objects.logic.log_images import forgotten_before_us
from volano.services.objects.logic.storage_classes import copies_of
from volano.services.objects.model import Part
from volano.services.objects.store import garbage as garbage_rows
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import uploads as part_rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.bytes import Blob, ScrubReport
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.objects.model import StoredObject

FREE_BATCH = 1000
READ_GRACE_S = 60.0
"""How long a freed blob stays, for reads that are under way."""
ORPHAN_GRACE_S = 3600.0
"""How old a blob without a row must be: uploads are slower than their row is."""
SWEEP_EVERY_S = 6 * 3600.0
REPAIR_BYTES_PER_S = 64 * 1024**2
PAGE_ROWS = 500
LEASE_S = 3600.0

REPAIR_WANTED = "repair_wanted"
LAST_SWEEP = "last_sweep_us"


async def free_garbage(env: Env, *, grace_s: float = READ_GRACE_S) -> int:
    """Delete blobs freed longer ago than the grace period; returns how many."""
    freed = 0
    while True:
        before_us = env.clock.now_us() - int(grace_s * 1e6)
        blobs = await garbage_rows.select_garbage(
            env.store.reader, before_us=before_us, limit=FREE_BATCH
        )
        if not blobs:
            return freed
        await env.bytes.delete(blobs)
        await env.store.transact(partial(garbage_rows.delete_garbage, blobs=blobs))
        freed += len(blobs)


async def want_repair(env: Env, reason: str) -> None:
    """Remember that copies may be missing; `maintain` looks at all of them."""
    await env.store.transact(lambda tx: garbage_rows.upsert_state(tx, REPAIR_WANTED, reason))


async def maintain(env: Env) -> None:
    """Repair when asked for, and sweep when it is time; one process at a time."""
    lease = await env.work.acquire_lease("objects:maintain", ttl_s=LEASE_S)
    if lease is None:
        return
    wanted = await garbage_rows.select_state(env.store.reader, REPAIR_WANTED)
    if wanted:
        report = await repair_copies(env)
        env.log.info("copies repaired", reason=wanted, moved=report.moved, mended=report.mended)
        await env.store.transact(lambda tx: _forget_repair(tx, wanted))
    last = await garbage_rows.select_state(env.store.reader, LAST_SWEEP)
    now_us = env.clock.now_us()
    if last is None or now_us - int(last) >= SWEEP_EVERY_S * 1e6:
        await env.store.transact(lambda tx: garbage_rows.upsert_state(tx, LAST_SWEEP, str(now_us)))
        if last is not None:
            await sweep_orphans(env)
    await env.work.release_lease(lease)


async def _forget_repair(tx: Tx, reason: str) -> None:
    if await garbage_rows.select_state(tx, REPAIR_WANTED) == reason:
        await garbage_rows.upsert_state(tx, REPAIR_WANTED, "")


async def repair_copies(env: Env, *, bytes_per_s: int | None = REPAIR_BYTES_PER_S) -> ScrubReport:
    """Give every blob its sound copies again, as far as zones are up."""
    named: dict[str, StoredObject | Part] = {}

    async def blobs() -> AsyncIterator[Blob]:
        async for row in _rows(env):
            assert row.blob is not None
            named.clear()
            named[row.blob.id] = row
            yield row.blob

    async def on_moved(old: Blob, new: Blob) -> None:
        row = named[old.id]
        await env.store.transact(lambda tx: _rename(tx, row, new))

    def copies(blob: Blob) -> int:
        row = named[blob.id]
        if isinstance(row, Part):
            return copies_of(row.storage_class)
        return copies_of(row.description.storage_class)

    report = await env.bytes.scrub(
        blobs(), copies=copies, on_moved=on_moved, bytes_per_s=bytes_per_s
    )
    if report.lost:
        env.log.error("objects without a sound copy", count=len(report.lost), ids=report.lost[:10])
    return report


async def _rename(tx: Tx, row: StoredObject | Part, new: Blob) -> None:
    """A row that changed meanwhile keeps its old name: the copies it names are still there."""
    if isinstance(row, Part):
        await part_rows.update_part_blob(tx, row, new)
    else:
        await object_rows.update_blob(tx, row, new)


async def sweep_orphans(env: Env, *, min_age_s: float = ORPHAN_GRACE_S) -> int:
    """Remove blobs that no row names; returns the copies removed."""

    async def live() -> AsyncIterator[Blob]:
        async for row in _rows(env):
            if row.blob is not None:
                yield row.blob

    notes_before_us = await forgotten_before_us(env.store.reader)
    removed = await env.bytes.sweep(live(), min_age_s=min_age_s, notes_before_us=notes_before_us)
    if removed:
        env.log.info("orphaned copies removed", count=removed)
    return removed


async def _rows(env: Env) -> AsyncIterator[StoredObject | Part]:
    """Every row that names a blob: objects first, then parts.

    A blob's name moves from an object to a part (when it is first shared) and never back, so this
    order misses none.
    """
    bucket_id = key = ""
    while objects := await object_rows.select_objects_after(
        env.store.reader, bucket_id, key, limit=PAGE_ROWS
    ):
        for item in objects:
            if item.blob is not None:
                yield item
        bucket_id, key = objects[-1].bucket_id, objects[-1].key
        await asyncio.sleep(0)
    content_id, number = "", 0
    while parts := await part_rows.select_parts_after(
        env.store.reader, content_id, number, limit=PAGE_ROWS
    ):
        for part in parts:
            if part.blob is not None:
                yield part
        content_id, number = parts[-1].content_id, parts[-1].number
        await asyncio.sleep(0)
