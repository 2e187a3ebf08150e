"""A decoder's weights on the card: one stretch of memory, filled layer by layer from host memory.

The host's copy is laid out as the card's and pinned, so that a model which had to leave comes back
by copies alone, on a stream of their own, while other models go on decoding. Its address may be
another one then: what was captured with the old one is kept for when it is met again.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from volano.ml.cpu.memory import huge_bytes
from volano.ml.errors import OutOfMemory
from volano.ml.layers.rope import Rotary
from volano.ml.models.decoder import attention_linears, find_prefix, mlp_linears, norm_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.ml.gpu.device import Card
    from volano.ml.layers.arrays import Bytes
    from volano.ml.models.decoder import DecoderConfig, LayerConfig, Linear
    from volano.ml.models.weights import Tensors

ALIGN_BYTES = 256
READERS = 4


@dataclass(frozen=True, slots=True)
class _Place:
    """Stored tensors (name, shape), one under the other, at an offset of the arena."""

    parts: tuple[tuple[str, tuple[int, ...]], ...]
    shape: tuple[int, ...]
    offset: int
    added: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuLinear:
    """A matrix (out, in), or (experts, out, in), with what adapters may change of it."""

    weight: torch.Tensor
    bias: torch.Tensor | None
    parts: tuple[tuple[str, int, int], ...]  # name, first row, last row


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuLayer:
    """One layer; with a router, `gate_up` and `down` hold all experts."""

    kind: LayerConfig
    norms: dict[str, torch.Tensor]
    qkv: GpuLinear
    out: GpuLinear
    gate_up: GpuLinear
    down: GpuLinear
    router: torch.Tensor | None


class GpuWeights:
    """All that a step reads of a model; `park` and `restore` move it out and back."""

    def __init__(
        self,
        config: DecoderConfig,
        weights: Tensors,
        card: Card,
        dtype: torch.dtype,
        *,
        max_positions: int,
    ) -> None:
        """Read the weights and copy them over; raises BadModel or OutOfMemory."""
        layout = _Layout(config, find_prefix(weights.names()), dtype.itemsize)
        self.size_bytes = layout.size_bytes
        self._card = card
        free = card.memory().free
        if self.size_bytes > free:
            raise OutOfMemory(
                f"The model needs {self.size_bytes / 1e9:.1f} GB of the card's memory; "
                f"{free / 1e9:.1f} GB are free. One model runs on one card here."
            )
        self._host = huge_bytes(self.size_bytes)
        with card.moving():
            self._arena = torch.empty(self.size_bytes, dtype=torch.uint8, device=card.device)
            card.pin(self._host)
            self._pieces = layout.pieces
            self._fill(weights, dtype, layout)
            self.rotaries = [
                _tables(Rotary(spec, head_dim=config.head_dim, max_positions=max_positions), card)
                for spec in config.rotaries
            ]
        view = _View(self._arena, dtype)
        self.embed, self.norm = view.tensor(layout.embed), view.tensor(layout.norm)
        self.head = self.embed if layout.head is None else view.tensor(layout.head)
        self.layers = [layer.view(view) for layer in layout.layers]

    @property
    def address(self) -> int:
        """Where the weights are; 0 while they are parked."""
        return int(self._arena.untyped_storage().data_ptr())

    def park(self) -> None:
        """Give the card's memory back; the weights stay in pinned host memory."""
        self._card.settle()
        self._arena.untyped_storage().resize_(0)

    def restore(self) -> None:
        """Copy everything back, a layer at a time; raises OutOfMemory."""
        with self._card.moving():
            self._arena.untyped_storage().resize_(self.size_bytes)
            host = torch.from_numpy(self._host)
            for start, end in self._pieces:
                self._arena[start:end].copy_(host[start:end], non_blocking=True)

    def close(self) -> None:
        """Let go of the host's copy; only a model that will not be used again is closed."""
        self._card.unpin(self._host)
        self._host = self._host[:0]

    def _fill(self, weights: Tensors, dtype: torch.dtype, layout: _Layout) -> None:
        def read(index: int) -> tuple[int, int]:
            for place in layout.places[index]:
                _read(weights, place, self._host, dtype)
            return layout.pieces[index]

        host = torch.from_numpy(self._host)
        with ThreadPoolExecutor(max_workers=READERS) as threads:
            # A layer is on its way to the card while the next ones are read.
            for start, end in threads.map(read, range(len(layout.pieces))):
                self._arena[start:end].copy_(host[start:end], non_blocking=True)


