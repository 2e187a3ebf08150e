"""Qwen3 dense decoders: RMSNorm, grouped-query attention with q/k norm, rotary positions, SwiGLU.

Behaviour follows Hugging Face's `Qwen3ForCausalLM` config and weight names. Weights are held as
float32; q, k and v are one matrix and gate and up another, so that a layer is four products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.errors import BadModel
from volano.ml.layers.activation import silu
from volano.ml.layers.attention import paged_attention
from volano.ml.layers.norm import rms_norm
from volano.ml.layers.rope import Rotary

if TYPE_CHECKING:
    from volano.ml.layers.arrays import Floats
    from volano.ml.models.batch import Batch
    from volano.ml.models.configs import ConfigFile
    from volano.ml.models.weights import Weights

MODEL_TYPE = "qwen3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Qwen3Config:
    """The shape of the model, from config.json."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    eps: float
    rope_theta: float
    max_positions: int
    tied: bool

    def kv_bytes_per_token(self) -> int:
        """Cache bytes of one token over all layers."""
        return self.layers * 2 * self.kv_heads * self.head_dim * 4


def parse_config(file: ConfigFile) -> Qwen3Config:
    """Check config.json; raises BadModel for what this family does not do."""
    hidden, heads = file.integer("hidden_size"), file.integer("num_attention_heads")
    kv_heads = file.integer("num_key_value_heads", heads)
    if heads % kv_heads:
        raise BadModel(f"num_attention_heads {heads} is not a multiple of {kv_heads} kv heads.")
    if file.boolean("attention_bias", default=False):
        raise BadModel("Qwen3 with attention_bias is not supported.")
    if file.boolean("use_sliding_window", default=False):
        raise BadModel("Qwen3 with a sliding window is not supported.")
    return Qwen3Config(
        vocab_size=file.integer("vocab_size"),
        hidden_size=hidden,
        intermediate_size=file.integer("intermediate_size"),
        layers=file.integer("num_hidden_layers"),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=file.integer("head_dim", hidden // heads),
        eps=file.number("rms_norm_eps", 1e-6),
        rope_theta=file.rope_theta(),
        max_positions=file.integer("max_position_embeddings"),
        tied=file.boolean("tie_word_embeddings", default=False),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    input_norm: Floats  # (hidden,)
    qkv: Floats  # (q + k + v, hidden)
    q_norm: Floats  # (head_dim,)
    k_norm: Floats
    out: Floats  # (hidden, q)
    mlp_norm: Floats
    gate_up: Floats  # (2 * intermediate, hidden)
    down: Floats  # (hidden, intermediate)


class Qwen3:
    """The decoder; it keeps no state between calls, the cache is the caller's."""

    def __init__(self, config: Qwen3Config, weights: Weights, *, max_positions: int) -> None:
        """Copy the weights to float32; raises BadModel when one is missing or misshapen."""
        self.config = config
        embed_shape = (config.vocab_size, config.hidden_size)
        self._embed = weights.tensor("model.embed_tokens.weight", embed_shape)
        self._head = self._embed
        if not config.tied:
            self._head = weights.tensor("lm_head.weight", embed_shape)
        self._norm = weights.tensor("model.norm.weight", (config.hidden_size,))
        self._layers = [_load_layer(config, weights, index) for index in range(config.layers)]
        self._rotary = Rotary(
            head_dim=config.head_dim, theta=config.rope_theta, max_positions=max_positions
        )

    def forward(self, batch: Batch, cache: Floats) -> Floats:
        """Run the batch, write its keys and values to `cache`, return logits (rows, vocab).

        `cache` is (layers, 2, blocks, block_size, kv_heads, head_dim).
        """
        hidden = self._embed[batch.token_ids]  # (tokens, hidden)
        for layer, layer_cache in zip(self._layers, cache, strict=True):
            hidden = hidden + self._attention(layer, hidden, batch, layer_cache)
            hidden = hidden + self._mlp(layer, hidden)
        picked = rms_norm(hidden[batch.logit_rows], self._norm, self.config.eps)
        logits: Floats = picked @ self._head.T
        return logits

    def _attention(self, layer: _Layer, hidden: Floats, batch: Batch, cache: Floats) -> Floats:
        config = self.config
        q_size, kv_size = config.heads * config.head_dim, config.kv_heads * config.head_dim
        qkv = rms_norm(hidden, layer.input_norm, config.eps) @ layer.qkv.T
        q, k, v = np.split(qkv, (q_size, q_size + kv_size), axis=1)
        tokens = len(batch.token_ids)
        q = rms_norm(q.reshape(tokens, config.heads, -1), layer.q_norm, config.eps)
        k = rms_norm(k.reshape(tokens, config.kv_heads, -1), layer.k_norm, config.eps)
        flat = cache.reshape(2, -1, config.kv_heads, config.head_dim)
        flat[0, batch.slots] = self._rotary.rotate(k, batch.positions)
        flat[1, batch.slots] = v.reshape(tokens, config.kv_heads, config.head_dim)
        q = self._rotary.rotate(q, batch.positions)
        mixed = np.empty_like(q)
        for rows in batch.sequences:
            part = slice(rows.start, rows.start + rows.count)
            mixed[part] = paged_attention(q[part], cache, rows.block_table, rows.context)
        out: Floats = mixed.reshape(tokens, q_size) @ layer.out.T
        return out

    def _mlp(self, layer: _Layer, hidden: Floats) -> Floats:
        both = rms_norm(hidden, layer.mlp_norm, self.config.eps) @ layer.gate_up.T
        gate, up = np.split(both, 2, axis=1)
        out: Floats = (silu(gate) * up) @ layer.down.T
        return out


def _load_layer(config: Qwen3Config, weights: Weights, index: int) -> _Layer:
    prefix = f"model.layers.{index}."
    hidden, inner = config.hidden_size, config.intermediate_size
    q_size, kv_size = config.heads * config.head_dim, config.kv_heads * config.head_dim

    def load(name: str, *shape: int) -> Floats:
        return weights.tensor(f"{prefix}{name}.weight", shape)

    return _Layer(
        input_norm=load("input_layernorm", hidden),
        qkv=np.concatenate(
            (
                load("self_attn.q_proj", q_size, hidden),
                load("self_attn.k_proj", kv_size, hidden),
                load("self_attn.v_proj", kv_size, hidden),
            )
        ),
        q_norm=load("self_attn.q_norm", config.head_dim),
        k_norm=load("self_attn.k_norm", config.head_dim),
        out=load("self_attn.o_proj", hidden, q_size),
        mlp_norm=load("post_attention_layernorm", hidden),
        gate_up=np.concatenate(
            (load("mlp.gate_proj", inner, hidden), load("mlp.up_proj", inner, hidden))
        ),
        down=load("mlp.down_proj", hidden, inner),
    )
