"""Many small blobs written together: all of them in two zones, or an error for all."""

from __future__ import annotations

import asyncio
import errno

import pytest
from tests.unit.backends.bytes.stores import get, open_store

from volano.backends.bytes.disk_ops import DiskOps
from volano.kernel.bytes import GroupWriter
from volano.kernel.errors import Unavailable

ITEMS = [(f"key{number}", b"%d" % number * (number + 1)) for number in range(100)]


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
    blobs = await store.write_group(ITEMS, copies=2)
    more = await asyncio.gather(*(store.write_group(ITEMS, copies=2) for _ in range(3)))
    assert len({blob.id for group in (blobs, *more) for blob in group}) == 4 * len(ITEMS)
    assert {zone for blob in blobs for zone in blob.zones} == set(store.zones_up())
    for blob, (_, data) in zip(blobs, ITEMS, strict=True):
        assert blob.size_bytes == len(data)
        assert len(set(blob.zones)) == 2
    await store.close()
    store = open_store(tmp_path, seed=2)
    for blob, (_, data) in zip(blobs, ITEMS, strict=True):
        assert await get(store, blob) == data
    for zone in blobs[0].zones[:1]:
        store.fail_zone(zone)
    assert await get(store, blobs[0]) == ITEMS[0][1]
    await store.close()


async def test_a_blob_is_read_at_once_when_it_is_in_memory(store):
    blobs = await store.write_group(ITEMS[:3], copies=2)
    assert store.read_now(blobs[0]) is None  # no descriptor is open yet
    assert await get(store, blobs[0]) == ITEMS[0][1]
    assert store.read_now(blobs[0]) == ITEMS[0][1]


async def test_one_failed_copy_fails_the_group(tmp_path):
    ops = FullZone()
    store = open_store(tmp_path, ops=ops)
    await store.write_group(ITEMS, copies=2)
    assert ops.full_fds
    ops.is_full = True
    with pytest.raises(Unavailable):
        await store.write_group(ITEMS, copies=2)
    ops.is_full = False
    await store.close()


async def test_too_few_zones_are_no_group(store):
    for zone in store.zones_up()[1:]:
        store.fail_zone(zone)
    with pytest.raises(Unavailable):
        await store.write_group(ITEMS, copies=2)
