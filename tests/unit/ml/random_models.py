"""Small decoders of every family with random weights, and batches over a paged cache."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.layers.rope import RotarySpec
from volano.ml.models.batch import Batch, Rows
from volano.ml.models.decoder import DecoderConfig, LayerConfig

if TYPE_CHECKING:
    from volano.ml.layers.arrays import Floats

BLOCK_SIZE = 16
BLOCKS_A_SEQUENCE = 12

# Sizes that fill neither vectors nor blocks nor groups.
QWEN3 = DecoderConfig(
    family="qwen3",
    vocab_size=300,
    hidden_size=72,
    intermediate_size=176,
    heads=6,
    kv_heads=2,
    head_dim=24,
    eps=1e-6,
    max_positions=512,
    tied=True,
    rotaries=(RotarySpec(theta=10_000.0),),
    kinds=(LayerConfig(),) * 2,
    qk_norm=True,
)
GEMMA_KINDS = (LayerConfig(window=9, rotary=1), LayerConfig(), LayerConfig(window=40, rotary=1))
CONFIGS = {
    "qwen3": QWEN3,
    "qwen2": replace(QWEN3, family="qwen2", qk_norm=False, qkv_bias=True, tied=False),
    "llama": replace(
        QWEN3,
        family="llama",
        qk_norm=False,
        kv_heads=6,
        head_dim=32,
        rotaries=(RotarySpec(theta=5e5, factor=8.0, original_positions=64),),
    ),
    "moe": replace(
        QWEN3,
        family="qwen3_moe",
        experts=10,
        experts_per_token=3,
        expert_size=40,
        kinds=(LayerConfig(sparse=True), LayerConfig(), LayerConfig(sparse=True)),
    ),
    "mistral": replace(QWEN3, family="mistral", qk_norm=False, kinds=(LayerConfig(window=20),) * 2),
    "gemma": replace(
        QWEN3,
        family="gemma2",
        head_dim=128,
        heads=2,
        kv_heads=1,
        norm_offset=1.0,
        sandwich=True,
        embed_scale=72**0.5,
        query_scale=0.1,
        attention_softcap=50.0,
        logit_softcap=30.0,
        activation="gelu_tanh",
        rotaries=(RotarySpec(theta=1e6, factor=8.0), RotarySpec(theta=10_000.0)),
        kinds=GEMMA_KINDS,
    ),
}


class RandomTensors:
    """Weights made from their names; the same name and shape give the same values."""

    size_bytes = 0

    def __init__(self, scale: float = 0.15) -> None:
        self._scale = scale

    def names(self) -> set[str]:
        return {"model.embed_tokens.weight"}

    def stored(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        random = np.random.default_rng(zlib.crc32(name.encode()))
        values = random.standard_normal(shape).astype(np.float32) * self._scale
        if "norm" in name:
            values += 1
        return ((values.view(np.uint32) + 0x8000) >> 16).astype(np.uint16)

    def tensor(self, name: str, shape: tuple[int, ...]) -> Floats:
        return (self.stored(name, shape).astype(np.uint32) << 16).view(np.float32)


def make_batch(parts: list[tuple[int, int]], *, seed: int = 0) -> Batch:
    """Rows of sequences given as (tokens already cached, tokens now); logits for every row."""
    random = np.random.default_rng(seed)
    sequences, positions, slots = [], [], []
    start = 0
    for index, (done, count) in enumerate(parts):
        # Blocks in no order, as a pool that was used for a while gives them.
        table = (
            np.random.default_rng(index).permutation(BLOCKS_A_SEQUENCE) + index * BLOCKS_A_SEQUENCE
        )
        spots = np.arange(done, done + count)
        positions.append(spots)
        slots.append(table[spots // BLOCK_SIZE] * BLOCK_SIZE + spots % BLOCK_SIZE)
        rows = Rows(start=start, count=count, context=done + count, block_table=table)
        sequences.append(rows)
        start += count
    return Batch(
        token_ids=random.integers(0, 300, start),
        positions=np.concatenate(positions),
        slots=np.concatenate(slots),
        sequences=tuple(sequences),
        logit_rows=np.arange(start),
    )
