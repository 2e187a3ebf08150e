"""Weights and caches that leave the card and come back, and a card that is full."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.gpu.conftest import KIND
from tests.gpu.plain import KERNELS
from tests.unit.ml.cpu.test_decoder import random_adapter
from tests.unit.ml.random_models import BLOCK_SIZE, CONFIGS, RandomTensors, make_batch

from volano.ml.errors import BadModel, OutOfMemory
from volano.ml.gpu import network
from volano.ml.gpu.decoder import GpuDecoder
from volano.ml.gpu.device import Card
from volano.ml.gpu.plan import Memory
from volano.ml.models.batch import Adapter
from volano.ml.models.numpy_decoder import NumpyDecoder

PROMPTS = make_batch([(0, 30), (0, 5), (0, 17)], seed=1)
NEXT = make_batch([(30, 1), (5, 1), (17, 1)], seed=2)


@pytest.fixture(autouse=True)
def quick_kernels(monkeypatch: pytest.MonkeyPatch):
    if KIND == "interpreter":
        for name, plain in KERNELS.items():
            monkeypatch.setattr(network, name, plain)


@pytest.fixture
def decoder(card: Card) -> GpuDecoder:
    return GpuDecoder(CONFIGS["qwen3"], RandomTensors(), card, max_positions=256, exact=True)


def run(decoder, cache=None) -> np.ndarray:
    cache = cache or decoder.new_cache(blocks=40, block_size=BLOCK_SIZE)
    return np.concatenate([decoder.forward(batch, cache).copy() for batch in (PROMPTS, NEXT)])


def test_weights_and_cache_leave_and_come_back(decoder: GpuDecoder):
    cache = decoder.new_cache(blocks=40, block_size=BLOCK_SIZE)
    before = run(decoder, cache)
    for _ in range(2):
        decoder.arena.park()
        cache.park()
        assert decoder.arena.address == 0
        decoder.arena.restore()
        assert np.array_equal(run(decoder, cache), before)
    decoder.arena.close()


def test_blocks_go_to_host_memory_and_back(decoder: GpuDecoder, card: Card):
    cache = decoder.new_cache(blocks=40, block_size=BLOCK_SIZE)
    decoder.forward(PROMPTS, cache)
    expected = decoder.forward(NEXT, cache).copy()
    table = PROMPTS.sequences[0].block_table[:2].tolist()
    kept = [cache.read_block(block) for block in table]
    assert len(kept[0]) == decoder.kv_bytes_per_token() * BLOCK_SIZE
    with card.computing():
        cache.values.zero_()
    decoder.forward(make_batch([(0, 1), (0, 5), (0, 17)], seed=7), cache)
    for block, content in zip(table, kept, strict=True):
        cache.write_block(block, content)
    first = decoder.forward(replace(NEXT, logit_rows=np.arange(3)), cache)[0]
    assert np.array_equal(first, expected[0])


def test_a_place_in_host_memory_is_used_again(decoder: GpuDecoder):
    cache = decoder.new_cache(blocks=2, block_size=BLOCK_SIZE)
    addresses = set()
    for _ in range(5):
        kept = cache.read_block(1)
        addresses.add(np.frombuffer(kept, np.uint8).ctypes.data)
        del kept
    assert len(addresses) == 1


def test_bfloat16_stays_near(card: Card):
    exact = run(NumpyDecoder(CONFIGS["gemma"], RandomTensors(), max_positions=256))
    rough = run(GpuDecoder(CONFIGS["gemma"], RandomTensors(), card, max_positions=256))
    likeness = (exact * rough).sum() / np.linalg.norm(exact) / np.linalg.norm(rough)
    assert likeness > 0.999


def test_each_token_gets_its_own_adapter(decoder: GpuDecoder):
    config = CONFIGS["qwen3"]
    exact = NumpyDecoder(config, RandomTensors(), max_positions=256)
    for slot, rank in ((0, 4), (3, 9)):
        for each in (exact, decoder):
            each.set_adapter(slot, random_adapter(config, rank))
    batch = replace(PROMPTS, adapters=np.repeat([3, -1, 0], [30, 5, 17]))
    found, wanted = (
        each.forward(batch, each.new_cache(blocks=40, block_size=BLOCK_SIZE)).copy()
        for each in (decoder, exact)
    )
    assert np.abs(found - wanted).max() < 1e-3 * np.abs(wanted).max()
    wrong = np.zeros((2, 5), np.float32), np.zeros((3, 2), np.float32)
    with pytest.raises(BadModel, match="router of layer 0"):
        decoder.set_adapter(1, Adapter(deltas={(0, "router"): wrong}))
    with pytest.raises(BadModel, match="values in and"):
        decoder.set_adapter(1, Adapter(deltas={(0, "o_proj"): wrong}))


def test_a_model_larger_than_the_card_is_refused(card: Card, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(card, "memory", lambda: Memory(free=1000, total=2000))
    with pytest.raises(OutOfMemory, match="One model runs on one card"):
        GpuDecoder(CONFIGS["qwen3"], RandomTensors(), card, max_positions=256)
