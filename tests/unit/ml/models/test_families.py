"""Every decoder family against transformers.

`transformers_logits.json` holds config.json files as transformers 5.23 writes them and the logits
that it computed once, in float32 with torch 2.13, from weights made by `RandomTensors`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.unit.ml.random_models import BLOCK_SIZE, RandomTensors, make_batch

from volano.ml.cpu.decoder import CpuDecoder
from volano.ml.models.configs import ConfigFile
from volano.ml.models.families import DECODER_FAMILIES, parse_decoder
from volano.ml.models.numpy_decoder import NumpyDecoder

RECORDED = json.loads((Path(__file__).parent / "transformers_logits.json").read_text())
TOKENS = [(index * 37 + 11) % 256 for index in range(60)]


def logits_of(family: str, kind: type[NumpyDecoder] | type[CpuDecoder]) -> np.ndarray:
    config = parse_decoder(ConfigFile.of(RECORDED[family]["config"]))
    decoder = kind(config, RandomTensors(), max_positions=128)
    cache = decoder.new_cache(blocks=12, block_size=BLOCK_SIZE)
    batch = make_batch([(0, len(TOKENS))])
    batch.token_ids[:] = TOKENS
    return decoder.forward(batch, cache).copy()


def test_every_family_is_recorded():
    assert set(RECORDED) | {"gemma3"} == set(DECODER_FAMILIES)


@pytest.mark.parametrize("family", RECORDED)
def test_numpy_gives_transformers_logits_and_tokens(family: str):
    logits = logits_of(family, NumpyDecoder)
    recorded = np.array(RECORDED[family]["logits"])
    assert np.max(np.abs(logits[[0, 30, 59], ::32] - recorded)) < 1e-3
    assert logits.argmax(axis=1).tolist() == RECORDED[family]["best"]


@pytest.mark.parametrize("family", RECORDED)
def test_kernels_choose_transformers_tokens_within_ties(family: str):
    logits = logits_of(family, CpuDecoder)
    exact = logits_of(family, NumpyDecoder)
    rows = np.arange(len(TOKENS))
    lost = exact[rows, RECORDED[family]["best"]] - exact[rows, logits.argmax(axis=1)]
    # A router's choice may flip on a tie, and then one token in a hundred differs by more.
    assert np.quantile(lost, 0.98) <= 6 * np.std(logits - exact)
    assert np.mean(logits.argmax(axis=1) == RECORDED[family]["best"]) >= 0.9
