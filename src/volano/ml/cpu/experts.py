"""Mixtures of experts: choose experts for each token, bring tokens to them, and add up results.

Rows are (token, place among its chosen experts). They are sorted by expert, so that each expert is
one product over the rows that chose it, and experts that nobody chose cost nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.ml.cpu import program
from volano.ml.cpu.arguments import Fields
from volano.ml.cpu.dots import exp, fused, larger, max_lanes, sum_lanes
from volano.ml.cpu.ir import F32, LANES, VF32, Function
from volano.ml.cpu.rows import each_row

if TYPE_CHECKING:
    from volano.ml.cpu.ir import Value

EXPERTS_MAX = 1024

# Tables: `chosen` and `places` (tokens, k) as i64, `shares` (tokens, k) as float32, `starts`
# (experts + 1) as i64: where each expert's rows begin.
CHOOSE_FIELDS = ("x", "x_stride", "experts", "k", "normalise", "chosen", "shares")
SORT_FIELDS = ("experts", "k", "chosen", "places", "starts")
BRING_FIELDS = (
    "k", "places", "x", "scales", "sums", "x_stride", "groups_stride",
    "to", "to_scales", "to_sums", "to_stride", "to_groups_stride",
)  # fmt: skip
COMBINE_FIELDS = ("k", "places", "shares", "x", "x_stride", "width", "out", "out_stride")

_TAKEN = -2e30
_ABSENT = -1e30


def expert_functions() -> list[Function]:
    """The kernels of this file."""
    return [_choose(), _sort(), _bring(), _combine()]


def _kernel(name: str) -> Function:
    return Function(name, ["ptr", "ptr", "i64"])


def _choose() -> Function:
    """`choose_experts`: softmax over all experts and the k best of each token, best first."""
    f = _kernel("choose_experts")
    get = Fields(f, CHOOSE_FIELDS)
    scores = f.scratch(EXPERTS_MAX * 4)
    experts, k = get.number("experts"), get.number("k")
    width = (experts + (LANES - 1)) // LANES * LANES
    with each_row(f) as row:
        source = f.at(get.pointer("x"), row * get.number("x_stride"))
        with f.loop(0, width) as index:
            value = f.load(f.at(source, index * 4), F32)
            kept = f.select(f.compare("slt", index, experts), value, _ABSENT)
            f.store(kept, f.at(scores, index * 4))
        top = _highest(f, scores, width)
        total = f.variable(VF32)
        total.set(0.0)
        with f.loop(0, width, LANES) as index:
            value = f.load(f.at(scores, index * 4), VF32)
            total.set(total.value + exp(f, value - f.splat(top)))
        _pick(f, get, row, scores, width, top, sum_lanes(f, total.value), k)
    return f


def _pick(
    f: Function,
    get: Fields,
    row: Value,
    scores: Value,
    width: Value,
    top: Value,
    total: Value,
    k: Value,
) -> None:
    chosen = f.at(get.pointer("chosen"), row * k * 8)
    shares = f.at(get.pointer("shares"), row * k * 4)
    picked = f.variable(F32)
    picked.set(0.0)
    with f.loop(0, k) as place:
        best = _highest(f, scores, width)
        where = f.variable("i64")
        where.set(0)
        # From the end, so that the first of equals stays.
        with f.loop(0, width) as index:
            expert = width - 1 - index
            same = f.compare("oeq", f.load(f.at(scores, expert * 4), F32), best)
            with f.when(same):
                where.set(expert)
        f.store(where.value, f.at(chosen, place * 8))
        f.store(f.lift(F32, _TAKEN), f.at(scores, where.value * 4))
        power = exp(f, f.splat(best - top))
        share = f.make(F32, f"extractelement {VF32} {power.name}, i64 0")
        f.store(share, f.at(shares, place * 4))
        picked.set(picked.value + share)
    normalised = f.compare("ne", get.number("normalise"), 0)
    divisor = f.select(normalised, picked.value, total)
    with f.loop(0, k) as place:
        spot = f.at(shares, place * 4)
        f.store(f.load(spot, F32) / divisor, spot)


def _highest(f: Function, scores: Value, width: Value) -> Value:
    best = f.variable(VF32)
    best.set(_TAKEN)
    with f.loop(0, width, LANES) as index:
        best.set(larger(f, f.load(f.at(scores, index * 4), VF32), best.value))
    return max_lanes(f, best.value)


def _sort() -> Function:
    """`sort_experts`: count the rows of each expert and give every row its place; one chunk."""
    f = _kernel("sort_experts")
    get = Fields(f, SORT_FIELDS)
    experts, starts = get.number("experts"), get.pointer("starts")
    chosen, places = get.pointer("chosen"), get.pointer("places")
    rows = f.load(f.at(f.arguments[1], program.EXPERT_ROWS * 8), "i64")
    with f.loop(0, experts + 1) as expert:
        f.store(f.lift("i64", 0), f.at(starts, expert * 8))
    with f.loop(0, rows) as row:
        count = f.at(starts, f.load(f.at(chosen, row * 8), "i64") * 8 + 8)
        f.store(f.load(count, "i64") + 1, count)
    with f.loop(0, experts) as expert:
        following = f.at(starts, expert * 8 + 8)
        f.store(f.load(following, "i64") + f.load(f.at(starts, expert * 8), "i64"), following)
    # Hand out places from each start, and put the starts back afterwards.
    with f.loop(0, rows) as row:
        spot = f.at(starts, f.load(f.at(chosen, row * 8), "i64") * 8)
        place = f.load(spot, "i64")
        f.store(place, f.at(places, row * 8))
        f.store(place + 1, spot)
    with f.loop(0, experts) as index:
        expert = experts - index
        f.store(f.load(f.at(starts, expert * 8 - 8), "i64"), f.at(starts, expert * 8))
    f.store(f.lift("i64", 0), starts)
    return f


def _bring() -> Function:
    """`bring_rows`: copy each token's input to the places of its rows."""
    f = _kernel("bring_rows")
    get = Fields(f, BRING_FIELDS)
    k, places = get.number("k"), get.pointer("places")
    parts = (
        ("x", "to", "x_stride", "to_stride"),
        ("scales", "to_scales", "groups_stride", "to_groups_stride"),
        ("sums", "to_sums", "groups_stride", "to_groups_stride"),
    )
    with each_row(f) as row, f.loop(0, k) as index:
        place = f.load(f.at(places, (row * k + index) * 8), "i64")
        for source, target, stride, to_stride in parts:
            # The rows brought are as wide as their target, which is the narrower one.
            size = get.number(to_stride)
            found = f.at(get.pointer(source), row * get.number(stride))
            f.copy(f.at(get.pointer(target), place * size), found, size)
    return f


def _combine() -> Function:
    """`combine_experts`: add the results of a token's rows, by their shares, to its state."""
    f = _kernel("combine_experts")
    get = Fields(f, COMBINE_FIELDS)
    k = get.number("k")
    with each_row(f) as row, f.loop(0, k) as index:
        entry = row * k + index
        place = f.load(f.at(get.pointer("places"), entry * 8), "i64")
        share = f.splat(f.load(f.at(get.pointer("shares"), entry * 4), F32))
        source = f.at(get.pointer("x"), place * get.number("x_stride"))
        out = f.at(get.pointer("out"), row * get.number("out_stride"))
        with f.loop(0, get.number("width"), LANES) as lane:
            spot = f.at(out, lane * 4)
            value = f.load(f.at(source, lane * 4), VF32)
            f.store(fused(f, value, share, f.load(spot, VF32)), spot)
    return f
