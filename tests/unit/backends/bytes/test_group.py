"""Many small blobs written together: all of them in two zones, or an error for all."""

from __future__ import annotations

import asyncio
import errno
import threading

import pytest
from tests.unit.backends.bytes.stores import get, open_store, put

from volano.backends.bytes.disk_ops import DiskOps
from volano.kernel.bytes import GroupWriter
from volano.kernel.clock import ManualClock
from volano.kernel.errors import Conflict, Unavailable

ITEMS = [b"%d" % number * (number + 1) for number in range(100)]


class FullZone(DiskOps):
    """Writes to the segments of one zone fail while `is_full`."""

    def __init__(self) -> None:
        self.is_full = False
        self.full_fds: set[int] = set()

    def create(self, path):
        fd = super().create(path)
        if "/eu-home-1b/" in str(path):
            self.full_fds.add(fd)
        return fd

    def write(self, fd, data, offset):
        if self.is_full and fd in self.full_fds:
            raise OSError(errno.ENOSPC, "full")
        super().write(fd, data, offset)


async def test_a_group_is_in_two_zones_and_survives_a_restart(tmp_path):
    store = open_store(tmp_path)
    assert isinstance(store, GroupWriter)
    blobs = await store.write_group(ITEMS, key="key", copies=2, note=b"n")
    more = await asyncio.gather(
        *(store.write_group(ITEMS, key=f"{n}", copies=2, note=b"n") for n in range(9))
    )
    assert len({blob.id for group in (blobs, *more) for blob in group}) == 10 * len(ITEMS)
    assert {zone for group in more for blob in group for zone in blob.zones} == set(
        store.zones_up()
    )
    for blob, data in zip(blobs, ITEMS, strict=True):
        assert blob.size_bytes == len(data)
        assert len(set(blob.zones)) == 2
    await store.close()
    store = open_store(tmp_path, seed=2)
    for blob, data in zip(blobs, ITEMS, strict=True):
        assert await get(store, blob) == data
    for zone in blobs[0].zones[:1]:
        store.fail_zone(zone)
    assert await get(store, blobs[0]) == ITEMS[0]
    await store.close()


async def test_a_blob_is_read_at_once_when_it_is_in_memory(store):
    blobs = await store.write_group(ITEMS[:3], key="key", copies=2, note=b"n")
    assert store.read_now(blobs[0]) is None  # no descriptor is open yet
    assert await get(store, blobs[0]) == ITEMS[0]
    assert store.read_now(blobs[0]) == ITEMS[0]


async def test_one_failed_copy_fails_the_group(tmp_path):
    ops = FullZone()
    store = open_store(tmp_path, ops=ops)
    in_use: dict[str, str] = {}
    for key in map(str, range(9)):
        blobs = await store.write_group(ITEMS, key=key, copies=2, note=b"n")
        assert len({blob.zones for blob in blobs}) == 1
        in_use |= dict.fromkeys(blobs[0].zones, key)
    assert ops.full_fds
    ops.is_full = True
    with pytest.raises(Unavailable):
        await store.write_group(ITEMS, key=in_use["eu-home-1b"], copies=2, note=b"n")
    ops.is_full = False
    await store.close()


async def test_too_few_zones_are_no_group(store):
    for zone in store.zones_up()[1:]:
        store.fail_zone(zone)
    with pytest.raises(Unavailable):
        await store.write_group(ITEMS, key="key", copies=2, note=b"n")


async def test_a_note_tells_of_its_blobs_until_it_is_forgotten(tmp_path):
    clock = ManualClock()
    store = open_store(tmp_path, clock=clock)
    first = await store.write_group(ITEMS, key="key", copies=2, note=b"first")
    mark = store.mark()
    clock.advance(10)
    since_us = clock.now_us()
    await put(store, b"a blob of its own")
    second = await store.write_group(ITEMS[:2], key="other", copies=2, note=b"second")

    def told(notes):
        return {
            note.text: [(blob.id[:27], blob.size_bytes, set(blob.zones)) for blob in note.blobs]
            for note in notes
        }

    def named(blobs):
        return [(blob.id[:27], blob.size_bytes, set(blob.zones)) for blob in blobs]

    everything = {b"first": named(first), b"second": named(second)}
    assert told(await store.read_notes()) == everything
    assert told(await store.read_notes(since=mark)) == {b"second": named(second)}
    assert told(await store.read_notes(since_us=since_us)) == {b"second": named(second)}
    for note in await store.read_notes():
        for blob, data in zip(note.blobs, ITEMS, strict=False):
            assert await get(store, blob) == data
    await store.close()
    store = open_store(tmp_path, seed=2, clock=clock)
    assert told(await store.read_notes(since=mark)) == {b"second": named(second)}
    for zone in store._zones.values():
        zone.log.drop_active()
    await store.delete(first[1:])
    await store.compact()
    assert told(await store.read_notes(since=mark)) == {b"second": named(second)}
    (kept,) = (note for note in await store.read_notes() if note.text == b"first")
    assert [blob is not None for blob in kept.blobs] == [True] + [False] * 99
    assert await get(store, kept.blobs[0]) == ITEMS[0]
    await store.close()


async def test_what_comes_then_is_done_before_the_group_is_told_and_may_refuse_it(tmp_path):
    store = open_store(tmp_path)
    seen = []

    def note(blobs):
        seen.append((blobs, threading.current_thread()))

    def refuse(_blobs):
        raise Conflict("no")

    blobs = await store.write_group(ITEMS[:2], key="key", copies=2, note=b"n", then=note)
    ((told, thread),) = seen
    assert told == blobs
    assert thread is not threading.current_thread()
    with pytest.raises(Conflict):
        await store.write_group(ITEMS[:2], key="key", copies=2, note=b"n", then=refuse)
    assert await get(store, (await store.write_group(ITEMS[:1], key="k", copies=2, note=b"n"))[0]) == ITEMS[0]  # fmt: skip
    await store.close()
