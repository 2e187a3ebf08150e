"""Two stores behind one port: a blob lies where its id says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.backends.bytes.stores import get, open_store

from volano.backends.bytes.tiers import TieredStore, is_outside
from volano.kernel.bytes import EXTERNAL, Blob
from volano.kernel.clock import ManualClock
from volano.kernel.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio


async def _put(store: TieredStore, data: bytes, *, tier: str = "") -> Blob:
    async with store.writer(size_hint=len(data), key="k", tier=tier) as writer:
        await writer.write(data)
        return await writer.commit()


async def _each(*blobs: Blob) -> AsyncIterator[Blob]:
    for blob in blobs:
        yield blob


async def _unmoved(old: Blob, new: Blob) -> None:
    raise AssertionError(f"{old} moved to {new}")


async def test_blob_lies_where_its_tier_says_and_both_are_read_swept_and_deleted(
    tmp_path: Path,
) -> None:
    later = ManualClock(now_us=4_000_000_000_000_000)  # every file is old enough to be swept
    home = open_store(tmp_path / "home", clock=later)
    outside = open_store(tmp_path / "outside", clock=later, seed=2)
    store = TieredStore(home, outside)
    assert store.tiers == (EXTERNAL,)
    near, far = (
        await _put(store, b"near" * 50_000),
        await _put(store, b"far" * 50_000, tier=EXTERNAL),
    )
    lost = await _put(store, b"nobody names this" * 9000, tier=EXTERNAL)
    assert is_outside(far)
    assert not is_outside(near)
    assert far.id != lost.id

    assert await get(store, near) == b"near" * 50_000
    assert await get(store, far) == b"far" * 50_000
    assert await store.read_all(far, start=3, length=6) == b"farfar"
    assert await store.repair(far) == far
    report = await store.scrub(_each(near, far), on_moved=_unmoved)
    assert (report.checked, report.lost) == (1, [])

    assert await store.sweep(_each(near, far)) == 2
    assert await get(store, far) == b"far" * 50_000
    await store.delete([near, far])
    assert await store.sweep(_each()) == 0
    assert store.zones_up() == home.zones_up()
    assert store.used_bytes() == home.used_bytes()
    await store.close()


async def test_unknown_tier_is_refused(tmp_path: Path) -> None:
    home = open_store(tmp_path / "home")
    with pytest.raises(Invalid, match="no tier"):
        home.writer(tier=EXTERNAL)
    store = TieredStore(home, open_store(tmp_path / "outside"))
    with pytest.raises(Invalid, match="no tier"):
        store.writer(tier="glacier")
    await store.close()
