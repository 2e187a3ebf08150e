"""A disk that refuses: real removed folders, real full file systems, real limits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.backends.bytes.stores import ZONES, get, open_store, put

from volano.kernel.clock import ManualClock
from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    from volano.backends.bytes.disk import DiskStore

ROOT = Path(__file__).parents[4]
FULL_DISK = "tests.unit.backends.bytes.full_disk"


@pytest.mark.parametrize("size", [4096, 3_000_000])
async def test_a_zone_that_is_removed_while_running_is_written_around(
    tmp_path: Path, size: int
) -> None:
    clock = ManualClock()
    store = open_store(tmp_path, clock=clock)
    kept = {}
    for number in range(4):
        data = os.urandom(size)
        kept[await put(store, data, key=str(number))] = data
    shutil.rmtree(tmp_path / "zones" / ZONES[0])
    for number in range(4):
        data = os.urandom(size)
        blob = await put(store, data, key=str(number))
        assert set(blob.zones) == set(ZONES[1:])
        kept[blob] = data
    for blob, data in kept.items():
        assert await get(store, blob) == data
    store.restore_zone(ZONES[0])
    clock.advance(10)
    blobs = [await put(store, os.urandom(size), key=str(number)) for number in range(6)]
    assert any(ZONES[0] in blob.zones for blob in blobs)
    await store.close()


async def test_a_zone_lost_in_the_middle_of_a_big_blob_is_replaced(
    store: DiskStore, tmp_path: Path
) -> None:
    data = os.urandom(5_000_000)
    async with store.writer(key="x") as writer:
        await writer.write(data[:3_000_000])
        victims = [zone for zone in ZONES if any((tmp_path / "zones" / zone / "tmp").iterdir())]
        assert len(victims) == 2
        shutil.rmtree(tmp_path / "zones" / victims[0])
        await writer.write(data[3_000_000:])
        blob = await writer.commit()
    assert set(blob.zones) == set(ZONES) - {victims[0]}
    store.fail_zone(victims[1])
    assert await get(store, blob) == data


async def test_when_every_zone_is_gone_the_write_is_refused_and_later_ones_recover(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    store = open_store(tmp_path, clock=clock)
    for zone in ZONES:
        shutil.rmtree(tmp_path / "zones" / zone)
    for size in (10, 500_000):
        with pytest.raises(Unavailable) as caught:
            await put(store, bytes(size))
        assert caught.value.wire_code == "SlowDown"
    for zone in ZONES:
        store.restore_zone(zone)
    clock.advance(10)
    assert await get(store, await put(store, b"again")) == b"again"
    await store.close()


async def test_space_is_left_for_the_database(tmp_path: Path) -> None:
    store = open_store(tmp_path, reserve_bytes=1 << 60)
    with pytest.raises(Unavailable) as caught:
        store.writer()
    assert caught.value.wire_code == "InsufficientStorage"
    await store.close()


@pytest.mark.parametrize("kind", ["small", "big"])
def test_a_full_disk_refuses_cleanly_and_keeps_reading(tmp_path: Path, kind: str) -> None:
    mount = f"mount -t tmpfs -o size=12m volano {tmp_path} && exec {sys.executable} -m {FULL_DISK}"
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", f"{mount} {tmp_path} {kind}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "refused InsufficientStorage" in done.stdout


@pytest.mark.parametrize("kind", ["small", "big"])
def test_a_file_size_limit_refuses_cleanly_and_keeps_reading(tmp_path: Path, kind: str) -> None:
    command = [sys.executable, "-m", FULL_DISK, str(tmp_path), kind, "--limit"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if kind == "big":
        assert "refused InsufficientStorage" in done.stdout