@dataclass(frozen=True, slots=True)
class _View:
    """Tensors inside an arena."""

    arena: torch.Tensor
    dtype: torch.dtype

    def tensor(self, place: _Place) -> torch.Tensor:
        size = math.prod(place.shape) * self.dtype.itemsize
        piece = self.arena[place.offset : place.offset + size]
        return piece.view(self.dtype).reshape(place.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class _LinearPlace:
    weight: _Place
    bias: _Place | None
    linear: Linear

    def view(self, view: _View) -> GpuLinear:
        parts, first = [], 0
        for name, rows in self.linear.parts:
            parts.append((name.rsplit(".", 1)[-1], first, first + rows))
            first += rows
        return GpuLinear(
            weight=view.tensor(self.weight),
            bias=None if self.bias is None else view.tensor(self.bias),
            parts=tuple(parts),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _LayerPlace:
    kind: LayerConfig
    norms: dict[str, _Place]
    linears: dict[str, _LinearPlace]
    router: _Place | None

    def view(self, view: _View) -> GpuLayer:
        return GpuLayer(
            kind=self.kind,
            norms={use: view.tensor(place) for use, place in self.norms.items()},
            router=None if self.router is None else view.tensor(self.router),
            **{name: linear.view(view) for name, linear in self.linears.items()},
        )


class _Layout:
    """Where each tensor goes; `places` and `pieces` (start, end) are by layer, the outer first."""

    def __init__(self, config: DecoderConfig, prefix: str, item_bytes: int) -> None:
        self._config, self._prefix, self._item_bytes = config, prefix, item_bytes
        self.size_bytes = 0
        self.places: list[list[_Place]] = []
        self.pieces: list[tuple[int, int]] = []
        shape = (config.vocab_size, config.hidden_size)
        self._begin()
        self.embed = self._place(((f"{prefix}embed_tokens.weight", shape),), shape)
        self.head = None if config.tied else self._place((("lm_head.weight", shape),), shape)
        self.norm = self._norm(f"{prefix}norm", config.hidden_size)
        self._end()
        self.layers = [self._layer(index) for index in range(config.layers)]

    def _layer(self, index: int) -> _LayerPlace:
        config = self._config
        prefix = f"{self._prefix}layers.{index}."
        self._begin()
        norms = {
            use: self._norm(f"{prefix}{name}", config.hidden_size)
            for use, name in norm_names(config).items()
        }
        if config.qk_norm:
            for use in ("q", "k"):
                norms[use] = self._norm(f"{prefix}self_attn.{use}_norm", config.head_dim)
        qkv, out = attention_linears(config, prefix)
        kind, router = config.kinds[index], None
        places, inner = [f"{prefix}mlp."], config.intermediate_size
        if kind.sparse:
            places = [f"{prefix}mlp.experts.{expert}." for expert in range(config.experts)]
            inner = config.expert_size
            shape = (config.experts, config.hidden_size)
            router = self._place(((f"{prefix}mlp.gate.weight", shape),), shape)
        mlps = [mlp_linears(place, hidden=config.hidden_size, inner=inner) for place in places]
        made = _LayerPlace(
            kind=kind,
            norms=norms,
            linears={
                "qkv": self._linear([qkv]),
                "out": self._linear([out]),
                "gate_up": self._linear([gate_up for gate_up, _ in mlps]),
                "down": self._linear([down for _, down in mlps]),
            },
            router=router,
        )
        self._end()
        return made

    def _linear(self, linears: Sequence[Linear]) -> _LinearPlace:
        one = linears[0]
        parts = tuple(
            (f"{name}.weight", (rows, linear.inner))
            for linear in linears
            for name, rows in linear.parts
        )
        shape = (one.rows, one.inner) if len(linears) == 1 else (len(linears), one.rows, one.inner)
        bias = None
        if one.bias:
            bias = self._place(
                tuple((f"{name}.bias", (rows,)) for name, rows in one.parts), (one.rows,)
            )
        return _LinearPlace(weight=self._place(parts, shape), bias=bias, linear=one)

    def _norm(self, name: str, width: int) -> _Place:
        part = ((f"{name}.weight", (width,)),)
        return self._place(part, (width,), added=self._config.norm_offset)

    def _place(
        self,
        parts: tuple[tuple[str, tuple[int, ...]], ...],
        shape: tuple[int, ...],
        *,
        added: float = 0.0,
    ) -> _Place:
        place = _Place(parts, shape, self.size_bytes, added)
        size = math.prod(shape) * self._item_bytes
        self.size_bytes += -(-size // ALIGN_BYTES) * ALIGN_BYTES
        self.places[-1].append(place)
        return place

    def _begin(self) -> None:
        self.places.append([])
        self.pieces.append((self.size_bytes, self.size_bytes))

    def _end(self) -> None:
        self.pieces[-1] = (self.pieces[-1][0], self.size_bytes)


def _read(weights: Tensors, place: _Place, host: Bytes, dtype: torch.dtype) -> None:
    """Put a place's tensors into the host's copy, rounded to `dtype`."""
    stored_type = np.uint16 if dtype == torch.bfloat16 else np.float32
    size = math.prod(place.shape) * dtype.itemsize
    whole = host[place.offset : place.offset + size].view(stored_type)
    at = 0
    for name, shape in place.parts:
        into = whole[at : at + math.prod(shape)].reshape(shape)
        at += math.prod(shape)
        stored = weights.stored(name, shape)
        if place.added or stored.dtype != stored_type:
            values = torch.from_numpy(weights.tensor(name, shape) + np.float32(place.added))
            stored = values.to(dtype).view(torch.int16 if dtype.itemsize == 2 else dtype).numpy()
        np.copyto(into, stored.view(stored_type))


def _tables(rotary: Rotary, card: Card) -> tuple[torch.Tensor, torch.Tensor]:
    cos, sin = (torch.from_numpy(each).to(card.device) for each in (rotary.cos, rotary.sin))
    return cos, sin
