"""Every family on the compiled kernels against NumPy, on this processor's and portable kernels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.ml.random_models import BLOCK_SIZE, CONFIGS, RandomTensors, make_batch

from volano.ml.cpu.decoder import CpuDecoder
from volano.ml.cpu.kernels import pool
from volano.ml.cpu.machine import Target, native_target, portable_target
from volano.ml.errors import BadModel
from volano.ml.models.batch import Adapter, Batch
from volano.ml.models.decoder import DecoderConfig
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


def with_tokens(batch: Batch, token_ids: np.ndarray) -> Batch:
    return replace(batch, token_ids=token_ids)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.parametrize("form", ["bf16", "int8"])
def test_each_token_gets_its_own_adapter(form: str):
    config = CONFIGS["qwen3"]
    exact = NumpyDecoder(config, RandomTensors(), max_positions=256)
    decoder = make("qwen3", form)
    for slot, rank in ((0, 4), (3, 9)):
        for each in (exact, decoder):
            each.set_adapter(slot, random_adapter(config, rank))
    batch = replace(STEPS[0], adapters=np.repeat([3, -1, 0], [70, 1, 33]))
    found, wanted = (one_step(each, batch) for each in (decoder, exact))
    assert cosine(found, wanted) > (0.9995 if form == "bf16" else 0.995)
    plain = one_step(exact, STEPS[0])
    assert cosine(wanted[:70], plain[:70]) < 0.9
    assert np.array_equal(wanted[70], plain[70])
    decoder.set_adapter(3, None)
    assert np.array_equal(one_step(decoder, batch)[:71], one_step(make("qwen3", form), batch)[:71])


def test_an_adapter_that_does_not_fit_is_refused_and_changes_nothing():
    decoder = make("qwen3")
    before = one_step(decoder, STEPS[0])
    good = random_adapter(CONFIGS["qwen3"], 2).deltas
    wrong = np.zeros((2, 5), np.float32), np.zeros((3, 2), np.float32)
    with pytest.raises(BadModel, match="5"):
        decoder.set_adapter(1, Adapter(deltas={**good, (0, "o_proj"): wrong}))
    with pytest.raises(BadModel, match="router of layer 0"):
        decoder.set_adapter(1, Adapter(deltas={(0, "router"): wrong}))
    batch = replace(STEPS[0], adapters=np.full(len(STEPS[0].token_ids), 1))
    assert np.array_equal(one_step(decoder, batch), before)


def one_step(decoder: CpuDecoder | NumpyDecoder, batch: Batch) -> np.ndarray:
    return decoder.forward(batch, decoder.new_cache(blocks=40, block_size=BLOCK_SIZE)).copy()


def random_adapter(config: DecoderConfig, rank: int) -> Adapter:
    random = np.random.default_rng(rank)
    hidden, inner = config.hidden_size, config.intermediate_size
    shapes = {
        "q_proj": (hidden, config.q_size),
        "v_proj": (hidden, config.kv_size),
        "o_proj": (config.q_size, hidden),
        "up_proj": (hidden, inner),
        "down_proj": (inner, hidden),
    }
    deltas = {
        (layer, name): (
            random.standard_normal((rank, inside)).astype(np.float32) * 0.2,
            random.standard_normal((out, rank)).astype(np.float32) * 0.2,
        )
        for layer in range(config.layers)
        for name, (inside, out) in shapes.items()
    }
    return Adapter(deltas=deltas)
