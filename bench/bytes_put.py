"""Durable puts of the disk store against the raw disk, in the same run.

Run: `python bench/bytes_put.py [FOLDER]`. Small: 4 KiB blobs per second by 1, 64 and 256 writers,
against append + fdatasync with as many records per sync. Big: MB/s of one 256 MiB blob against
write + fdatasync. Read: microseconds of a cached 4 KiB blob against pread. Raw and store take
turns, the best of each counts; ratios are what to look at. One and two copies share one disk here.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from volano.backends.bytes.disk import DiskStore, open_disk
from volano.kernel.clock import SystemClock
from volano.kernel.ids import Ids
from volano.kernel.log import StreamLog
from volano.kernel.place import region_with_zones

if TYPE_CHECKING:
    from volano.kernel.bytes import Blob

ROUNDS = 3
SMALL = os.urandom(4096)
RECORD_BYTES = 4096 + 48
BIG_BYTES = 256 * 1024 * 1024
PIECE = os.urandom(1024 * 1024)
SWITCH_INTERVAL_S = 0.0005
"""As `volano up` sets it: a committer that has synced should not wait 5 ms for the interpreter."""


def raw_small(folder: Path, batch: int, copies: int) -> float:
    """Records per second of `copies` files appended and synced side by side."""
    rounds = max(20, 6000 // batch // 4)
    data = bytes(RECORD_BYTES) * batch

    def append(number: int) -> None:
        path = folder / f"raw-{number}"
        with path.open("wb", buffering=0) as file:
            for _ in range(rounds):
                file.write(data)
                os.fdatasync(file.fileno())
        path.unlink()

    with ThreadPoolExecutor(copies) as pool:
        began = time.perf_counter()
        list(pool.map(append, range(copies)))
        return rounds * batch / (time.perf_counter() - began)


async def store_small(store: DiskStore, writers: int, copies: int) -> tuple[float, float]:
    """Blobs per second, and microseconds of CPU for each."""
    total = 300 if writers == 1 else 8000
    numbers = iter(range(total))

    async def worker() -> None:
        for number in numbers:
            async with store.writer(copies=copies, size_hint=4096, key=str(number)) as writer:
                await writer.write(SMALL)
                await writer.commit()

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(writers)))
    taken = time.perf_counter() - began
    return total / taken, (time.process_time() - cpu) / total * 1e6


def raw_big(folder: Path) -> float:
    path = folder / "raw-big"
    began = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        for _ in range(BIG_BYTES // len(PIECE)):
            file.write(PIECE)
        os.fdatasync(file.fileno())
    taken = time.perf_counter() - began
    path.unlink()
    return BIG_BYTES / taken / 1e6


async def store_big(store: DiskStore, copies: int) -> tuple[float, Blob]:
    began = time.perf_counter()
    async with store.writer(copies=copies, size_hint=BIG_BYTES) as writer:
        for _ in range(BIG_BYTES // len(PIECE)):
            await writer.write(PIECE)
        blob = await writer.commit()
    return BIG_BYTES / (time.perf_counter() - began) / 1e6, blob


async def store_big_read(store: DiskStore, blob: Blob) -> float:
    began = time.perf_counter()
    async for _ in store.read(blob):
        pass
    return BIG_BYTES / (time.perf_counter() - began) / 1e6


async def store_small_read(store: DiskStore) -> float:
    async with store.writer() as writer:
        await writer.write(SMALL)
        blob = await writer.commit()
    began = time.perf_counter()
    for _ in range(20_000):
        await store.read_all(blob)
    return (time.perf_counter() - began) / 20_000 * 1e6


def raw_small_read(folder: Path) -> float:
    path = folder / "raw-read"
    path.write_bytes(SMALL)
    fd = os.open(path, os.O_RDONLY)
    began = time.perf_counter()
    for _ in range(20_000):
        os.pread(fd, 4096, 0)
    taken = time.perf_counter() - began
    os.close(fd)
    return taken / 20_000 * 1e6


def report(name: str, got: float, raw: float, unit: str, note: str = "") -> None:
    print(f"{name:38} {got:10.1f} {unit:7} raw {raw:10.1f}   ratio {got / raw:5.2f}   {note}")


async def main(folder: Path) -> None:
    clock = SystemClock()
    store = open_disk(
        folder / "store", region_with_zones("bench-1", 3).zones, StreamLog(clock), clock, Ids()
    )
    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    for copies in (1, 2):
        for writers in (1, 64, 256):
            raws, gots = [], []
            for _ in range(ROUNDS):
                raws.append(await asyncio.to_thread(raw_small, folder, writers, copies))
                gots.append(await store_small(store, writers, copies))
            rate, cpu_us = max(gots)
            name = f"put 4 KiB, {writers} writers, {copies} copies"
            report(name, rate, max(raws), "/s", f"{cpu_us:.0f} us CPU each")
    for copies in (1, 2):
        raws, rates, reads = [], [], []
        for _ in range(ROUNDS):
            raws.append(await asyncio.to_thread(raw_big, folder))
            rate, blob = await store_big(store, copies)
            rates.append(rate)
            reads.append(await store_big_read(store, blob))
            await store.delete([blob])
        report(f"put 256 MiB, {copies} copies", max(rates), max(raws), "MB/s")
        print(f"{'read 256 MiB, compared':38} {max(reads):10.1f} MB/s")
    got, raw = await store_small_read(store), raw_small_read(folder)
    report("read 4 KiB, cached", got, raw, "us")
    await store.close()


if __name__ == "__main__":
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    parent = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(dir=parent) as name:
        asyncio.run(main(Path(name)))
