"""A bad byte on disk is never returned, and is mended from another zone."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.unit.backends.bytes.stores import ZONES, get, open_store, put

from volano.backends.bytes.blob_id import parse_blob_id
from volano.kernel.bytes import Blob
from volano.kernel.errors import Internal
from volano.kernel.place import ZoneName

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from volano.backends.bytes.disk import DiskStore

SIZES = (0, 1, 5000, 64 * 1024, 64 * 1024 + 1, 1_300_000)


def copy_path(folder: Path, blob: Blob, index: int) -> tuple[Path, int]:
    """The file that holds one zone's copy, and where the copy begins."""
    address = parse_blob_id(blob.id)
    zone = folder / "zones" / blob.zones[index]
    if address.is_file:
        name = address.uid.hex()
        return zone / "files" / name[:2] / name, 0
    number, offset = address.places[index]
    return zone / "segments" / f"{number:012x}.seg", offset


def flip_bit(path: Path, at: int, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1 << bit]))


async def each(*blobs: Blob) -> AsyncIterator[Blob]:
    for blob in blobs:
        yield blob


async def unmoved(old: Blob, new: Blob) -> None:
    raise AssertionError(f"{old} moved to {new}")


@pytest.mark.parametrize("size", SIZES)
async def test_any_flipped_bit_is_noticed_and_mended(tmp_path: Path, size: int) -> None:
    choose = random.Random(size)
    data = choose.randbytes(size)
    store = open_store(tmp_path)
    blob = await put(store, data)
    await put(store, b"what follows must stay")
    path, start = copy_path(tmp_path, blob, 0)
    span = size + 44 if start else path.stat().st_size
    other = ZoneName(blob.zones[1])
    for _ in range(20):
        await store.close()
        flip_bit(path, start + choose.randrange(span), choose.randrange(8))
        store = open_store(tmp_path)
        assert await get(store, blob) == data
        # A byte that the read did not need, such as the time of writing, is mended by repair.
        await store.settle()
        assert await store.repair(blob) == blob
        store.fail_zone(other)
        assert await get(store, blob) == data
        store.restore_zone(other)
    assert store.counts["copies_not_mended"] == 0
    await store.close()


@pytest.mark.parametrize("size", [1000, 500_000])
async def test_a_read_that_falls_over_mends_the_copy_behind_it(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    store = open_store(tmp_path)
    blob = await put(store, data)
    await store.close()
    path, start = copy_path(tmp_path, blob, 0)
    flip_bit(path, start + size // 2, 3)
    damaged = path.read_bytes()
    store = open_store(tmp_path)
    assert await store.read_all(blob) == data
    await store.settle()
    assert store.counts == {"copies_lost": 1, "copies_mended": 1}
    assert path.read_bytes() != damaged
    assert await store.read_all(blob) == data
    assert store.counts["copies_lost"] == 1
    await store.close()


@pytest.mark.parametrize("size", [1000, 500_000])
async def test_bytes_without_a_sound_copy_are_refused(tmp_path: Path, size: int) -> None:
    store = open_store(tmp_path)
    blob = await put(store, os.urandom(size))
    await store.close()
    for index in (0, 1):
        path, start = copy_path(tmp_path, blob, index)
        flip_bit(path, start + 100, 0)
    store = open_store(tmp_path)
    with pytest.raises(Internal):
        await get(store, blob)
    report = await store.scrub(each(blob), on_moved=unmoved)
    assert (report.checked, report.mended, report.lost) == (1, 0, [blob.id])
    await store.close()


async def test_a_lost_zone_comes_back_by_scrub_under_the_same_ids(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    kept = {}
    for number in range(40):
        data = random.Random(number).randbytes(number * 5000)
        kept[await put(store, data, key=str(number))] = data
    await store.close()
    for zone in ZONES:
        shutil.rmtree(tmp_path / "zones" / zone)
        store = open_store(tmp_path, seed=ord(zone[-1]))
        new = await put(store, b"written after the loss", copies=3)
        report = await store.scrub(each(*kept), on_moved=unmoved)
        assert (report.checked, report.lost, report.moved) == (40, [], 0)
        assert report.mended == sum(zone in blob.zones for blob in kept)
        assert await get(store, new) == b"written after the loss"
        await store.close()
    store = open_store(tmp_path, seed=9)
    for zone in ZONES:
        store.fail_zone(zone)
        for blob, data in kept.items():
            assert await get(store, blob) == data
        store.restore_zone(zone)
    assert store.counts == {}
    await store.close()


async def test_copies_missing_since_a_drill_are_made_by_scrub(store: DiskStore) -> None:
    store.fail_zone(ZONES[0])
    store.fail_zone(ZONES[1])
    lonely = [await put(store, os.urandom(size)) for size in (10, 100_000)]
    store.restore_zone(ZONES[0])
    store.restore_zone(ZONES[1])
    moved: dict[Blob, Blob] = {}

    async def on_moved(old: Blob, new: Blob) -> None:
        moved[old] = new

    report = await store.scrub(each(*lonely), on_moved=on_moved)
    assert report.moved == 2
    expected = [await get(store, blob) for blob in lonely]
    store.fail_zone(ZONES[2])
    assert [await get(store, moved[blob]) for blob in lonely] == expected


async def test_a_record_is_never_mended_over_another_blob(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    blob, other = await put(store, b"a" * 100), await put(store, b"b" * 100)
    address, stranger = parse_blob_id(blob.id), parse_blob_id(other.id)
    shared = next(zone for zone in blob.zones if zone in other.zones)
    places = [
        stranger.places[other.zones.index(zone)] if zone == shared else place
        for zone, place in zip(blob.zones, address.places, strict=True)
    ]
    text = f"s1.{address.uid.hex()}" + "".join(f".{n:x}-{o:x}" for n, o in places)
    wrong = Blob(id=text, size_bytes=100, zones=blob.zones)
    assert await get(store, wrong) == b"a" * 100
    whole = await store.repair(wrong)
    assert whole != wrong
    assert len(whole.zones) == 2
    for zone in ZONES:
        store.fail_zone(zone)
        assert await get(store, whole) == b"a" * 100
        assert await get(store, other) == b"b" * 100
        store.restore_zone(zone)
    await store.close()
