"""Deleted records give their space back, and no blob id changes."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from tests.unit.backends.bytes.stores import ZONES, get, open_store, put

from volano.backends.bytes.blob_id import parse_blob_id
from volano.kernel.bytes import Blob
from volano.kernel.clock import ManualClock
from volano.kernel.errors import Internal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from volano.backends.bytes.disk import DiskStore


def seal(store: DiskStore) -> None:
    """End the active segments, as a full one would."""
    for zone in store._zones.values():
        zone.log.drop_active()


async def each(blobs: Iterable[Blob]) -> AsyncIterator[Blob]:
    for blob in list(blobs):
        yield blob


async def check_every_copy(store: DiskStore, kept: dict[Blob, bytes]) -> None:
    for blob, data in kept.items():
        assert await store.repair(blob, copies=len(blob.zones)) == blob
        assert await get(store, blob) == data
    assert store.counts["copies_mended"] == 0


@pytest.mark.parametrize("seed", range(4))
async def test_compaction_keeps_what_lives_and_its_ids(tmp_path: Path, seed: int) -> None:
    print("seed", seed)
    choose = random.Random(seed)
    store = open_store(tmp_path, seed=seed)
    kept: dict[Blob, bytes] = {}
    for generation in range(5):
        for _ in range(60):
            data = choose.randbytes(choose.choice((0, 1, 44, 3000, 20_000)))
            kept[await put(store, data, key=str(choose.random()))] = data
        seal(store)
        doomed = choose.sample(list(kept), int(len(kept) * 0.7))
        before = store.used_bytes()
        await store.delete(doomed)
        for blob in doomed:
            del kept[blob]
        assert await store.compact() > 0
        assert sum(store.used_bytes().values()) < 0.75 * sum(before.values())
        await check_every_copy(store, kept)
        if generation % 2:
            await store.close()
            store = open_store(tmp_path, seed=100 * seed + generation)
    await store.delete(list(kept))
    seal(store)
    await store.compact()
    assert store.used_bytes() == dict.fromkeys(ZONES, 0)
    await store.close()


async def test_readers_of_the_old_file_finish_on_it(store: DiskStore) -> None:
    kept = {}
    for _ in range(20):
        data = os.urandom(3000)
        kept[await put(store, data)] = data
    seal(store)
    zone = next(zone for zone in store._zones.values() if zone.log.numbers())
    old = zone.log.segment(zone.log.numbers()[0])
    doomed = list(kept)[:15]
    await store.delete(doomed)
    assert await store.compact() > 0
    for blob, data in kept.items():
        if zone.name in blob.zones:
            address = parse_blob_id(blob.id)
            _, offset = address.places[blob.zones.index(zone.name)]
            assert old.read_record(offset, 3000, address.uid, cached=False) == data


async def test_a_damaged_segment_is_not_compacted_before_it_is_mended(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    kept = {}
    for _ in range(20):
        data = os.urandom(3000)
        kept[await put(store, data, copies=3)] = data
    seal(store)
    victim, *doomed = list(kept)
    place = parse_blob_id(victim.id).places[0]
    path = tmp_path / "zones" / victim.zones[0] / "segments" / f"{place[0]:012x}.seg"
    with path.open("r+b") as file:
        file.seek(place[1] + 500)
        file.write(b"rotten")
    await store.delete(doomed)
    await store.compact()
    assert path.stat().st_size > 20 * 3000
    assert await store.repair(victim, copies=3) == victim
    await store.compact()
    assert path.stat().st_size < 2 * 3000
    await check_every_copy_of(store, victim, kept[victim])
    await store.close()


async def check_every_copy_of(store: DiskStore, blob: Blob, data: bytes) -> None:
    store.counts.clear()
    await check_every_copy(store, {blob: data})


async def test_a_delete_while_a_segment_is_copied_is_not_forgotten(store: DiskStore) -> None:
    blobs = [await put(store, os.urandom(3000), copies=1, key="same") for _ in range(30)]
    seal(store)
    await store.delete(blobs[:20])
    zone = store._zones[blobs[0].zones[0]]
    # The notes of a delete that comes between the copying and the swap lie behind those seen.
    await store.compact()
    await store.delete(blobs[20:29])
    await store.compact()
    assert await store.read_all(blobs[29]) != b""
    assert zone.used_bytes() < 10_000


async def test_sweep_removes_only_what_no_row_names_and_is_old_enough(tmp_path: Path) -> None:
    clock = ManualClock(now_us=4_000_000_000_000_000)  # files bear the machine's time, far earlier
    store = open_store(tmp_path, clock=clock)
    sizes = (10, 5000, 100_000)
    kept = {}
    for size in sizes * 5:
        data = os.urandom(size)
        kept[await put(store, data, copies=3)] = data
    garbage = [await put(store, os.urandom(size), copies=3) for size in sizes * 5]
    seal(store)
    used = store.used_bytes()
    assert await store.sweep(each([]), min_age_s=5e9) == 0
    clock.advance(7200)
    fresh = await put(store, b"not named by a row yet")
    assert await store.sweep(each(kept)) == 3 * len(garbage)
    assert all(store.used_bytes()[zone] < used[zone] for zone in ZONES)
    assert await get(store, fresh) == b"not named by a row yet"
    await check_every_copy(store, kept)
    # A swept record's bytes go with the next compaction of its segment, a file's at once.
    for blob in (blob for blob in garbage if blob.size_bytes == 100_000):
        with pytest.raises(Internal):
            await get(store, blob)
    assert await store.sweep(each(kept)) == 0
    await store.close()
