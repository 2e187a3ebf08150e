"""Which models are in memory: loaded once, the least used parked first, busy ones take turns."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import weakref
from typing import TYPE_CHECKING

import numpy as np
import pytest

from volano.ml.engine.compute import Compute
from volano.ml.engine.loaded import (
    LoadedModels,
    PoolLimits,
    available_bytes,
    resident_bytes,
)
from volano.ml.engine.parking import ParkedWeights
from volano.ml.engine.prepare import prepare
from volano.ml.engine.protocol import Generate, ModelRef
from volano.ml.errors import BadModel, BadRequest, EngineError, OutOfMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from volano.ml.engine.sequence import Output

    MakePool = Callable[..., LoadedModels]

MODELS = 4


def ref(folder: Path, task: str = "generate") -> ModelRef:
    return ModelRef(name=folder.name, source=str(folder), task=task)


@pytest.fixture
def compute() -> Iterator[Compute]:
    made = Compute()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def make_pool(tmp_path: Path, compute: Compute) -> MakePool:
    def make(**limits: float) -> LoadedModels:
        return LoadedModels(tmp_path, compute, PoolLimits(kv_bytes=2**22, **limits))  # type: ignore[arg-type]

    return make


@pytest.fixture
def folders(tiny_folder: Path, tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"m{number}" for number in range(MODELS)]
    for folder in made:
        shutil.copytree(tiny_folder, folder)
    return made


async def size_of(pool: LoadedModels, folder: Path) -> int:
    return (await pool.load(ref(folder))).size_bytes


async def answer(
    pool: LoadedModels, compute: Compute, folder: Path, *, tokens: int = 8
) -> list[int]:
    """Greedy tokens of a request that does not end by itself."""
    wanted = Generate(
        id="r", model=ref(folder), prompt=f"A bucket in {folder.name}", max_tokens=tokens,
        temperature=0.0, ignore_eos=True,
    )  # fmt: skip
    async with pool.generator(ref(folder)) as generator:
        (sequence,) = prepare(generator, wanted)
        sequence.id = f"{folder.name}-{id(sequence)}"
        loop = asyncio.get_running_loop()
        items: asyncio.Queue[Output | EngineError] = asyncio.Queue()
        compute.generate(
            generator.engine,
            sequence,
            lambda item: loop.call_soon_threadsafe(items.put_nowait, item),
        )
        try:
            while True:
                item = await items.get()
                if isinstance(item, EngineError):
                    raise item
                if item.is_last:
                    return sequence.tokens[sequence.prompt_tokens :]
        finally:
            compute.abort(generator.engine, sequence)


def tiers(pool: LoadedModels) -> dict[str, str]:
    return {str(entry["name"]): str(entry["tier"]) for entry in pool.status()}


async def test_a_model_is_loaded_once_for_all_who_ask(make_pool, folders):
    pool = make_pool()
    both = await asyncio.gather(pool.load(ref(folders[0])), pool.load(ref(folders[0])))
    assert both[0] is both[1]


async def test_the_least_recently_used_leaves_first_and_comes_back_the_same(
    make_pool, compute, folders
):
    one = await size_of(make_pool(), folders[0])
    pool = make_pool(weight_bytes=2 * one + one // 2)
    first = await answer(pool, compute, folders[0])
    second = await answer(pool, compute, folders[1])
    await answer(pool, compute, folders[0])
    await answer(pool, compute, folders[2])
    assert tiers(pool) == {"m0": "resident", "m1": "host", "m2": "resident"}
    assert await answer(pool, compute, folders[1]) == second
    assert await answer(pool, compute, folders[0]) == first
    assert pool.switches


async def test_busy_models_take_turns_when_only_one_fits(make_pool, compute, folders, monkeypatch):
    # Turns as short as they can be: a slow machine's would outlast the answers.
    monkeypatch.setattr("volano.ml.engine.loaded.SWITCHES_WORTH", 0)
    one = await size_of(make_pool(), folders[0])
    plenty = make_pool()
    alone = [await answer(plenty, compute, folder, tokens=300) for folder in folders[:3]]
    tight = make_pool(weight_bytes=one + one // 2, resident_s_min=0.01)
    answers = [answer(tight, compute, folder, tokens=300) for folder in folders[:3]]
    assert await asyncio.gather(*answers) == alone
    assert tight.pauses > 0
    async with asyncio.timeout(60):  # the one that was put out last may be on its way back
        while list(tiers(tight).values()).count("resident") != 1:
            await asyncio.sleep(0.01)


async def test_who_leaves_while_weights_move_leaves_them_whole(make_pool, compute, folders):
    one = await size_of(make_pool(), folders[0])
    pool = make_pool(weight_bytes=one + one // 2)
    first = await answer(pool, compute, folders[0])
    for _ in range(10):
        # Cancelled at every stage of parking one model and bringing the other back.
        for folder in folders[:2]:
            leaving = asyncio.create_task(answer(pool, compute, folder))
            for _ in range(random.Random(folder.name).randrange(1, 6)):
                await asyncio.sleep(0)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
    assert await answer(pool, compute, folders[0]) == first


async def test_what_cannot_be_parked_stays_in_memory(compute, folders, tmp_path):
    one = await size_of(LoadedModels(tmp_path, compute, PoolLimits(kv_bytes=2**22)), folders[0])
    cache = tmp_path / "cache"
    limits = PoolLimits(kv_bytes=2**22, weight_bytes=one + one // 2)
    pool = LoadedModels(cache, compute, limits)
    first = await answer(pool, compute, folders[0])
    with pytest.raises(OutOfMemory, match="no room on disk"):  # the disk is not there at all
        await answer(pool, compute, folders[1])
    assert tiers(pool) == {"m0": "resident"}
    assert await answer(pool, compute, folders[0]) == first
    cache.mkdir()
    await answer(pool, compute, folders[1])
    assert tiers(pool) == {"m0": "host", "m1": "resident"}
    assert await answer(pool, compute, folders[0]) == first


async def test_a_pinned_model_stays_and_its_neighbours_leave(make_pool, compute, folders):
    one = await size_of(make_pool(), folders[0])
    pool = make_pool(weight_bytes=2 * one + one // 2)
    pool.pin("m0", pinned=True)
    for folder in folders[:3]:
        await answer(pool, compute, folder)
    assert tiers(pool)["m0"] == "resident"
    assert pool.status()[0]["pinned"] is True
    pool.pin("m2", pinned=True)
    with pytest.raises(OutOfMemory, match="m3 needs about"):
        await pool.load(ref(folders[3]))
    pool.pin("m2", pinned=False)
    await pool.load(ref(folders[3]))


async def test_a_model_larger_than_the_limit_is_refused_with_both_numbers(make_pool, folders):
    pool = make_pool(weight_bytes=1000)
    with pytest.raises(OutOfMemory, match=r"m0 needs about \d+\.\d GB of memory; \d+\.\d GB are"):
        await pool.load(ref(folders[0]))
    assert pool.status() == []


async def test_a_model_larger_than_the_machine_is_refused(make_pool, folders):
    pool = make_pool()
    with (folders[1] / "model.safetensors").open("r+b") as file:
        file.truncate(2**42)  # a sparse file: four tebibytes that take no room
    with pytest.raises(OutOfMemory, match="m1 needs about"):
        await pool.load(ref(folders[1]))


@pytest.mark.parametrize("keep", [0, 7, 100, 100_000])
async def test_weights_that_are_cut_short_are_refused(make_pool, compute, folders, keep: int):
    pool = make_pool()
    with (folders[0] / "model.safetensors").open("r+b") as file:
        file.truncate(keep)
    with pytest.raises(BadModel):
        await pool.load(ref(folders[0]))
    # The others are served as before.
    assert len(await answer(pool, compute, folders[1])) == 8


async def test_weights_of_another_shape_are_refused(make_pool, folders):
    config = json.loads((folders[0] / "config.json").read_text())
    config["intermediate_size"] += 32
    (folders[0] / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadModel):
        await make_pool().load(ref(folders[0]))


async def test_tasks_are_not_mixed_up(make_pool, folders):
    pool = make_pool()
    builtin = ModelRef(name="e", source="builtin:all-minilm-l6-v2", task="embed")
    async with pool.embedder(builtin) as embedder:
        assert embedder.width == 384
    with pytest.raises(BadRequest, match="does not generate text"):
        async with pool.generator(builtin):
            pass
    with pytest.raises(BadRequest, match="does not make embeddings"):
        async with pool.embedder(ref(folders[0])):
            pass
    with pytest.raises(BadRequest, match="generate or embed"):
        await pool.load(ref(folders[0], task="paint"))
    assert pool.status()[0]["task"] == "embed"


async def test_unload_and_missing_files(make_pool, folders):
    pool = make_pool()
    await pool.load(ref(folders[0]))
    assert pool.unload("m0")
    assert not pool.unload("m0")
    shutil.rmtree(folders[0])
    with pytest.raises(BadModel, match="m0 are not there"):
        await pool.load(ref(folders[0]))


async def test_an_unloaded_model_is_out_of_memory_though_nothing_else_is_asked(
    make_pool, compute, folders
):
    pool = make_pool()
    await answer(pool, compute, folders[0])
    async with pool.generator(ref(folders[0])) as generator:
        kept = weakref.ref(generator.engine)
    del generator
    assert pool.unload("m0")
    async with asyncio.timeout(60):  # the computing thread has yet to hear of it
        while kept() is not None:
            await asyncio.sleep(0.01)


def test_parked_weights_give_their_memory_back_and_return(tmp_path: Path):
    arena = np.random.default_rng(1).integers(0, 256, 40_000_000, dtype=np.uint8)
    expected = arena.copy()
    parked = ParkedWeights(arena, tmp_path)
    for _ in range(2):
        parked.park()
        assert not arena[10_000:-10_000].any()
        parked.restore()
        assert (arena == expected).all()
    assert list(tmp_path.iterdir()) == []
    parked.close()
    parked.close()


def test_memory_is_read_from_the_system():
    available = available_bytes()
    assert available is not None
    assert available > 2**20
    assert resident_bytes() > 2**20


async def test_weights_of_many_arrays_are_forgotten_and_read_again(make_pool, compute, folders):
    """NumPy's float32 weights cannot be parked; what a model says stays the same."""
    one = await size_of(make_pool(form="f32"), folders[0])
    pool = make_pool(weight_bytes=one + one // 2, form="f32")
    first = await answer(pool, compute, folders[0])
    await answer(pool, compute, folders[1])
    assert tiers(pool) == {"m1": "resident"}
    assert await answer(pool, compute, folders[0]) == first
    assert pool.switches == []
