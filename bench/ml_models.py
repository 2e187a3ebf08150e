"""What the benches of the engine share: models of any shape with random weights, and real lengths.

A model's folder is written as Hugging Face writes one, so the engine loads it as any other. Lengths
come from a request trace (`--trace`, the Azure LLM inference trace of 2023); it is read where it
lies and never copied.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.models.tiny import make_tiny_model
from volano.ml.models.weights import write_safetensors

if TYPE_CHECKING:
    from pathlib import Path

    from volano.ml.layers.arrays import Floats

HEAD_DIM = 64
CONTEXT_TOKENS = 8192


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A Qwen3 decoder; the vocabulary may be larger than the tokenizer's, as heads are padded."""

    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int = HEAD_DIM
    vocab: int = 512


QWEN3_06B = Shape(
    hidden=1024, inner=3072, layers=28, heads=16, kv_heads=8, head_dim=128, vocab=151_936
)


@dataclass(frozen=True)
class Lengths:
    """One request of a trace: when it came, and its tokens."""

    at_s: float
    prompt_tokens: int
    output_tokens: int


def write_model(folder: Path, shape: Shape, seed: int = 1) -> None:
    """A model folder; all layers share their random numbers, which costs no exactness here."""
    make_tiny_model(folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "hidden_size": shape.hidden,
        "intermediate_size": shape.inner,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "vocab_size": shape.vocab,
        "max_position_embeddings": CONTEXT_TOKENS,
        "tie_word_embeddings": True,
    }
    (folder / "config.json").write_text(json.dumps(config))
    write_safetensors(folder / "model.safetensors", _tensors(shape, seed), {"format": "pt"})


def _tensors(shape: Shape, seed: int) -> dict[str, Floats]:
    generator = np.random.Generator(np.random.Philox(key=seed))

    def normal(*dims: int) -> Floats:
        drawn = generator.standard_normal(dims, dtype=np.float32)
        return drawn * np.float32(dims[-1] ** -0.5)

    q, kv = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    ones = np.ones(shape.hidden, dtype=np.float32)
    head_ones = np.ones(shape.head_dim, dtype=np.float32)
    layer = {
        "input_layernorm": ones,
        "self_attn.q_proj": normal(q, shape.hidden),
        "self_attn.k_proj": normal(kv, shape.hidden),
        "self_attn.v_proj": normal(kv, shape.hidden),
        "self_attn.q_norm": head_ones,
        "self_attn.k_norm": head_ones,
        "self_attn.o_proj": normal(shape.hidden, q),
        "post_attention_layernorm": ones,
        "mlp.gate_proj": normal(shape.inner, shape.hidden),
        "mlp.up_proj": normal(shape.inner, shape.hidden),
        "mlp.down_proj": normal(shape.hidden, shape.inner),
    }
    tensors = {"model.embed_tokens.weight": normal(shape.vocab, shape.hidden)}
    for index in range(shape.layers):
        tensors |= {f"model.layers.{index}.{name}.weight": each for name, each in layer.items()}
    return tensors | {"model.norm.weight": ones}


def read_trace(path: Path) -> list[Lengths]:
    """The requests of a trace in the order they came; the first comes at 0."""
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    times = [datetime.fromisoformat(row["TIMESTAMP"][:26]).timestamp() for row in rows]
    return [
        Lengths(at - times[0], int(row["ContextTokens"]), int(row["GeneratedTokens"]))
        for at, row in zip(times, rows, strict=True)
    ]


def random_ids(count: int, chance: random.Random) -> list[int]:
    """A prompt of ordinary tokens."""
    return [chance.randrange(20, 500) for _ in range(count)]


def percentile(values: list[float], share: float) -> float:
    """The value that this share of all does not exceed; 0 without values."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0
