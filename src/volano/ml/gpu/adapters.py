"""Low-rank adapters on the card: each token's own change is added after a product.

Rows of one adapter lie together in a step, so a change is two thin products for each adapter that
the step has; such steps are not captured, since their shapes are the requests' own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from volano.ml.errors import BadModel
from volano.ml.models.batch import ADAPTER_SLOTS

if TYPE_CHECKING:
    from volano.ml.gpu.device import Card
    from volano.ml.gpu.weights import GpuLayer, GpuLinear
    from volano.ml.layers.arrays import Ints
    from volano.ml.models.batch import Adapter

# First row, end and slot of a run of tokens with one adapter.
Run = tuple[int, int, int]


class Adapters:
    """The adapters of one model by slot."""

    def __init__(self, layers: list[GpuLayer], card: Card, dtype: torch.dtype) -> None:
        self._card, self._dtype = card, dtype
        self._shapes: dict[tuple[int, str], tuple[int, int]] = {}
        for index, layer in enumerate(layers):
            dense = () if layer.router is not None else (layer.gate_up, layer.down)
            for linear in (layer.qkv, layer.out, *dense):
                for name, first, last in linear.parts:
                    self._shapes[index, name] = (last - first, linear.weight.shape[1])
        self._held: list[dict[tuple[int, str], tuple[torch.Tensor, torch.Tensor]]] = [
            {} for _ in range(ADAPTER_SLOTS)
        ]

    def put(self, slot: int, adapter: Adapter | None) -> None:
        """Set or clear a slot; raises BadModel, and clears, when the adapter does not fit."""
        self._held[slot] = {}
        deltas = adapter.deltas if adapter is not None else {}
        for (layer, name), (down, up) in deltas.items():
            shape = self._shapes.get((layer, name))
            if shape is None:
                raise BadModel(
                    f"The adapter changes {name} of layer {layer}, which cannot be changed."
                )
            rows, inner = shape
            if down.shape != (len(down), inner) or up.shape != (rows, len(down)):
                raise BadModel(
                    f"The adapter has {down.shape} and {up.shape} where the model has "
                    f"{inner} values in and {rows} out."
                )
        with self._card.computing():
            self._held[slot] = {
                place: (self._to_card(pair[0]), self._to_card(pair[1]))
                for place, pair in deltas.items()
            }

    def runs(self, slots: Ints | None) -> tuple[Run, ...]:
        """Where tokens of one adapter begin and end, those without one left out."""
        if slots is None:
            return ()
        edges = np.flatnonzero(np.diff(slots)) + 1
        starts, ends = [0, *edges.tolist()], [*edges.tolist(), len(slots)]
        found = zip(starts, ends, slots[starts].tolist(), strict=True)
        return tuple(run for run in found if run[2] >= 0 and self._held[run[2]])

    def add(
        self, layer: int, linear: GpuLinear, x: torch.Tensor, y: torch.Tensor, runs: tuple[Run, ...]
    ) -> None:
        """Add the changes to `y` = the linear of `x`, in place."""
        for start, end, slot in runs:
            for name, first, last in linear.parts:
                pair = self._held[slot].get((layer, name))
                if pair is not None:
                    down, up = pair
                    y[start:end, first:last] += (x[start:end] @ down.T) @ up.T

    def _to_card(self, values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self._card.device, self._dtype)
