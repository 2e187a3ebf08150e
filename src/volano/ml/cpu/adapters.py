"""Low-rank adapters (LoRA): after a product, add each token's own change to it.

Tokens of one step may have different adapters or none; `down` and `up` are float32, both stored by
rank, so that a token reads two short rows for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from volano.ml.cpu import program
from volano.ml.cpu.arguments import Fields
from volano.ml.cpu.dots import fused, sum_lanes
from volano.ml.cpu.ir import F32, LANES, VF32, VI8, VI16, VI32, Function
from volano.ml.cpu.matmul import GROUP
from volano.ml.cpu.rows import each_row
from volano.ml.errors import BadModel
from volano.ml.models.batch import ADAPTER_SLOTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.ml.cpu.ir import Value
    from volano.ml.cpu.layers import LayerLinears
    from volano.ml.layers.arrays import Floats, Ints
    from volano.ml.models.batch import Adapter

ADAPT_FIELDS = ("table", "x", "x_stride", "scales", "groups_stride", "width", "out", "out_stride")
_ENTRY = 4  # addresses of down and up, rank, padded rows


def adapter_functions() -> list[Function]:
    """`adapt_bf16` and `adapt_int8`, named after the form of the product's input."""
    return [_adapt("bf16"), _adapt("int8")]


class LayerAdapters:
    """The tables of all parts of all layers' linears that adapters may change."""

    def __init__(self, layers: Sequence[LayerLinears]) -> None:
        self._tables: dict[tuple[int, str], AdapterTable] = {}
        for index, layer in enumerate(layers):
            dense = [*layer.gate_up, *layer.down] if layer.router is None else []
            for linear in (layer.qkv, layer.out, *dense):
                for name, rows in linear.parts:
                    table = AdapterTable(rows=rows, inner=linear.inner)
                    self._tables[index, name.rsplit(".", 1)[-1]] = table

    def table(self, layer: int, name: str) -> AdapterTable:
        """The table of a part such as `q_proj`."""
        return self._tables[layer, name]

    def put(self, slot: int, adapter: Adapter | None) -> None:
        """Set or clear a slot in every table; raises BadModel, and clears, when it does not fit."""
        for table in self._tables.values():
            table.put(slot, None)
        deltas = adapter.deltas if adapter is not None else {}
        unknown = [place for place in deltas if place not in self._tables]
        if unknown:
            layer, name = unknown[0]
            raise BadModel(f"The adapter changes {name} of layer {layer}, which cannot be changed.")
        try:
            for place, delta in deltas.items():
                self._tables[place].put(slot, delta)
        except BadModel:
            self.put(slot, None)
            raise


class AdapterTable:
    """What each slot's adapter changes in one part of a linear."""

    def __init__(self, *, rows: int, inner: int) -> None:
        self.rows, self._inner = rows, inner
        self.entries: Ints = np.zeros((ADAPTER_SLOTS, _ENTRY), dtype=np.int64)
        self._held: dict[int, tuple[Floats, Floats]] = {}

    @property
    def used(self) -> bool:
        """Whether any slot changes anything."""
        return bool(self._held)

    def put(self, slot: int, delta: tuple[Floats, Floats] | None) -> None:
        """Set or clear a slot; raises BadModel when shapes do not fit."""
        self.entries[slot] = 0
        self._held.pop(slot, None)
        if delta is None:
            return
        down, up = delta
        rank = len(down)
        if down.shape != (rank, self._inner) or up.shape != (self.rows, rank):
            raise BadModel(
                f"The adapter has {down.shape} and {up.shape} where the model has "
                f"{self._inner} values in and {self.rows} out."
            )
        held = _by_rank(down, GROUP), _by_rank(up.T, LANES)
        self._held[slot] = held
        self.entries[slot] = held[0].ctypes.data, held[1].ctypes.data, rank, held[1].shape[1]


def _by_rank(values: Floats, whole: int) -> Floats:
    rank, width = values.shape
    made = np.zeros((rank, -(-width // whole) * whole), dtype=np.float32)
    made[:, :width] = values
    return made


def _adapt(form: str) -> Function:
    f = Function(f"adapt_{form}", ["ptr", "ptr", "i64"])
    get = Fields(f, ADAPT_FIELDS)
    slots = f.load(f.at(f.arguments[1], program.ADAPTERS * 8), "ptr")
    used = f.compare("ne", f.cast("ptrtoint", slots, "i64"), 0)
    with f.when(used), each_row(f) as row:
        slot = f.load(f.at(slots, row * 8), "i64")
        with f.when(f.compare("sge", slot, 0)):
            entry = f.at(get.pointer("table"), slot * (8 * _ENTRY))
            _add_change(f, get, form, row, entry)
    return f


def _add_change(f: Function, get: Fields, form: str, row: Value, entry: Value) -> None:
    down, up = f.load(entry, "ptr"), f.load(f.at(entry, 8), "ptr")
    rank, rows = f.load(f.at(entry, 16), "i64"), f.load(f.at(entry, 24), "i64")
    x = f.at(get.pointer("x"), row * get.number("x_stride"))
    scales = f.at(get.pointer("scales"), row * get.number("groups_stride"))
    out = f.at(get.pointer("out"), row * get.number("out_stride"))
    width = get.number("width")
    with f.loop(0, rank) as index:
        total = f.variable(VF32)
        total.set(0.0)
        row_of_down = f.at(down, index * width * 4)
        with f.loop(0, width, LANES) as lane:
            value = _input(f, form, x, scales, lane)
            total.set(fused(f, value, f.load(f.at(row_of_down, lane * 4), VF32), total.value))
        share = f.splat(sum_lanes(f, total.value))
        row_of_up = f.at(up, index * rows * 4)
        with f.loop(0, rows, LANES) as lane:
            spot = f.at(out, lane * 4)
            change = f.load(f.at(row_of_up, lane * 4), VF32)
            f.store(fused(f, change, share, f.load(spot, VF32)), spot)


def _input(f: Function, form: str, x: Value, scales: Value, lane: Value) -> Value:
    """Sixteen values of what the product read."""
    if form == "bf16":
        return f.bits(f.cast("zext", f.load(f.at(x, lane * 2), VI16), VI32) << 16, VF32)
    whole = f.cast("sitofp", f.load(f.at(x, lane), VI8), VF32)
    return whole * f.splat(f.load(f.at(scales, lane // GROUP * 4), F32))
