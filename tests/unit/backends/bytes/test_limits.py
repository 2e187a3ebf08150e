"""What is bounded, what is refused, and what goes on by itself."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest
from tests.unit.backends.bytes.stores import ZONES, get, open_store, put

from volano.backends.bytes import segments, spool, upkeep
from volano.kernel.clock import ManualClock
from volano.kernel.errors import Internal, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from volano.backends.bytes.disk import DiskStore
    from volano.kernel.bytes import Blob


async def each(*blobs: Blob) -> AsyncIterator[Blob]:
    for blob in blobs:
        yield blob


async def unmoved(old: Blob, new: Blob) -> None:
    raise AssertionError(f"{old} moved to {new}")


async def test_a_full_segment_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 20_000)
    monkeypatch.setattr(segments, "SEGMENT_RECORDS", 6)
    monkeypatch.setattr(segments, "OPEN_SEGMENTS", 2)
    store = open_store(tmp_path)
    kept = {}
    for size in (100, 100, 100, 9000, 9000, 30_000, 1, 1, 1, 1, 1, 1, 1, 1):
        data = os.urandom(size)
        kept[await put(store, data, copies=3)] = data
    for _ in range(2):
        for blob, data in kept.items():
            assert await get(store, blob) == data
        assert all(len(zone.log.numbers()) >= 4 for zone in store._zones.values())
        await store.close()
        store = open_store(tmp_path, seed=2)
    await store.close()


async def test_many_writers_share_their_syncs(store: DiskStore) -> None:
    blobs = await asyncio.gather(*(put(store, b"%d" % number) for number in range(500)))
    assert [await store.read_all(blob) for blob in blobs] == [b"%d" % n for n in range(500)]


async def test_a_queue_that_is_full_is_told_slow_down(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "MAX_WAITING", 0)
    with pytest.raises(Unavailable) as caught:
        await put(store, b"x")
    assert caught.value.wire_code == "SlowDown"


async def test_uploads_over_the_memory_limit_are_told_slow_down_and_give_it_back(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(spool, "MAX_BUFFERED_BYTES", 3_000_000)
    data = os.urandom(2_000_000)
    for _ in range(5):
        assert await get(store, await put(store, data)) == data
        async with store.writer() as writer:
            await writer.write(data)  # left without commit
    async with store.writer() as first, store.writer() as second:
        await first.write(data)
        with pytest.raises(Unavailable) as caught:
            await second.write(data * 4)
        assert caught.value.wire_code == "SlowDown"
        assert await get(store, await first.commit()) == data
    assert store._buffers._used_bytes == 0
    assert list(tmp_path.glob("zones/*/tmp/*")) == []


async def test_a_cancelled_upload_leaves_nothing(store: DiskStore, tmp_path: Path) -> None:
    async def upload() -> None:
        async with store.writer() as writer:
            while True:
                await writer.write(os.urandom(700_000))
                await asyncio.sleep(0)

    for turns in range(1, 12):
        task = asyncio.create_task(upload())
        for _ in range(turns * 3):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
    assert list(tmp_path.glob("zones/*/tmp/*")) == []
    assert store._buffers._used_bytes == 0


@pytest.mark.parametrize("size", [10, 100_000])
async def test_a_committed_writer_takes_no_more(store: DiskStore, size: int) -> None:
    async with store.writer() as writer:
        await writer.write(bytes(size))
        await writer.commit()
        with pytest.raises(Internal):
            await writer.write(b"more")
        with pytest.raises(Internal):
            await writer.commit()


async def test_a_closed_store_takes_no_more(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    await store.close()
    await store.close()
    with pytest.raises(Unavailable):
        store.writer()


async def test_deletes_start_a_compaction_by_themselves(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "COMPACT_AFTER_BYTES", 100_000)
    blobs = [await put(store, bytes(10_000), copies=3) for _ in range(30)]
    for zone in store._zones.values():
        zone.log.drop_active()
    await store.delete(blobs[:28])
    await store._upkeep.close()
    assert all(used < 50_000 for used in store.used_bytes().values())
    assert store.counts["compacted_bytes"] > 0
    assert len(await get(store, blobs[29])) == 10_000


async def test_scrub_keeps_to_its_rate_and_says_what_it_could_not_read(tmp_path: Path) -> None:
    clock = ManualClock()
    store = open_store(tmp_path, clock=clock)
    blobs = [await put(store, bytes(1000), copies=1, key="k") for _ in range(4)]
    scrub = asyncio.create_task(store.scrub(each(*blobs), on_moved=unmoved, bytes_per_s=100))
    began_s = clock.monotonic_s()
    while not scrub.done():
        await asyncio.wait({scrub}, timeout=0.01)
        clock.advance(1)
    # With one copy each and two wanted, every blob moves: the scrub stops at the first.
    with pytest.raises(AssertionError, match="moved"):
        scrub.result()
    scrub = asyncio.create_task(
        store.scrub(each(*blobs), copies=1, on_moved=unmoved, bytes_per_s=100)
    )
    while not scrub.done():
        await asyncio.wait({scrub}, timeout=0.01)
        clock.advance(1)
    assert scrub.result().checked == 4
    assert clock.monotonic_s() - began_s >= 40
    store.fail_zone(ZONES[[*ZONES].index(blobs[0].zones[0])])  # type: ignore[arg-type]
    report = await store.scrub(each(*blobs), on_moved=unmoved)
    assert (report.checked, report.moved, report.lost) == (4, 0, [])
    await store.close()


async def test_copies_deleted_while_their_zone_was_down_go_with_the_sweep(
    tmp_path: Path,
) -> None:
    clock = ManualClock(now_us=4_000_000_000_000_000)
    store = open_store(tmp_path, clock=clock)
    blobs = [await put(store, bytes(size), copies=3) for size in (10, 100_000)]
    store.fail_zone(ZONES[0])
    await store.delete(blobs)
    store.restore_zone(ZONES[0])
    assert store.used_bytes()[ZONES[0]] > 100_000
    for zone in store._zones.values():
        zone.log.drop_active()
    clock.advance(7200)
    assert await store.sweep(each()) == 2
    assert store.used_bytes()[ZONES[0]] == 0
    await store.close()


async def test_a_zone_that_cannot_be_opened_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "zones").mkdir()
    (tmp_path / "zones" / ZONES[1]).write_text("not a folder")
    store = open_store(tmp_path)
    blob = await put(store, b"x", copies=3)
    assert set(blob.zones) == {ZONES[0], ZONES[2]}
    assert await get(store, blob) == b"x"
    await store.delete([blob])
    await store.close()


async def test_a_torn_tail_is_cut_off_and_rot_in_the_middle_is_not(tmp_path: Path) -> None:
    store = open_store(tmp_path, zones=1)
    first, second = await put(store, b"first" * 100), await put(store, b"second" * 100)
    await store.close()
    (path,) = tmp_path.glob("zones/*/segments/*.seg")
    whole = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"VREC torn")
    store = open_store(tmp_path, zones=1, seed=2)
    assert path.stat().st_size == whole
    assert await get(store, second) == b"second" * 100
    third = await put(store, b"third")
    assert len(list(path.parent.glob("*.seg"))) == 2
    await store.close()
    newest = max(path.parent.glob("*.seg"))
    fourth_at = newest.stat().st_size
    store = open_store(tmp_path, zones=1, seed=3)
    fourth = await put(store, b"fourth")
    await store.close()
    max(path.parent.glob("*.end")).unlink()
    with newest.open("r+b") as file:
        file.seek(fourth_at - 30)
        file.write(b"rot of what lies before the fourth"[:20])
    store = open_store(tmp_path, zones=1, seed=4)
    assert await get(store, fourth) == b"fourth"
    with pytest.raises(Internal):
        await get(store, third)
    assert await get(store, first) == b"first" * 100
    await store.close()


async def test_an_orderly_close_spares_the_scan_once(tmp_path: Path) -> None:
    store = open_store(tmp_path, zones=1)
    blob = await put(store, b"x" * 100)
    await store.close()
    (note,) = tmp_path.glob("zones/*/segments/*.end")
    stale = note.read_bytes()
    store = open_store(tmp_path, zones=1, seed=2)
    assert not note.exists()
    other = await put(store, b"y" * 100)
    await store.close()
    note.write_bytes(stale)
    store = open_store(tmp_path, zones=1, seed=3)
    last = await put(store, b"z" * 100)
    assert [await get(store, b) for b in (blob, other, last)] == [
        b"x" * 100,
        b"y" * 100,
        b"z" * 100,
    ]
    await store.close()
