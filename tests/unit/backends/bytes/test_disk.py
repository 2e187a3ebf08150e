"""The disk store keeps what it acknowledged, in the zones that it names."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from tests.unit.backends.bytes.stores import ZONES, get, open_store, put

from volano.kernel.bytes import Blob
from volano.kernel.errors import Conflict, Internal, Invalid, NotFound, Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from volano.backends.bytes.disk import DiskStore

SIZES = (0, 1, 4096, 65_535, 65_536, 65_537, 1 << 20, 2_500_001)


@pytest.mark.parametrize("size", SIZES)
async def test_a_blob_of_any_size_reads_back_whole_and_by_range(
    store: DiskStore, size: int
) -> None:
    data = random.Random(size).randbytes(size)
    blob = await put(store, data)
    assert blob.size_bytes == size
    assert len(blob.zones) == 2
    assert len(blob.id) <= 200
    assert await store.read_all(blob) == data
    assert await get(store, blob) == data
    for start, length in ((0, 1), (size // 2, 70_000), (size, None), (max(0, size - 3), None)):
        end = size if length is None else start + length
        assert await get(store, blob, start, length) == data[start:end]
        assert await store.read_all(blob, start=start, length=length) == data[start:end]


async def test_read_yields_chunks_of_at_most_one_mebibyte(store: DiskStore) -> None:
    blob = await put(store, bytes(3_000_000))
    sizes = [len(chunk) async for chunk in store.read(blob, start=10)]
    assert max(sizes) <= 1024 * 1024
    assert sum(sizes) == 3_000_000 - 10


async def test_a_range_that_begins_behind_the_end_is_refused(store: DiskStore) -> None:
    blob = await put(store, b"abc")
    with pytest.raises(Invalid):
        await store.read_all(blob, start=4)


async def test_chunk_may_be_reused_after_write(store: DiskStore) -> None:
    chunk = bytearray(b"a" * 50_000)
    async with store.writer() as writer:
        for letter in b"abcdef":
            chunk[:] = bytes([letter]) * len(chunk)
            await writer.write(memoryview(chunk))
        chunk[:] = b"!" * len(chunk)
        blob = await writer.commit()
    expected = b"".join(bytes([letter]) * 50_000 for letter in b"abcdef")
    assert await store.read_all(blob) == expected


async def test_leaving_a_writer_without_commit_leaves_nothing(
    store: DiskStore, tmp_path: Path
) -> None:
    async with store.writer() as writer:
        await writer.write(bytes(3_000_000))
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"] == []


async def test_committed_blobs_are_there_after_reopening(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    kept = {}
    for size in SIZES:
        data = os.urandom(size)
        kept[await put(store, data)] = data
    await store.close()
    for seed in (2, 3):
        store = open_store(tmp_path, seed=seed)
        data = b"more" * seed
        kept[await put(store, data)] = data
        for blob, expected in kept.items():
            assert await store.read_all(blob) == expected
        await store.close()


async def test_keys_spread_primaries_over_zones(store: DiskStore) -> None:
    blobs = [await put(store, b"x", key=f"key-{number}") for number in range(60)]
    assert {blob.zones[0] for blob in blobs} == set(ZONES)
    assert all(len(set(blob.zones)) == 2 for blob in blobs)
    assert (await put(store, b"x", copies=1)).zones != ()
    assert len((await put(store, b"x", copies=6)).zones) == 3


@pytest.mark.parametrize("size", [4096, 200_000])
async def test_a_failed_zone_is_neither_written_nor_read(store: DiskStore, size: int) -> None:
    data = os.urandom(size)
    before = [await put(store, data, key=str(number)) for number in range(6)]
    store.fail_zone(ZONES[1])
    assert store.zones_up() == (ZONES[0], ZONES[2])
    for blob in before:
        assert await get(store, blob) == data
    for number in range(6):
        blob = await put(store, data, key=str(number))
        assert set(blob.zones) == {ZONES[0], ZONES[2]}
    store.fail_zone(ZONES[0])
    lonely = await put(store, data)
    assert lonely.zones == (ZONES[2],)
    store.fail_zone(ZONES[2])
    with pytest.raises(Unavailable):
        await get(store, lonely)
    with pytest.raises(Unavailable):
        store.writer()
    for zone in ZONES:
        store.restore_zone(zone)
    assert await get(store, lonely) == data
    whole = await store.repair(lonely)
    assert len(whole.zones) == 2
    store.fail_zone(ZONES[2])
    assert await get(store, whole) == data


async def test_a_drill_outlives_a_restart(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.fail_zone(ZONES[0])
    await store.close()
    store = open_store(tmp_path, seed=2)
    assert store.zones_up() == ZONES[1:]
    store.restore_zone(ZONES[0])
    await store.close()
    store = open_store(tmp_path, seed=3)
    assert store.zones_up() == ZONES
    await store.close()


async def test_unknown_zone_and_foreign_id_are_refused(store: DiskStore) -> None:
    with pytest.raises(NotFound):
        store.fail_zone("mars-1a")  # type: ignore[arg-type]  # that it is unknown is the point
    for text in ("", "f1.zz", "s1." + "00" * 12, "f1." + "00" * 12 + ".1-2", "o1.abc"):
        with pytest.raises(Internal):
            await store.read_all(Blob(id=text, size_bytes=1, zones=ZONES[:1]))


@pytest.mark.parametrize("size", [100, 200_000])
async def test_deleted_blobs_may_be_deleted_again(store: DiskStore, size: int) -> None:
    blob, other = [await put(store, os.urandom(size)) for _ in range(2)]
    await store.delete([blob])
    await store.delete([blob, blob])
    assert len(await get(store, other)) == size


async def test_used_bytes_follow_files(store: DiskStore) -> None:
    blob = await put(store, bytes(500_000), copies=3)
    assert all(500_000 < used < 600_000 for used in store.used_bytes().values())
    await store.delete([blob])
    assert all(used < 10_000 for used in store.used_bytes().values())


async def test_used_bytes_are_right_again_after_reopening(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    blobs = [await put(store, bytes(300_000), copies=3) for _ in range(10)]
    await store.delete(blobs[:2])
    used = store.used_bytes()
    await store.close()
    store = open_store(tmp_path, seed=2)
    await put(store, bytes(300_000), copies=3)  # while the files are still being counted
    await store.delete([blobs[5]])
    await store.close()
    assert store.used_bytes() == used


async def test_file_slice_is_given_only_for_bytes_that_were_compared(store: DiskStore) -> None:
    small, big = await put(store, b"small"), await put(store, bytes(range(256)) * 2000)
    assert store.file_slice(small, start=0, length=5) is None
    assert store.file_slice(big, start=0, length=1000) is None
    await get(store, big, 0, 100_000)
    assert store.file_slice(big, start=0, length=200_000) is None
    piece = store.file_slice(big, start=70_000, length=30_000)
    assert piece is not None
    with open(piece.path, "rb") as file:
        file.seek(piece.offset)
        assert file.read(piece.length) == (bytes(range(256)) * 2000)[70_000:100_000]
    for zone in big.zones:
        store.fail_zone(zone)  # type: ignore[arg-type]  # names of zones are zone names
    assert store.file_slice(big, start=70_000, length=30_000) is None


async def test_a_second_process_is_refused(tmp_path: Path, store: DiskStore) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            open_store(tmp_path)
        except Conflict:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
