"""kill -9 in the middle of everything: what was acknowledged is there in all its zones."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from tests.unit.backends.bytes.stores import get, open_store

from volano.kernel.bytes import Blob

ROOT = Path(__file__).parents[4]
ROUNDS = 6
SEED = int(os.environ.get("VOLANO_FAULT_SEED", "20"))


def run_until_killed(folder: Path, seed: int, lines: int) -> list[list[str]]:
    """What a writing process said before it was killed, after at least so many lines."""
    command = [sys.executable, "-m", "tests.unit.backends.bytes.kill_child", str(folder), str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(lines)]
        child.send_signal(signal.SIGKILL)
        said += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL, child.returncode
    return [line.decode().split() for line in said if line.endswith(b"\n")]


async def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    print("seed", SEED)
    choose = random.Random(SEED)
    kept: dict[str, tuple[Blob, int]] = {}
    for number in range(ROUNDS):
        for words in run_until_killed(tmp_path, SEED + number, choose.randrange(5, 400)):
            if words[0] == "del":
                kept.pop(words[1], None)
            else:
                seed, size, zones, blob_id = words[1:]
                blob = Blob(id=blob_id, size_bytes=int(size), zones=tuple(zones.split(",")))
                kept[blob_id] = (blob, int(seed))
        store = open_store(tmp_path, seed=1000 + SEED + number)
        for blob, data_seed in kept.values():
            assert await get(store, blob) == random.Random(data_seed).randbytes(blob.size_bytes)
            assert await store.repair(blob, copies=len(blob.zones)) == blob
        assert store.counts == {}
        assert list(tmp_path.glob("zones/*/tmp/*")) == []
        await store.close()
    assert len(kept) > 20
