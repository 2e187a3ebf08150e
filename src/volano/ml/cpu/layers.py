"""A decoder's weights as the kernels read them: which matrices there are, and packing them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.cpu.ir import LANES
from volano.ml.cpu.matmul import GROUP
from volano.ml.cpu.packed import packed_bytes
from volano.ml.layers.rope import Rotary
from volano.ml.models.decoder import (
    Linear,
    attention_linears,
    find_prefix,
    mlp_linears,
    norm_names,
)

if TYPE_CHECKING:
    from volano.ml.cpu.kernels import Format
    from volano.ml.cpu.packed import Packed, Packer
    from volano.ml.layers.arrays import Floats
    from volano.ml.models.decoder import DecoderConfig, LayerConfig
    from volano.ml.models.weights import Tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuLayer:
    """One layer's weights; with a router, `gate_up` and `down` hold all experts."""

    kind: LayerConfig
    norms: dict[str, Floats]
    qkv: Packed
    out: Packed
    gate_up: Packed
    down: Packed
    router: Packed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuWeights:
    """All that a step reads of a model."""

    embed: Packed
    head: Packed
    norm: Floats
    layers: tuple[CpuLayer, ...]
    rotaries: tuple[RotaryTable, ...]


@dataclass(frozen=True, slots=True)
class RotaryTable:
    """Cosines and sines (positions, half a head, filled up with zeros to whole vectors)."""

    cos: Floats
    sin: Floats

    @classmethod
    def of(cls, rotary: Rotary) -> RotaryTable:
        """The same table in rows of whole vectors."""
        padding = ((0, 0), (0, -rotary.cos.shape[1] % LANES))
        return cls(np.pad(rotary.cos, padding), np.pad(rotary.sin, padding))


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLinears:
    """A layer's matrices by name; an expert's share the list."""

    qkv: Linear
    out: Linear
    gate_up: list[Linear]
    down: list[Linear]
    router: Linear | None


class Layout:
    """Which matrices a model has and in which format each is packed."""

    def __init__(self, config: DecoderConfig, names: set[str], form: Format) -> None:
        self._config, self._form = config, form
        self._prefix = find_prefix(names)
        shape = (config.vocab_size, config.hidden_size)
        # Nibbles cost the head more than they save.
        self._head_form: Format = "int8" if form == "int4" else form
        self._embed = Linear(parts=((f"{self._prefix}embed_tokens", shape[0]),), inner=shape[1])
        self._head = Linear(parts=(("lm_head", shape[0]),), inner=shape[1])

    def size_bytes(self) -> int:
        """Arena bytes of all matrices."""
        outer = [self._embed] if self._config.tied else [self._embed, self._head]
        total = sum(packed_bytes(self._head_form, [each]) for each in outer)
        for index in range(self._config.layers):
            linears = self.linears(index)
            for each in ([linears.qkv], [linears.out], linears.gate_up, linears.down):
                total += packed_bytes(self._form, each)
            if linears.router is not None:
                total += packed_bytes("bf16", [linears.router])
        return total

    def read(self, weights: Tensors, packer: Packer, max_positions: int) -> CpuWeights:
        """Pack everything; raises BadModel when a tensor is missing or misshapen."""
        config = self._config
        embed = packer.pack([self._embed], self._head_form)
        head = embed if config.tied else packer.pack([self._head], self._head_form)
        rotaries = tuple(
            RotaryTable.of(Rotary(spec, head_dim=config.head_dim, max_positions=max_positions))
            for spec in config.rotaries
        )
        return CpuWeights(
            embed=embed,
            head=head,
            norm=self._norm(weights, f"{self._prefix}norm", config.hidden_size),
            layers=tuple(self._layer(weights, packer, index) for index in range(config.layers)),
            rotaries=rotaries,
        )

    def linears(self, index: int) -> LayerLinears:
        """The matrices of a layer."""
        config = self._config
        prefix = f"{self._prefix}layers.{index}."
        qkv, out = attention_linears(config, prefix)
        places, inner, router = [f"{prefix}mlp."], config.intermediate_size, None
        if config.kinds[index].sparse:
            places = [f"{prefix}mlp.experts.{expert}." for expert in range(config.experts)]
            inner = config.expert_size
            parts = ((f"{prefix}mlp.gate", config.experts),)
            router = Linear(parts=parts, inner=config.hidden_size)
        mlps = [mlp_linears(place, hidden=config.hidden_size, inner=inner) for place in places]
        return LayerLinears(
            qkv=qkv,
            out=out,
            gate_up=[gate_up for gate_up, _ in mlps],
            down=[down for _, down in mlps],
            router=router,
        )

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
        linears, form = self.linears(index), self._form
        router = None
        if linears.router is not None:
            # A token's experts hang on small differences: the router is never quantised.
            router = packer.pack([linears.router], "bf16")
        return CpuLayer(
            kind=config.kinds[index],
            norms=norms,
            qkv=packer.pack([linears.qkv], form),
            out=packer.pack([linears.out], form),
            gate_up=packer.pack(linears.gate_up, form),
            down=packer.pack(linears.down, form),
            router=router,
        )

    def _norm(self, weights: Tensors, name: str, width: int) -> Floats:
        made = np.zeros(-(-width // GROUP) * GROUP, dtype=np.float32)
        stored = weights.tensor(f"{name}.weight", (width,))
        made[:width] = stored + np.float32(self._config.norm_offset)
        return made
