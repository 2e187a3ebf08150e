"""Every family on the compiled kernels against NumPy, on this processor's and portable kernels."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.ml.random_models import BLOCK_SIZE, CONFIGS, RandomTensors, make_batch

from volano.ml.cpu.decoder import CpuDecoder
from volano.ml.cpu.kernels import pool
from volano.ml.cpu.machine import Target, native_target, portable_target
from volano.ml.models.numpy_decoder import NumpyDecoder

TARGETS = {"native": native_target, "portable": portable_target}
STEPS = [
    make_batch([(0, 70), (0, 1), (0, 33)], seed=1),
    make_batch([(70, 1), (1, 40), (33, 5)], seed=2),
    make_batch([(71, 1), (41, 1), (38, 1)], seed=3),
]


def run(decoder: CpuDecoder | NumpyDecoder) -> np.ndarray:
    cache = decoder.new_cache(blocks=40, block_size=BLOCK_SIZE)
    return np.concatenate([decoder.forward(batch, cache).copy() for batch in STEPS])


def make(name: str, form: str = "bf16", target: Target | None = None) -> CpuDecoder:
    return CpuDecoder(CONFIGS[name], RandomTensors(), max_positions=256, form=form, target=target)


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    return {
        name: run(NumpyDecoder(config, RandomTensors(), max_positions=256))
        for name, config in CONFIGS.items()
    }


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", CONFIGS)
def test_bfloat16_logits_equal_numpys_within_its_precision(expected, name: str, target: str):
    logits = run(make(name, target=TARGETS[target]()))
    assert cosine(logits, expected[name]) > 0.9995
    best = expected[name].max(axis=1)
    picked = np.take_along_axis(expected[name], logits.argmax(axis=1)[:, None], axis=1)[:, 0]
    # The token chosen is the best one, or as good within what rounding moves a logit by.
    assert np.all(best - picked <= 6 * np.std(logits - expected[name]) + 1e-6)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("form", "likeness"), [("int8", 0.995), ("int4", 0.8)])
def test_quantised_logits_stay_near(expected, form: str, likeness: float, target: str):
    logits = run(make("qwen3", form, TARGETS[target]()))
    assert cosine(logits, expected["qwen3"]) > likeness


@pytest.mark.parametrize("form", ["bf16", "int8", "int4"])
def test_a_prompt_in_chunks_gives_the_very_same_bits(form: str):
    decoder = make("gemma", form)
    whole = make_batch([(0, 90)], seed=4)
    cache = decoder.new_cache(blocks=12, block_size=BLOCK_SIZE)
    at_once = decoder.forward(whole, cache)[-1].copy()
    cache = decoder.new_cache(blocks=12, block_size=BLOCK_SIZE)
    done = 0
    for count in (1, 16, 7, 65, 1):
        part = make_batch([(done, count)])
        ids = whole.token_ids[done : done + count]
        logits = decoder.forward(with_tokens(part, ids), cache)
        done += count
    assert np.array_equal(logits[-1], at_once)


def test_batch_mates_and_threads_change_no_bit():
    decoder = make("qwen3")
    cache = decoder.new_cache(blocks=40, block_size=BLOCK_SIZE)
    together = decoder.forward(STEPS[0], cache).copy()
    before = pool().threads
    try:
        for threads in (1, 3):
            pool().threads = threads
            alone = decoder.forward(
                with_tokens(make_batch([(0, 70)]), STEPS[0].token_ids[:70]), cache
            )
            assert np.array_equal(alone, together[:70])
    finally:
        pool().threads = before


def test_blocks_can_be_copied_taken_out_and_put_back():
    decoder = make("qwen3")
    cache = decoder.new_cache(blocks=4, block_size=BLOCK_SIZE)
    decoder.forward(make_batch([(0, 3)]), decoder.new_cache(blocks=12, block_size=BLOCK_SIZE))
    cache.data[:] = np.random.default_rng(0).integers(0, 256, cache.data.shape)
    second = cache.read_block(1)
    cache.copy_block(1, 3)
    cache.write_block(0, second)
    assert cache.read_block(3) == cache.read_block(0) == second
    assert len(second) * 4 == cache.size_bytes
    assert len(second) == decoder.kv_bytes_per_token() * BLOCK_SIZE


def with_tokens(batch, token_ids):
    return type(batch)(
        token_ids=token_ids,
        positions=batch.positions,
        slots=batch.slots,
        sequences=batch.sequences,
        logit_rows=batch.logit_rows,
    )


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b))
