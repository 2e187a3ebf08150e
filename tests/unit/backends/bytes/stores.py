"""What the tests of the byte stores share: a disk store over a temporary folder, and clients."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from volano.backends.bytes.disk import DiskStore, open_disk
from volano.kernel.clock import ManualClock
from volano.kernel.ids import seeded_ids
from volano.kernel.log import StreamLog
from volano.kernel.place import region_with_zones

if TYPE_CHECKING:
    from pathlib import Path

    from volano.backends.bytes.disk_ops import DiskOps
    from volano.kernel.bytes import Blob, ByteStore

ZONES = region_with_zones("eu-home-1", 3).zones


def open_store(
    folder: Path,
    *,
    seed: int = 1,
    zones: int = 3,
    ops: DiskOps | None = None,
    clock: ManualClock | None = None,
    reserve_bytes: int = 0,
) -> DiskStore:
    clock = clock or ManualClock()
    return open_disk(
        folder,
        ZONES[:zones],
        StreamLog(clock, stream=io.StringIO()),
        clock,
        seeded_ids(seed),
        ops=ops,
        reserve_bytes=reserve_bytes,
    )


async def put(
    store: ByteStore, data: bytes, *, copies: int = 2, key: str = "", chunk: int = 300_000
) -> Blob:
    async with store.writer(copies=copies, key=key) as writer:
        for at in range(0, len(data), chunk):
            await writer.write(data[at : at + chunk])
        return await writer.commit()


async def get(store: ByteStore, blob: Blob, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.read(blob, start=start, length=length)])
