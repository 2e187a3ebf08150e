"""Any decoder family in NumPy and float32: slow, plain, and what the compiled kernels must equal.

It serves where no machine code may be made. Weights are held as float32; q, k and v are one matrix
and gate and up another, so that a dense layer is four products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.layers.activation import gelu_tanh, silu
from volano.ml.layers.attention import Scoring, paged_attention, softcap, softmax
from volano.ml.layers.norm import rms_norm
from volano.ml.layers.rope import Rotary
from volano.ml.models.batch import ADAPTER_SLOTS
from volano.ml.models.decoder import (
    attention_linears,
    find_prefix,
    mlp_linears,
    norm_names,
)

if TYPE_CHECKING:
    from volano.ml.layers.arrays import Bytes, Floats, Ints
    from volano.ml.models.batch import Adapter, Batch, Cache
    from volano.ml.models.decoder import DecoderConfig, LayerConfig, Linear
    from volano.ml.models.weights import Tensors


class NumpyCache:
    """Keys and values (layers, 2, blocks, block_size, kv_heads, head_dim) in float32."""

    def __init__(self, config: DecoderConfig, *, blocks: int, block_size: int) -> None:
        # The system gives pages to zeroed memory when first written: an idle cache costs nothing.
        shape = (config.layers, 2, blocks, block_size, config.kv_heads, config.head_dim)
        self.values = np.zeros(shape, dtype=np.float32)

    @property
    def size_bytes(self) -> int:
        """Memory once every block is written."""
        return self.values.nbytes

    @property
    def memory(self) -> Bytes:
        """All of it, as bytes."""
        return self.values.reshape(-1).view(np.uint8)

    def copy_block(self, source: int, target: int) -> None:
        """Make `target` hold what `source` holds."""
        self.values[:, :, target] = self.values[:, :, source]

    def read_block(self, block: int) -> bytes:
        """The block's content, to be written back later."""
        return self.values[:, :, block].tobytes()

    def write_block(self, block: int, content: bytes | memoryview) -> None:
        """Put back what `read_block` gave."""
        held = self.values[:, :, block]
        held[...] = np.frombuffer(content, dtype=np.float32).reshape(held.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matrix:
    """A linear with the adapters' changes to its parts: (name, first row, last row)."""

    weight: Floats  # (out, in)
    bias: Floats | None
    parts: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    kind: LayerConfig
    norms: dict[str, Floats]
    qkv: _Matrix
    out: _Matrix
    router: Floats | None
    mlps: list[tuple[_Matrix, _Matrix]]  # gate and up, down: one pair, or one for each expert


class NumpyDecoder:
    """The decoder; it keeps no state between calls, the cache is the caller's."""

    def __init__(self, config: DecoderConfig, weights: Tensors, *, max_positions: int) -> None:
        """Copy the weights to float32; raises BadModel when one is missing or misshapen."""
        self.config = config
        read = _Reader(config, weights)
        embed_shape = (config.vocab_size, config.hidden_size)
        self._embed = weights.tensor(f"{read.prefix}embed_tokens.weight", embed_shape)
        self._head = self._embed
        if not config.tied:
            self._head = weights.tensor("lm_head.weight", embed_shape)
        self._norm = read.norm(f"{read.prefix}norm", config.hidden_size)
        self._layers = [read.layer(index) for index in range(config.layers)]
        self._rotaries = [
            Rotary(spec, head_dim=config.head_dim, max_positions=max_positions)
            for spec in config.rotaries
        ]
        self._adapters: list[Adapter | None] = [None] * ADAPTER_SLOTS
        self.arena = None  # many arrays, not one stretch
        self.size_bytes = 2 * weights.size_bytes  # mostly bfloat16 in the file, float32 here

    def kv_bytes_per_token(self) -> int:
        """Cache bytes of one token over all layers."""
        return self.config.layers * 2 * self.config.kv_size * 4

    def new_cache(self, *, blocks: int, block_size: int) -> NumpyCache:
        """An empty cache."""
        return NumpyCache(self.config, blocks=blocks, block_size=block_size)

    def set_adapter(self, slot: int, adapter: Adapter | None) -> None:
        """Put an adapter in a slot, or empty it."""
        self._adapters[slot] = adapter

    def forward(self, batch: Batch, cache: Cache) -> Floats:
        """Run the batch, write its keys and values to `cache`, return logits (rows, vocab)."""
        logits = self.hidden(batch, cache) @ self._head.T
        return softcap(logits, self.config.logit_softcap)

    def hidden(self, batch: Batch, cache: Cache) -> Floats:
        """The last hidden states of the logit rows after the final norm, (rows, hidden)."""
        assert isinstance(cache, NumpyCache)
        config = self.config
        hidden = self._embed[batch.token_ids] * np.float32(config.embed_scale)
        for index, layer in enumerate(self._layers):
            step = _Step(self, index, layer, batch)
            change = step.attention(step.norm("attention", hidden), cache.values[index])
            hidden = hidden + step.norm_out("attention_out", change)
            change = step.mlp(step.norm("mlp", hidden))
            hidden = hidden + step.norm_out("mlp_out", change)
        return rms_norm(hidden[batch.logit_rows], self._norm, config.eps)

    def rotary(self, kind: LayerConfig) -> Rotary:
        """The rotary table of a kind of layer."""
        return self._rotaries[kind.rotary]

    def adapter(self, slot: int) -> Adapter | None:
        """What is in a slot."""
        return self._adapters[slot]


class _Step:
    """One layer over one batch."""

    def __init__(self, model: NumpyDecoder, index: int, layer: _Layer, batch: Batch) -> None:
        self._model, self._index, self._layer, self._batch = model, index, layer, batch
        self._config = model.config

    def norm(self, name: str, x: Floats) -> Floats:
        return rms_norm(x, self._layer.norms[name], self._config.eps)

    def norm_out(self, name: str, x: Floats) -> Floats:
        return self.norm(name, x) if self._config.sandwich else x

    def attention(self, x: Floats, cache: Floats) -> Floats:
        config, layer, batch = self._config, self._layer, self._batch
        tokens = len(batch.token_ids)
        qkv = self._apply(layer.qkv, x)
        q, k, v = np.split(qkv, (config.q_size, config.q_size + config.kv_size), axis=1)
        q = q.reshape(tokens, config.heads, -1)
        k = k.reshape(tokens, config.kv_heads, -1)
        if config.qk_norm:
            q, k = self.norm("q", q), self.norm("k", k)
        rotary = self._model.rotary(layer.kind)
        flat = cache.reshape(2, -1, config.kv_heads, config.head_dim)
        flat[0, batch.slots] = rotary.rotate(k, batch.positions)
        flat[1, batch.slots] = v.reshape(tokens, config.kv_heads, config.head_dim)
        q = rotary.rotate(q, batch.positions)
        scoring = Scoring(
            scale=config.query_scale or config.head_dim**-0.5,
            softcap=config.attention_softcap,
            window=layer.kind.window,
        )
        mixed = np.empty_like(q)
        for rows in batch.sequences:
            part = slice(rows.start, rows.start + rows.count)
            mixed[part] = paged_attention(q[part], cache, rows.block_table, rows.context, scoring)
        return self._apply(layer.out, mixed.reshape(tokens, config.q_size))

    def mlp(self, x: Floats) -> Floats:
        layer, config = self._layer, self._config
        if layer.router is None:
            return self._expert(layer.mlps[0], x)
        shares = softmax(x @ layer.router.T)
        chosen = np.argsort(-shares, axis=1, kind="stable")[:, : config.experts_per_token]
        picked = np.take_along_axis(shares, chosen, axis=1)
        if config.normalise_experts:
            picked = picked / picked.sum(axis=1, keepdims=True)
        out = np.zeros_like(x)
        for expert in np.unique(chosen):
            tokens, places = np.nonzero(chosen == expert)
            part = self._expert(layer.mlps[int(expert)], x[tokens])
            out[tokens] += part * picked[tokens, places][:, None]
        return out

    def _expert(self, mlp: tuple[_Matrix, _Matrix], x: Floats) -> Floats:
        gate_up, down = mlp
        gate, up = np.split(self._apply(gate_up, x), 2, axis=1)
        act = silu if self._config.activation == "silu" else gelu_tanh
        return self._apply(down, act(gate) * up)

    def _apply(self, matrix: _Matrix, x: Floats) -> Floats:
        y: Floats = x @ matrix.weight.T
        if matrix.bias is not None:
            y = y + matrix.bias
        slots = self._batch.adapters
        if slots is not None and len(slots) == len(x):
            self._adapt(matrix, slots, x, y)
        return y

    def _adapt(self, matrix: _Matrix, slots: Ints, x: Floats, y: Floats) -> None:
        for slot in np.unique(slots[slots >= 0]):
            adapter = self._model.adapter(int(slot))
            rows = slots == slot
            for name, first, last in matrix.parts:
                delta = adapter.deltas.get((self._index, name)) if adapter else None
                if delta is not None:
                    y[rows, first:last] += x[rows] @ delta[0].T @ delta[1].T


class _Reader:
    """Loads layers by name."""

    def __init__(self, config: DecoderConfig, weights: Tensors) -> None:
        self._config, self._weights = config, weights
        self.prefix = find_prefix(weights.names())

    def norm(self, name: str, width: int) -> Floats:
        weight = self._weights.tensor(f"{name}.weight", (width,))
        return weight + np.float32(self._config.norm_offset)

    def matrix(self, linear: Linear) -> _Matrix:
        weights, biases, parts = [], [], []
        first = 0
        for name, rows in linear.parts:
            weights.append(self._weights.tensor(f"{name}.weight", (rows, linear.inner)))
            if linear.bias:
                biases.append(self._weights.tensor(f"{name}.bias", (rows,)))
            parts.append((name.rsplit(".", 1)[-1], first, first + rows))
            first += rows
        bias = np.concatenate(biases) if biases else None
        return _Matrix(weight=np.concatenate(weights), bias=bias, parts=tuple(parts))

    def layer(self, index: int) -> _Layer:
        config = self._config
        prefix = f"{self.prefix}layers.{index}."
        norms = {
            use: self.norm(f"{prefix}{name}", config.hidden_size)
            for use, name in norm_names(config).items()
        }
        if config.qk_norm:
            norms["q"] = self.norm(f"{prefix}self_attn.q_norm", config.head_dim)
            norms["k"] = self.norm(f"{prefix}self_attn.k_norm", config.head_dim)
        qkv, out = attention_linears(config, prefix)
        kind = config.kinds[index]
        inner = config.expert_size if kind.sparse else config.intermediate_size
        places = [f"{prefix}mlp."]
        router = None
        if kind.sparse:
            places = [f"{prefix}mlp.experts.{expert}." for expert in range(config.experts)]
            shape = (config.experts, config.hidden_size)
            router = self._weights.tensor(f"{prefix}mlp.gate.weight", shape)
        mlps = [mlp_linears(place, hidden=config.hidden_size, inner=inner) for place in places]
        return _Layer(
            kind=kind,
            norms=norms,
            qkv=self.matrix(qkv),
            out=self.matrix(out),
            router=router,
            mlps=[(self.matrix(gate_up), self.matrix(down)) for gate_up, down in mlps],
        )
