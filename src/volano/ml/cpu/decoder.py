"""Any decoder family on the CPU's kernels: weights packed once, a step one call.

The model holds its weights; `steps.StepProgram` holds what a step works in. Both follow
`models.decoder`, and give what `models.numpy_decoder` gives within bfloat16's precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.cpu.cache import CpuCache
from volano.ml.cpu.kernels import kernels
from volano.ml.cpu.memory import Arena
from volano.ml.cpu.packed import Packer, packed_bytes
from volano.ml.cpu.steps import StepProgram
from volano.ml.layers.rope import Rotary
from volano.ml.models.batch import ADAPTER_SLOTS
from volano.ml.models.decoder import (
    Linear,
    attention_linears,
    find_prefix,
    mlp_linears,
    norm_names,
)

if TYPE_CHECKING:
    from volano.ml.cpu.kernels import Format
    from volano.ml.cpu.machine import Target
    from volano.ml.cpu.packed import Packed
    from volano.ml.layers.arrays import Floats
    from volano.ml.models.batch import Adapter, Batch, Cache
    from volano.ml.models.decoder import DecoderConfig, LayerConfig
    from volano.ml.models.weights import Tensors

# Norm weights are read in whole groups, as the rows that they scale.
_WHOLE = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuLayer:
    """One layer's weights."""

    kind: LayerConfig
    norms: dict[str, Floats]
    qkv: Packed
    out: Packed
    gate_up: Packed
    down: Packed


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuWeights:
    """All that a step reads of a model."""

    embed: Packed
    head: Packed
    norm: Floats
    layers: tuple[CpuLayer, ...]
    rotaries: tuple[Rotary, ...]


class CpuDecoder:
    """The decoder; it keeps no state between calls but its buffers."""

    def __init__(
        self,
        config: DecoderConfig,
        weights: Tensors,
        *,
        max_positions: int,
        form: Format = "bf16",
        target: Target | None = None,
    ) -> None:
        """Pack the weights as `form`; raises BadModel when one is missing, or OutOfMemory."""
        self.config = config
        self._kernels = kernels(target)
        plan = _Plan(config, find_prefix(weights.names()), form)
        arena = Arena(plan.size_bytes())
        self.size_bytes = arena.bytes.nbytes
        with Packer(weights, arena) as packer:
            self._weights = plan.read(weights, packer, max_positions)
        self._adapters: list[Adapter | None] = [None] * ADAPTER_SLOTS
        self._steps: StepProgram | None = None

    def kv_bytes_per_token(self) -> int:
        """Cache bytes of one token over all layers."""
        return CpuCache(self.config, blocks=0, block_size=_WHOLE).block_bytes // _WHOLE

    def new_cache(self, *, blocks: int, block_size: int) -> CpuCache:
        """An empty cache; `block_size` is a multiple of 16."""
        return CpuCache(self.config, blocks=blocks, block_size=block_size)

    def set_adapter(self, slot: int, adapter: Adapter | None) -> None:
        """Put an adapter in a slot, or empty it."""
        self._adapters[slot] = adapter
        self._steps = None

    def forward(self, batch: Batch, cache: Cache) -> Floats:
        """Run the batch, write its keys and values to `cache`, return logits (rows, vocab)."""
        return self._prepared(batch, cache).logits(batch)

    def hidden(self, batch: Batch, cache: Cache) -> Floats:
        """The last hidden states of the logit rows after the final norm, (rows, hidden)."""
        return self._prepared(batch, cache).hidden(batch)

    def _prepared(self, batch: Batch, cache: Cache) -> StepProgram:
        assert isinstance(cache, CpuCache)
        steps = self._steps
        if steps is None or not steps.fits(batch, cache):
            tokens = max(len(batch.token_ids), steps.tokens if steps else 1)
            rows = max(len(batch.logit_rows), steps.rows if steps else 1)
            steps = StepProgram(
                self.config, self._weights, cache, self._kernels, tokens=tokens, rows=rows
            )
            self._steps = steps
        steps.use(cache)
        return steps


class _Plan:
    """Which matrices a model has and in which format each is packed."""

    def __init__(self, config: DecoderConfig, prefix: str, form: Format) -> None:
        self._config, self._prefix, self._form = config, prefix, form
        shape = (config.vocab_size, config.hidden_size)
        # Nibbles cost the head more than they save.
        self._head_form: Format = "int8" if form == "int4" else form
        self._embed = Linear(parts=((f"{prefix}embed_tokens", shape[0]),), inner=shape[1])
        self._head = Linear(parts=(("lm_head", shape[0]),), inner=shape[1])

    def size_bytes(self) -> int:
        """Arena bytes of all matrices."""
        outer = [self._embed] if self._config.tied else [self._embed, self._head]
        total = sum(packed_bytes(self._head_form, each) for each in outer)
        for index in range(self._config.layers):
            for linear in self._linears(index):
                total += packed_bytes(self._form, linear)
        return total

    def read(self, weights: Tensors, packer: Packer, max_positions: int) -> CpuWeights:
        """Pack everything."""
        config = self._config
        embed = packer.pack(self._embed, self._head_form)
        head = embed if config.tied else packer.pack(self._head, self._head_form)
        rotaries = tuple(
            Rotary(spec, head_dim=config.head_dim, max_positions=max_positions)
            for spec in config.rotaries
        )
        return CpuWeights(
            embed=embed,
            head=head,
            norm=self._norm(weights, f"{self._prefix}norm", config.hidden_size),
            layers=tuple(self._layer(weights, packer, index) for index in range(config.layers)),
            rotaries=rotaries,
        )

    def _linears(self, index: int) -> tuple[Linear, Linear, Linear, Linear]:
        config = self._config
        prefix = f"{self._prefix}layers.{index}."
        qkv, out = attention_linears(config, prefix)
        gate_up, down = mlp_linears(
            f"{prefix}mlp.", hidden=config.hidden_size, inner=config.intermediate_size
        )
        return qkv, out, gate_up, down

    def _layer(self, weights: Tensors, packer: Packer, index: int) -> CpuLayer:
        config = self._config
        prefix = f"{self._prefix}layers.{index}."
        norms = {
            use: self._norm(weights, f"{prefix}{name}", config.hidden_size)
            for use, name in norm_names(config).items()
        }
        if config.qk_norm:
            for use in ("q", "k"):
                name = f"{prefix}self_attn.{use}_norm"
                norms[use] = self._norm(weights, name, config.head_dim)
        qkv, out, gate_up, down = (
            packer.pack(linear, self._form) for linear in self._linears(index)
        )
        return CpuLayer(
            kind=config.kinds[index], norms=norms, qkv=qkv, out=out, gate_up=gate_up, down=down
        )

    def _norm(self, weights: Tensors, name: str, width: int) -> Floats:
        made = np.zeros(-(-width // _WHOLE) * _WHOLE, dtype=np.float32)
        stored = weights.tensor(f"{name}.weight", (width,))
        made[:width] = stored + np.float32(self._config.norm_offset)
        return made
