"""Attention over the paged cache, for decoding and prompt chunks alike.

The cache holds bfloat16 in the order that products want: keys as [dims / 2][16 positions][2], so
that sixteen scores come from one pass without sums across lanes, and values as
[positions / 2][dims][2]. A work item is a few rows (query tokens times the heads that share a key
head) of one sequence; it walks the context 32 positions at a time from a multiple of 32, keeping a
running maximum and sum. So results do not depend on how a prompt was cut into chunks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.ml.cpu import program
from volano.ml.cpu.arguments import Fields
from volano.ml.cpu.dots import exp, larger, max_lanes, pair_dot, sum_lanes, tanh, to_bf16
from volano.ml.cpu.ir import F32, LANES, VF32, VI32, Function

if TYPE_CHECKING:
    from volano.ml.cpu.ir import Value
    from volano.ml.cpu.machine import Target

SPAN = 2 * LANES  # positions of one pass
HEAD_DIM_MAX = 512
ITEM_FIELDS = 4  # first row, tokens, first position, address of the block table

ATTENTION_FIELDS = (
    "q", "q_stride", "dims", "head_dim", "group", "kv_heads", "keys", "values", "block_bytes",
    "block_size", "scale", "softcap", "window", "out", "out_stride",
)  # fmt: skip

_UNSEEN = -1e30


def tile_sizes(target: Target) -> list[int]:
    """How many rows a pass may hold; what it makes of rows beyond their number is not used."""
    return [size for size in (1, 2, 3, 4, 6, 8, 12) if size <= target.tile]


def attention_functions(target: Target) -> list[Function]:
    """The kernel `attention` and its parts."""
    sizes = tile_sizes(target)
    parts = [make(target, size) for size in sizes for make in (_scores, _mix)]
    return [*parts, _soften(), _attention(target, sizes)]


def _scores(target: Target, rows: int) -> Function:
    """Products of query rows with 32 keys: (queries, 2 keys of 16, 2 next keys, scores, dims)."""
    f = Function(f"scores_{rows}", ["ptr"] * 6 + ["i64"], linkage="internal")
    queries, first, second, *following, out, dims = f.arguments
    totals = [[f.variable(VF32, 0.0) for _ in range(2)] for _ in range(rows)]
    with f.loop(0, dims // 2) as pair:
        keys = [f.load(f.at(each, pair * 64), VI32) for each in (first, second)]
        for each in following:
            f.prefetch(f.at(each, pair * 64))
        for row, sums in enumerate(totals):
            query = f.splat(f.load(f.at(queries, dims * (2 * row) + pair * 4), "i32"))
            for key, total in zip(keys, sums, strict=True):
                total.set(pair_dot(f, target, total.value, query, key))
    for row, sums in enumerate(totals):
        for half, total in enumerate(sums):
            f.store(total.value, f.at(out, row * 128 + half * 64))
    return f


def _mix(target: Target, rows: int) -> Function:
    """Rescale mixed values and add 32: (shares, 2 values, 2 next values, mixed, factors, dims)."""
    f = Function(f"mix_{rows}", ["ptr"] * 7 + ["i64"], linkage="internal")
    shares, first, second, *following, mixed, factors, dims = f.arguments
    totals = [[f.variable(VF32) for _ in range(2)] for _ in range(rows)]
    with f.loop(0, dims, 2 * LANES) as dim:
        for row, sums in enumerate(totals):
            factor = f.splat(f.load(f.at(factors, row * 4), F32))
            for half, total in enumerate(sums):
                place = f.at(mixed, (dims * row + dim) * 4 + half * 64)
                total.set(f.load(place, VF32) * factor)
        for part, values in enumerate((first, second)):
            with f.loop(0, LANES // 2) as pair:
                place = f.at(values, (pair * dims + dim) * 4)
                halves = [f.load(f.at(place, half * 64), VI32) for half in range(2)]
                ahead = f.at(following[part], (pair * dims + dim) * 4)
                for line in (0, 64):
                    f.prefetch(f.at(ahead, line))
                for row, sums in enumerate(totals):
                    word = f.load(f.at(shares, pair * 4 + (row * 64 + part * 32)), "i32")
                    for value, total in zip(halves, sums, strict=True):
                        total.set(pair_dot(f, target, total.value, f.splat(word), value))
        for row, sums in enumerate(totals):
            for half, total in enumerate(sums):
                f.store(total.value, f.at(mixed, (dims * row + dim) * 4 + half * 64))
    return f


def _soften() -> Function:
    """One row of scores to shares: (scores, shares, state, position, last, first, scale, cap).

    `state` is maximum, sum and factor of the row, each `_STATE_BYTES` from the other.
    """
    f = Function(
        "soften",
        ["ptr", "ptr", "ptr", "i64", "i64", "i64", F32, F32],
        linkage="internal",
    )
    scores, shares, state, position, last, first, scale, cap = f.arguments
    factor = f.splat(scale)
    lanes = ", ".join(f"i32 {lane}" for lane in range(LANES))
    values, seen = [], []
    for half in range(2):
        value = f.load(f.at(scores, half * 64), VF32) * factor
        spot = f.splat(f.cast("trunc", position + half * LANES, "i32"))
        spots = f.make(VI32, f"add {VI32} {spot.name}, <{lanes}>")
        inside = [
            f.compare("sle", spots, f.splat(f.cast("trunc", last, "i32"))),
            f.compare("sge", spots, f.splat(f.cast("trunc", first, "i32"))),
        ]
        seen.append(inside[0] & inside[1])
        values.append(_capped(f, value, cap))
    values = [f.select(mask, value, _UNSEEN) for mask, value in zip(seen, values, strict=True)]
    old = f.load(state, F32)
    top = max_lanes(f, larger(f, values[0], values[1]))
    new = f.select(f.compare("ogt", top, old), top, old)
    base = f.splat(new)
    powers = [
        f.select(mask, exp(f, value - base), 0.0) for mask, value in zip(seen, values, strict=True)
    ]
    correction = exp(f, f.splat(old - new))
    scaled = f.make(F32, f"extractelement {VF32} {correction.name}, i64 0")
    total = f.load(f.at(state, _STATE_BYTES), F32) * scaled
    f.store(new, state)
    f.store(total + sum_lanes(f, powers[0] + powers[1]), f.at(state, _STATE_BYTES))
    f.store(scaled, f.at(state, 2 * _STATE_BYTES))
    for half, power in enumerate(powers):
        f.store(to_bf16(f, power), f.at(shares, half * 32))
    return f


_STATE_BYTES = 64


def _capped(f: Function, value: Value, cap: Value) -> Value:
    made = f.variable(VF32)
    made.set(value)
    with f.when(f.compare("ogt", cap, 0.0)):
        wide = f.splat(cap)
        made.set(tanh(f, value / wide) * wide)
    return made.value


class _Place:
    """What a work item looks at: its sequence, key head and rows."""

    def __init__(self, f: Function) -> None:
        _, step, chunk = f.arguments
        self.get = get = Fields(f, ATTENTION_FIELDS)
        self.dims, self.group = get.number("dims"), get.number("group")
        self.head = chunk % get.number("kv_heads")
        items = f.load(f.at(step, program.ITEM_TABLE * 8), "ptr")
        item = f.at(items, chunk // get.number("kv_heads") * (8 * ITEM_FIELDS))
        self.first_row = f.load(item, "i64")
        self.rows = f.load(f.at(item, 8), "i64") * self.group
        self.position = f.load(f.at(item, 16), "i64")
        self.table = f.load(f.at(item, 24), "ptr")
        self.cache = f.load(f.at(step, program.CACHE * 8), "ptr")


def _attention(target: Target, sizes: list[int]) -> Function:
    f = Function("attention", ["ptr", "ptr", "i64"])
    place = _Place(f)
    tile = target.tile
    queries = f.scratch(tile * HEAD_DIM_MAX * 2)
    mixed = f.scratch(tile * HEAD_DIM_MAX * 4)
    scores, shares = f.scratch(tile * 128), f.scratch(tile * 64)
    state = f.scratch(3 * _STATE_BYTES)
    with f.loop(0, place.rows, tile) as first:
        left = place.rows - first
        count = f.select(f.compare("slt", left, tile), left, f.lift("i64", tile))
        _load_rows(f, place, first, count, queries, mixed, state)
        last_seen = place.position + (first + count - 1) // place.group
        start = _first_seen(f, place, first) // SPAN * SPAN
        _ask_for(f, place, _blocks(f, place, start, last_seen))
        with f.loop(start, last_seen + 1, SPAN) as base:
            keys, values = _blocks(f, place, base, last_seen)
            # The pages of a cache lie apart: the next ones are asked for while these are read.
            following = f.select(f.compare("slt", base + SPAN, last_seen), base + SPAN, base)
            next_keys, next_values = _blocks(f, place, following, last_seen)
            passed = [queries, *keys, *next_keys, scores, place.dims]
            _by_size(f, sizes, count, "scores", passed)
            with f.loop(0, count) as row:
                _soften_row(f, place, first, row, base, scores, shares, state)
            factors = f.at(state, 2 * _STATE_BYTES)
            passed = [shares, *values, *next_values, mixed, factors, place.dims]
            _by_size(f, sizes, count, "mix", passed)
        _store_rows(f, place, first, count, mixed, state)
    return f


def _ask_for(f: Function, place: _Place, blocks: tuple[list[Value], list[Value]]) -> None:
    """Have the first keys and values on their way before the rows are made ready."""
    with f.loop(0, place.dims * LANES * 2, 64) as line:
        for each in (*blocks[0], *blocks[1]):
            f.prefetch(f.at(each, line))


def _by_size(
    f: Function, sizes: list[int], count: Value, name: str, arguments: list[Value]
) -> None:
    below = 0
    for size in sizes:
        fits = f.compare("sgt", count, below) & f.compare("sle", count, size)
        with f.when(fits):
            f.call(f"{name}_{size}", "void", *arguments)
        below = size


def _row_place(f: Function, place: _Place, row: Value) -> tuple[Value, Value]:
    """The token (in the batch) and the query head of a row of the item."""
    token = place.first_row + row // place.group
    return token, place.head * place.group + row % place.group


def _load_rows(
    f: Function,
    place: _Place,
    first: Value,
    count: Value,
    queries: Value,
    mixed: Value,
    state: Value,
) -> None:
    row_bytes = place.dims * 2
    f.clear(mixed, row_bytes * count * 2)
    with f.loop(0, count) as row:
        f.store(f.lift(F32, _UNSEEN), f.at(state, row * 4))
        f.store(f.lift(F32, 0.0), f.at(state, row * 4 + _STATE_BYTES))
        token, head = _row_place(f, place, first + row)
        offset = token * place.get.number("q_stride") + head * row_bytes
        f.copy(f.at(queries, row * row_bytes), f.at(place.get.pointer("q"), offset), row_bytes)


def _first_seen(f: Function, place: _Place, row: Value) -> Value:
    """The first position that a row sees."""
    window = place.get.number("window")
    start = place.position + row // place.group - window + 1
    inside = f.select(f.compare("sgt", start, 0), start, f.lift("i64", 0))
    return f.select(f.compare("sgt", window, 0), inside, f.lift("i64", 0))


def _blocks(
    f: Function, place: _Place, base: Value, last_seen: Value
) -> tuple[list[Value], list[Value]]:
    """Where the keys and the values of two times sixteen positions are."""
    get = place.get
    keys, values = [], []
    size = get.number("block_size")
    for half in range(2):
        spot = base + half * LANES
        # Beyond the context any keys do: they are not seen.
        spot = f.select(f.compare("sle", spot, last_seen), spot, base)
        block = f.load(f.at(place.table, spot // size * 8), "i64")
        within = (place.head * size + spot % size) * place.dims * 2
        start = f.at(place.cache, block * get.number("block_bytes") + within)
        keys.append(f.at(start, get.number("keys")))
        values.append(f.at(start, get.number("values")))
    return keys, values


def _soften_row(
    f: Function,
    place: _Place,
    first: Value,
    row: Value,
    base: Value,
    scores: Value,
    shares: Value,
    state: Value,
) -> None:
    get = place.get
    last = place.position + (first + row) // place.group
    f.call(
        "soften",
        "void",
        f.at(scores, row * 128),
        f.at(shares, row * 64),
        f.at(state, row * 4),
        base,
        last,
        _first_seen(f, place, first + row),
        get.real("scale"),
        get.real("softcap"),
    )


def _store_rows(
    f: Function, place: _Place, first: Value, count: Value, mixed: Value, state: Value
) -> None:
    get = place.get
    with f.loop(0, count) as row:
        token, head = _row_place(f, place, first + row)
        total = f.load(f.at(state, row * 4 + _STATE_BYTES), F32)
        inverse = f.splat(f.lift(F32, 1.0) / total)
        source = f.at(mixed, row * place.dims * 4)
        with f.loop(0, place.dims, LANES) as dim:
            spot = f.at(source, dim * 4)
            f.store(f.load(spot, VF32) * inverse, spot)
        head_bytes = get.number("head_dim") * 4
        offset = token * get.number("out_stride") + head * head_bytes
        f.copy(f.at(get.pointer("out"), offset), source, head_bytes)
