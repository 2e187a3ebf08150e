"""The zeros behind the end of the active segment: there for small writes, gone when it is sealed."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING

from tests.unit.backends.bytes.stores import get, open_store, put

from volano.backends.bytes.active import LEAST_ZEROS_BYTES, MOST_ZEROS_BYTES
from volano.backends.bytes.disk_ops import DiskOps

if TYPE_CHECKING:
    from pathlib import Path

SMALL = b"small" * 800


def newest_segment(folder: Path) -> Path:
    return max(folder.glob("zones/*/segments/*.seg"))


async def test_small_writes_replace_zeros_and_a_close_cuts_them_off(tmp_path: Path) -> None:
    store = open_store(tmp_path, zones=1)
    first = await put(store, SMALL)
    path = newest_segment(tmp_path)
    size = path.stat().st_size
    assert size > LEAST_ZEROS_BYTES
    second = await put(store, SMALL)
    assert path.stat().st_size == size
    await store.close()
    assert path.stat().st_size < 3 * len(SMALL)
    store = open_store(tmp_path, zones=1, seed=2)
    third = await put(store, SMALL)
    assert newest_segment(tmp_path) == path
    for blob in (first, second, third):
        assert await get(store, blob) == SMALL
    await store.close()


async def test_there_are_never_more_zeros_than_the_limit(tmp_path: Path) -> None:
    store = open_store(tmp_path, zones=1)
    for number in range(1, 61):
        await put(store, b"x" * 50_000)
        most = number * 50_100 + MOST_ZEROS_BYTES
        assert newest_segment(tmp_path).stat().st_size < most
    await store.close()


async def test_after_a_crash_zeros_are_cut_off_and_a_new_segment_begins(tmp_path: Path) -> None:
    store = open_store(tmp_path / "here", zones=1)
    blobs = [await put(store, SMALL) for _ in range(3)]
    shutil.copytree(tmp_path / "here", tmp_path / "crashed")
    await store.close()
    store = open_store(tmp_path / "crashed", zones=1, seed=2)
    old = newest_segment(tmp_path / "crashed")
    assert old.stat().st_size < 4 * len(SMALL)
    blobs.append(await put(store, SMALL))
    assert newest_segment(tmp_path / "crashed") != old
    for blob in blobs:
        assert await get(store, blob) == SMALL
    await store.close()


class NoRoomForZeros(DiskOps):
    """A disk with room for what is asked of it, and no more."""

    def write(self, fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        if len(data) >= LEAST_ZEROS_BYTES:
            super().write(fd, data[:1000], offset)
            raise OSError(errno.ENOSPC, "no room")
        super().write(fd, data, offset)


async def test_a_disk_without_room_for_zeros_takes_blobs_all_the_same(tmp_path: Path) -> None:
    store = open_store(tmp_path, zones=1, ops=NoRoomForZeros())
    blobs = [await put(store, SMALL) for _ in range(3)]
    assert newest_segment(tmp_path).stat().st_size < 4 * len(SMALL)
    for blob in blobs:
        assert await get(store, blob) == SMALL
    await store.close()
