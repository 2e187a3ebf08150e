"""Every family on the card's code against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.ml.random_models import BLOCK_SIZE, CONFIGS, RandomTensors, make_batch

from volano.ml.gpu.decoder import GpuDecoder
from volano.ml.models.numpy_decoder import NumpyDecoder

STEPS = [
    make_batch([(0, 70), (0, 1), (0, 33)], seed=1),
    make_batch([(70, 1), (1, 40), (33, 5)], seed=2),
    make_batch([(71, 1), (41, 1), (38, 1)], seed=3),
]


def run(decoder) -> np.ndarray:
    cache = decoder.new_cache(blocks=40, block_size=BLOCK_SIZE)
    return np.concatenate([decoder.forward(batch, cache).copy() for batch in STEPS])


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    return {
        name: run(NumpyDecoder(config, RandomTensors(), max_positions=256))
        for name, config in CONFIGS.items()
    }


def make(name: str, card, *, exact: bool = True) -> GpuDecoder:
    return GpuDecoder(CONFIGS[name], RandomTensors(), card, max_positions=256, exact=exact)


@pytest.mark.parametrize("name", CONFIGS)
def test_float32_logits_equal_numpys(expected, card, name: str):
    found = run(make(name, card))
    assert np.abs(found - expected[name]).max() < 1e-4 * max(1.0, np.abs(expected[name]).max())
    assert np.array_equal(found.argmax(axis=1), expected[name].argmax(axis=1))
