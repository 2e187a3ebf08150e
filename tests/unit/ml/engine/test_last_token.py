"""Embedding with decoders."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from volano.ml.engine.embedder import Embedder
from volano.ml.errors import BadModel, BadRequest
from volano.ml.models import whole_rows

if TYPE_CHECKING:
    from pathlib import Path

FORMS = ("f32", "bf16", "int8")


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    made = tmp_path / "model"
    shutil.copytree(tiny_folder, made)
    (made / "1_Pooling").mkdir()
    (made / "1_Pooling" / "config.json").write_text('{"pooling_mode_lasttoken": true}')
    prompts = {"query": "Instruct: find\nQuery:", "document": ""}
    (made / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    return made


def vectors(embedder: Embedder, rows: list[list[int]]) -> np.ndarray:
    made = np.zeros((len(rows), embedder.width), dtype=np.float32)
    for indexes, found in embedder.embed(rows):
        made[indexes] = found
    return made


@pytest.mark.parametrize("form", FORMS)
def test_the_last_tokens_state_is_transformers(folder: Path, form: str):
    embedder = Embedder(folder, form=form)
    (vector,) = vectors(embedder, embedder.rows(["The shop is open."]))
    # transformers 5.23's AutoModel on the same folder, float32, divided by its length.
    recorded = [-0.0245, 0.0157, -0.0028, 0.0027, 0.0869, -0.124, -0.0359, 0.0079]
    assert vector[:8] == pytest.approx(recorded, abs=1e-4 if form == "f32" else 4e-3)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_steps_and_neighbours_do_not_matter(folder: Path, monkeypatch: pytest.MonkeyPatch):
    embedder = Embedder(folder, form="bf16")
    rows = embedder.rows([f"number {i} " * (1 + i % 13) for i in range(20)])
    together = vectors(embedder, rows)
    monkeypatch.setattr(whole_rows, "STEP_TOKENS", 7)
    assert np.array_equal(vectors(embedder, rows), together)


def test_a_query_gets_the_models_own_prompt(folder: Path):
    embedder = Embedder(folder)
    assert embedder.rows(["a"], prompt="query") == embedder.rows(["Instruct: find\nQuery:a"])
    with pytest.raises(BadRequest, match="'passage'; it has query, document"):
        embedder.rows(["a"], prompt="passage")


def test_a_decoder_needs_pooling_by_last_token(folder: Path):
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    with pytest.raises(BadModel, match="qwen3 with pooling by mean_tokens"):
        Embedder(folder)
