"""BERT encoders that turn a text into one unit-length vector (MiniLM, BGE, E5 and their like).

Follows Hugging Face's `BertModel` and sentence-transformers' pooling: tokens up to the model's
`max_seq_length` are read (the rest of a longer text is not), pooled by mean or first token, and
scaled to length one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.errors import BadModel
from volano.ml.layers.activation import gelu
from volano.ml.layers.attention import padded_attention
from volano.ml.layers.norm import layer_norm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.ml.layers.arrays import Floats
    from volano.ml.models.configs import ConfigFile
    from volano.ml.models.weights import Weights

MODEL_TYPE = "bert"


@dataclass(frozen=True, slots=True, kw_only=True)
class BertConfig:
    """The shape of the model, from config.json."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    layers: int
    heads: int
    max_positions: int
    types: int
    eps: float


def parse_config(file: ConfigFile) -> BertConfig:
    """Check config.json; raises BadModel for what this family does not do."""
    config = BertConfig(
        vocab_size=file.integer("vocab_size"),
        hidden_size=file.integer("hidden_size"),
        intermediate_size=file.integer("intermediate_size"),
        layers=file.integer("num_hidden_layers"),
        heads=file.integer("num_attention_heads"),
        max_positions=file.integer("max_position_embeddings"),
        types=file.integer("type_vocab_size", 2),
        eps=file.number("layer_norm_eps", 1e-12),
    )
    if config.hidden_size % config.heads:
        raise BadModel("config.json: hidden_size is not a multiple of num_attention_heads.")
    return config


@dataclass(frozen=True, slots=True)
class _Linear:
    weight: Floats  # (out, in)
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        return x @ self.weight.T + self.bias


@dataclass(frozen=True, slots=True)
class _Norm:
    weight: Floats
    bias: Floats
    eps: float

    def __call__(self, x: Floats) -> Floats:
        return layer_norm(x, self.weight, self.bias, self.eps)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    qkv: _Linear
    out: _Linear
    attention_norm: _Norm
    up: _Linear
    down: _Linear
    output_norm: _Norm


class Bert:
    """The encoder with its pooling."""

    def __init__(self, config: BertConfig, weights: Weights, *, pool_first: bool) -> None:
        """Copy the weights to float32; raises BadModel when one is missing or misshapen."""
        self.config = config
        self._pool_first = pool_first
        read = _Reader(config, weights)
        hidden = config.hidden_size
        self._words = read.tensor("embeddings.word_embeddings", config.vocab_size, hidden)
        positions = read.tensor("embeddings.position_embeddings", config.max_positions, hidden)
        types = read.tensor("embeddings.token_type_embeddings", config.types, hidden)
        # Only the first segment is ever used, so its type vector joins the positions.
        self._positions = positions + types[0]
        self._norm = read.norm("embeddings.LayerNorm")
        self._layers = [read.layer(f"encoder.layer.{i}.") for i in range(config.layers)]

    def embed(self, rows: Sequence[Sequence[int]]) -> Floats:
        """Unit-length vectors (rows, hidden) of token id rows; each row has a token at least."""
        lengths = np.array([len(row) for row in rows])
        longest = int(lengths.max())
        present = np.arange(longest)[None, :] < lengths[:, None]  # (rows, tokens)
        token_ids = np.zeros((len(rows), longest), dtype=np.int64)
        token_ids[present] = np.concatenate([np.asarray(row, dtype=np.int64) for row in rows])
        mask = np.where(present, np.float32(0), np.float32(-np.inf))
        x = self._norm(self._words[token_ids] + self._positions[:longest])
        for layer in self._layers:
            x = layer.attention_norm(x + layer.out(self._attention(layer, x, mask)))
            x = layer.output_norm(x + layer.down(gelu(layer.up(x))))
        pooled = x[:, 0]
        if not self._pool_first:
            pooled = (x * present[:, :, None]).sum(axis=1) / lengths[:, None].astype(np.float32)
        length = np.linalg.norm(pooled, axis=1, keepdims=True)
        unit: Floats = pooled / np.maximum(length, np.float32(1e-12))
        return unit

    def _attention(self, layer: _Layer, x: Floats, mask: Floats) -> Floats:
        rows, tokens, hidden = x.shape
        qkv = layer.qkv(x).reshape(rows, tokens, 3, self.config.heads, -1)
        q, k, v = qkv.transpose(2, 0, 3, 1, 4)  # each (rows, heads, tokens, head_dim)
        mixed = padded_attention(q, k, v, mask)
        return mixed.transpose(0, 2, 1, 3).reshape(rows, tokens, hidden)


class _Reader:
    """Loads by name; some checkpoints carry the prefix `bert.`."""

    def __init__(self, config: BertConfig, weights: Weights) -> None:
        self._config = config
        self._weights = weights
        prefixed = "bert.embeddings.word_embeddings.weight" in weights.names()
        self._prefix = "bert." if prefixed else ""

    def tensor(self, name: str, *shape: int) -> Floats:
        return self._weights.tensor(f"{self._prefix}{name}.weight", shape)

    def linear(self, name: str, out: int, into: int) -> _Linear:
        bias = self._weights.tensor(f"{self._prefix}{name}.bias", (out,))
        return _Linear(self.tensor(name, out, into), bias)

    def norm(self, name: str) -> _Norm:
        hidden = self._config.hidden_size
        bias = self._weights.tensor(f"{self._prefix}{name}.bias", (hidden,))
        return _Norm(self.tensor(name, hidden), bias, self._config.eps)

    def layer(self, prefix: str) -> _Layer:
        hidden, inner = self._config.hidden_size, self._config.intermediate_size
        parts = [
            self.linear(f"{prefix}attention.self.{name}", hidden, hidden)
            for name in ("query", "key", "value")
        ]
        qkv = _Linear(
            np.concatenate([part.weight for part in parts]),
            np.concatenate([part.bias for part in parts]),
        )
        return _Layer(
            qkv=qkv,
            out=self.linear(f"{prefix}attention.output.dense", hidden, hidden),
            attention_norm=self.norm(f"{prefix}attention.output.LayerNorm"),
            up=self.linear(f"{prefix}intermediate.dense", inner, hidden),
            down=self.linear(f"{prefix}output.dense", hidden, inner),
            output_norm=self.norm(f"{prefix}output.LayerNorm"),
        )
