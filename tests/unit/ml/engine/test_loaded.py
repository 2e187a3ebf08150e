"""Which models are in memory: loaded once, the least used leave first, too large is refused."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest

from volano.ml.engine.loaded import (
    MODELS_MAX,
    LoadedModels,
    available_bytes,
    resident_bytes,
)
from volano.ml.engine.protocol import ModelRef
from volano.ml.errors import BadModel, BadRequest, OutOfMemory

if TYPE_CHECKING:
    from pathlib import Path


def ref(folder: Path, task: str = "generate") -> ModelRef:
    return ModelRef(name=folder.name, source=str(folder), task=task)


@pytest.fixture
def models(tmp_path: Path) -> LoadedModels:
    return LoadedModels(tmp_path / "cache", kv_bytes=2**22)


@pytest.fixture
def folders(tiny_folder: Path, tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"m{number}" for number in range(MODELS_MAX + 1)]
    for folder in made:
        shutil.copytree(tiny_folder, folder)
    return made


async def test_a_model_is_loaded_once_for_all_who_ask(models: LoadedModels, folders: list[Path]):
    both = await asyncio.gather(models.load(ref(folders[0])), models.load(ref(folders[0])))
    assert both[0] is both[1]


async def test_the_least_recently_used_leaves_first(models: LoadedModels, folders: list[Path]):
    for folder in folders[:MODELS_MAX]:
        await models.load(ref(folder))
    await models.load(ref(folders[0]))
    await models.load(ref(folders[MODELS_MAX]))
    names = [str(entry["name"]) for entry in models.status()]
    assert names == ["m2", "m3", "m0", "m4"]


async def test_a_model_larger_than_memory_is_refused_with_both_numbers(
    models: LoadedModels, folders: list[Path]
):
    await models.load(ref(folders[0]))
    with (folders[1] / "model.safetensors").open("r+b") as file:
        file.truncate(2**42)  # a sparse file: four tebibytes that take no room
    with pytest.raises(OutOfMemory, match=r"m1 needs about \d+\.\d GB of memory; \d+\.\d GB are"):
        await models.load(ref(folders[1]))
    # The attempt made all the room it could.
    assert models.status() == []
    assert await models.load(ref(folders[0]))


async def test_tasks_are_not_mixed_up(models: LoadedModels, folders: list[Path]):
    builtin = ModelRef(name="e", source="builtin:all-minilm-l6-v2", task="embed")
    assert (await models.embedder(builtin)).width == 384
    with pytest.raises(BadRequest, match="does not generate text"):
        await models.generator(builtin)
    with pytest.raises(BadRequest, match="does not make embeddings"):
        await models.embedder(ref(folders[0]))
    with pytest.raises(BadRequest, match="generate or embed"):
        await models.load(ref(folders[0], task="paint"))
    assert models.status()[0] == {
        "name": "e",
        "task": "embed",
        "size_bytes": 90868376,
        "pinned": False,
    }


async def test_unload_and_missing_files(models: LoadedModels, folders: list[Path]):
    await models.load(ref(folders[0]))
    assert models.unload("m0")
    assert not models.unload("m0")
    shutil.rmtree(folders[0])
    with pytest.raises(BadModel, match="m0 are not there"):
        await models.load(ref(folders[0]))


def test_memory_is_read_from_the_system():
    available = available_bytes()
    assert available is not None
    assert available > 2**20
    assert resident_bytes() > 2**20
