"""Fills a disk with blobs in a process of its own: FOLDER small|big [--limit].

Prints how it was refused; fails when an acknowledged blob is lost or a refused one left anything.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from pathlib import Path

from tests.unit.backends.bytes.stores import get, open_store, put

from volano.kernel.bytes import Blob
from volano.kernel.clock import ManualClock
from volano.kernel.errors import Unavailable


async def main(folder: Path, size: int, limit: int) -> None:
    clock = ManualClock()
    store = open_store(folder, clock=clock)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    kept: dict[Blob, bytes] = {}
    refused = 0
    while refused < 5 and len(kept) < 400:
        data = os.urandom(size)
        try:
            kept[await put(store, data)] = data
        except Unavailable as error:
            print("refused", error.wire_code)
            refused += 1
            clock.advance(10)
            assert list(folder.glob("zones/*/tmp/*")) == []
    for blob, data in kept.items():
        assert await get(store, blob) == data
    victims = list(kept)[: len(kept) // 2]
    await store.delete(victims)
    clock.advance(10)
    if not limit:
        # No room to copy what lives: the dead records' own space must come back all the same.
        await store.compact()
        for _ in range(max(1, len(victims) // 2)):
            data = os.urandom(size)
            kept[await put(store, data)] = data
    await store.close()
    store = open_store(folder, seed=2)
    for blob in kept.keys() - set(victims):
        assert await get(store, blob) == kept[blob]
    assert len((await put(store, b"room again")).zones) >= 1
    print("kept", len(kept))
    await store.close()


if __name__ == "__main__":
    sizes = {"small": 40_000, "big": 700_000}
    limits = {"small": 2_000_000, "big": 600_000}
    kind = sys.argv[2]
    asyncio.run(main(Path(sys.argv[1]), sizes[kind], limits[kind] if "--limit" in sys.argv else 0))
