"""Writes and deletes blobs as fast as it can until it is killed: FOLDER SEED.

Says on standard output, one line at a time, what it was told: `put SEED SIZE ZONES ID` after an
acknowledgement, `del ID` before it asks for a deletion.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

from tests.unit.backends.bytes.stores import open_store, put

from volano.backends.bytes import segments
from volano.kernel.bytes import Blob

SIZES = (0, 100, 4096, 4096, 65_536, 65_537, 1_000_000)


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def main(folder: Path, seed: int) -> None:
    segments.SEGMENT_BYTES = 2_000_000  # so that some are sealed and compacted
    store = open_store(folder, seed=seed)

    async def worker(number: int) -> None:
        choose = random.Random(f"{seed}/{number}")
        mine: list[Blob] = []
        while True:
            data_seed, size = choose.getrandbits(60), choose.choice(SIZES)
            data = random.Random(data_seed).randbytes(size)
            blob = await put(store, data, copies=choose.choice((1, 2, 3)), key=str(data_seed))
            say("put", data_seed, size, ",".join(blob.zones), blob.id)
            mine.append(blob)
            if choose.random() < 0.6:
                victim = mine.pop(choose.randrange(len(mine)))
                say("del", victim.id)
                await store.delete([victim])
            if choose.random() < 0.05:
                await store.compact()

    await asyncio.gather(*(worker(number) for number in range(8)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
