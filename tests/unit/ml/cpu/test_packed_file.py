"""Weights kept packed: the same bits as packing gives, never those of another model."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from volano.ml.cpu.packed_file import packed_path
from volano.ml.errors import BadModel, BadRequest
from volano.ml.load import load_decoder, quantise
from volano.ml.models.tiny import make_tiny_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "model")


@pytest.mark.parametrize("form", ["bf16", "int8", "int4"])
def test_kept_weights_are_the_packed_ones(folder: Path, form: str):
    packed = load_decoder(folder, context_tokens=64, form=form)
    path = quantise(folder, form)
    assert path == packed_path(folder, form)
    assert [each.name for each in folder.glob(".packed-*")] == []
    kept = load_decoder(folder, context_tokens=64, form=form)
    assert np.array_equal(kept.arena, packed.arena)
    assert quantise(folder, form) == path


def test_weights_of_another_model_are_left_aside(folder: Path):
    quantise(folder, "int8")
    make_tiny_model(folder.parent / "other", seed=1)
    shutil.copy(folder.parent / "other" / "model.safetensors", folder)
    found = load_decoder(folder, context_tokens=64, form="int8")
    wanted = load_decoder(folder.parent / "other", context_tokens=64, form="int8")
    assert np.array_equal(found.arena, wanted.arena)


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "head"])
def test_a_damaged_file_is_refused_by_name(folder: Path, damage: str):
    path = quantise(folder, "int8")
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[-100] ^= 1
    elif damage == "head":
        content[20] = 0xFF
    else:
        content = content[: -64 if damage == "cut" else 0]
    path.write_bytes(content)
    with pytest.raises(BadModel, match=r"volano-int8\.packed is damaged"):
        load_decoder(folder, context_tokens=64, form="int8")


def test_exact_floats_are_not_kept(folder: Path):
    with pytest.raises(BadRequest, match="bf16, int8 or int4"):
        quantise(folder, "f32")
