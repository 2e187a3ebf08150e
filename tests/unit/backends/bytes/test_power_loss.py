"""The power goes at any point, and un-synced writes with it: what was acknowledged is there."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest
from tests.unit.backends.bytes.power import RecordingOps, left_after
from tests.unit.backends.bytes.stores import get, open_store, put

from volano.backends.bytes import files
from volano.backends.bytes.disk_ops import DiskOps
from volano.kernel.bytes import Blob

FIRST_SEED = int(os.environ.get("VOLANO_FAULT_SEED", "1"))
CUTS = 60
SIZES = (0, 10, 3000, 20_000, 65_537, 150_000)


async def write_a_story(folder: Path, seed: int) -> RecordingOps:
    """Puts, deletes, compactions and mends, all recorded, with marks at each acknowledgement."""
    choose = random.Random(seed)
    ops = RecordingOps()
    store = open_store(folder, seed=seed, ops=ops)
    kept: dict[Blob, bytes] = {}
    for number in range(40):
        data = choose.randbytes(choose.choice(SIZES))
        blob = await put(store, data, copies=choose.choice((1, 2, 3)), key=str(number))
        kept[blob] = data
        ops.note("ack", (blob, data))
        if choose.random() < 0.4:
            victim = choose.choice(list(kept))
            ops.note("forget", victim)
            del kept[victim]
            await store.delete([victim])
        if choose.random() < 0.15:
            for zone in store._zones.values():
                zone.log.drop_active()
            await store.compact()
    await store.close()
    return ops


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 3))
async def test_power_loss_loses_nothing_that_was_acknowledged(tmp_path: Path, seed: int) -> None:
    print("seed", seed)
    root, target = tmp_path / "root", tmp_path / "left"
    root.mkdir()
    changes = (await write_a_story(root, seed)).changes
    choose = random.Random(seed)
    for cut in sorted(choose.sample(range(len(changes) + 1), CUTS)):
        kept: dict[Blob, bytes] = {}
        for change in changes[:cut]:
            if change.kind == "ack":
                kept.update([change.note])  # type: ignore[list-item]  # the story's own marks
            elif change.kind == "forget":
                kept.pop(change.note, None)  # type: ignore[call-overload]  # the same
        left_after(changes, cut, root, target, choose)
        store = open_store(target, seed=10_000 + cut)
        more = await put(store, b"life goes on", copies=3)
        for blob, data in kept.items():
            assert await get(store, blob) == data, (seed, cut, blob)
            assert await store.repair(blob, copies=len(blob.zones)) == blob
        assert await get(store, more) == b"life goes on"
        assert store.counts == {}, (seed, cut)
        await store.close()
        shutil.rmtree(target)


async def test_the_replay_notices_a_missing_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above is worth something: without the syncs of new files it fails."""
    monkeypatch.setattr(RecordingOps, "sync", lambda self, fd: None)
    assert await _losses(tmp_path) > 0


async def test_the_replay_notices_an_acknowledgement_before_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the file got its name only after the answer: the disk hears of it too late."""

    def rename_later(self: RecordingOps, source: Path, target: Path) -> None:
        DiskOps.rename(self, source, target)
        self._files[target] = self._files.pop(source)

    monkeypatch.setattr(RecordingOps, "rename", rename_later)
    assert await _losses(tmp_path) > 0


async def test_the_replay_loses_nothing_where_nothing_is_planted(tmp_path: Path) -> None:
    assert await _losses(tmp_path) == 0


async def _losses(tmp_path: Path) -> int:
    """How often, of ten power losses after its acknowledgement, a copy of a blob is gone."""
    lost = 0
    root = tmp_path / "root"
    root.mkdir()
    ops = RecordingOps()
    store = open_store(root, ops=ops)
    blob = await put(store, b"x" * (files.BLOCK_BYTES * 2))
    await store.close()
    for seed in range(10):
        left_after(ops.changes, len(ops.changes), root, tmp_path / str(seed), random.Random(seed))
        store = open_store(tmp_path / str(seed))
        sound, _ = await store._mender.check(blob)
        lost += len(sound) < 2
        await store.close()
    return lost
