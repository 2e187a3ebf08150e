"""Models for the engine's tests: the built-in tiny one, and two with purely random weights."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from volano.ml.engine.generator import Generator
from volano.ml.engine.scheduler import Limits
from volano.ml.models.tiny import make_tiny_model, random_weights
from volano.ml.models.weights import write_safetensors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeGenerator = Callable[..., Generator]


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    make_tiny_model(folder)
    return folder


@pytest.fixture(scope="session", params=["tied", "untied"])
def random_folder(
    request: pytest.FixtureRequest, tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Random weights large enough that every layer and the whole context shape the output."""
    folder = tmp_path_factory.mktemp("models") / f"random-{request.param}"
    make_tiny_model(folder)
    generator = np.random.Generator(np.random.Philox(key=7))
    tensors = dict(random_weights(generator, 0.15))
    if request.param == "untied":
        shape = tensors["model.embed_tokens.weight"].shape
        tensors["lm_head.weight"] = generator.standard_normal(shape).astype(np.float32) * 0.15
        config = json.loads((folder / "config.json").read_text())
        config["tie_word_embeddings"] = False
        (folder / "config.json").write_text(json.dumps(config))
    write_safetensors(folder / "model.safetensors", tensors, {"format": "pt"})
    return folder


@pytest.fixture
def make_generator(tiny_folder: Path) -> MakeGenerator:
    def make(folder: Path | None = None, *, kv_bytes: int = 2**26, **limits: int) -> Generator:
        return Generator(folder or tiny_folder, kv_bytes=kv_bytes, limits=Limits(**limits))

    return make
