"""Products of a few to many tokens with packed weights: `out[t, n] = sum_k x[t, k] * w[n, k]`.

Weights lie in blocks of 32 rows, each block one sequential stream, so that a step with few tokens
reads memory at its full speed; with many tokens the block stays in the cache while tiles of tokens
pass over it. Sums of one (token, row) are always made in the same order: the result does not
depend on which other tokens share the step.

bfloat16: [rows / 32][inner / 2][32][2]. Quantised: [rows / 32][inner / 128] of 32 bfloat16 scales
and then bytes [32][32][4] (int8, stored plus 128), or nibbles [16][32][8] (int4, stored plus 8),
whose low halves are the even and high halves the odd quads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.ml.cpu.arguments import Fields
from volano.ml.cpu.dots import fused, pair_dot, quad_dot
from volano.ml.cpu.ir import F32, VF32, VI32, Function

if TYPE_CHECKING:
    from volano.ml.cpu.ir import Value, Variable
    from volano.ml.cpu.machine import Target

BLOCK_ROWS = 32
GROUP = 128  # inner values that share a scale
ROW_BYTES = BLOCK_ROWS * 4  # one i32 of each row of a block
SCALE_BYTES = BLOCK_ROWS * 2
# How far ahead of its use a block's stream is asked for; measured best between 4 and 8 KB.
PREFETCH_BYTES = 6144
_UNROLL = 4

LINEAR_FIELDS = (
    "weights", "blocks", "depth", "block_bytes", "blocks_per_chunk", "x", "x_stride", "scales",
    "sums", "groups_stride", "out", "out_stride", "bias", "add", "count_slot",
)  # fmt: skip
# Experts' blocks lie one after the other; `starts` says where each expert's tokens begin.
EXPERTS_FIELDS = (*LINEAR_FIELDS, "starts", "chunks")

_BITS = {"bf16": 16, "int8": 8, "int4": 4}


def linear_functions(target: Target, form: str) -> list[Function]:
    """The kernels `linear_` and `experts_` for one format of weights, with their tiles."""
    sizes = range(1, target.tile + 1)
    tiles = [_tile(target, form, _BITS[form], tokens) for tokens in sizes]
    return [*tiles, _linear(target, form, tiles), _experts(target, form, tiles)]


def padded_inner(form: str, inner: int) -> int:
    """Values of a packed row: whole groups, or whole cache lines of pairs."""
    whole = BLOCK_ROWS if form == "bf16" else GROUP
    return -(-inner // whole) * whole


def depth_of(form: str, inner: int) -> int:
    """How many pairs (bfloat16) or groups (quantised) a row has."""
    return padded_inner(form, inner) // (2 if form == "bf16" else GROUP)


def block_bytes(form: str, inner: int) -> int:
    """Bytes of 32 packed rows."""
    if form == "bf16":
        return depth_of(form, inner) * ROW_BYTES
    return depth_of(form, inner) * (SCALE_BYTES + GROUP * _BITS[form] // 8 * BLOCK_ROWS)


def _linear(target: Target, kind: str, tiles: list[Function]) -> Function:
    """One chunk: a few blocks of rows, all tokens."""
    f = Function(f"linear_{kind}", ["ptr", "ptr", "i64"])
    get = Fields(f, LINEAR_FIELDS)
    tokens = f.load(f.at(f.arguments[1], get.number("count_slot") * 8), "i64")
    _all_tiles(f, target, get, tiles, f.arguments[2], f.lift("i64", 0), tokens)
    return f


def _experts(target: Target, kind: str, tiles: list[Function]) -> Function:
    """One chunk: a few blocks of one expert's rows, the tokens that chose it."""
    f = Function(f"experts_{kind}", ["ptr", "ptr", "i64"])
    get = Fields(f, EXPERTS_FIELDS)
    chunks = get.number("chunks")
    expert = f.arguments[2] // chunks
    starts = f.at(get.pointer("starts"), expert * 8)
    first = f.load(starts, "i64")
    count = f.load(f.at(starts, 8), "i64") - first
    with f.when(f.compare("sgt", count, 0)):
        block = expert * get.number("blocks")
        _all_tiles(f, target, get, tiles, f.arguments[2] % chunks, block, count, first)
    return f


def _all_tiles(
    f: Function,
    target: Target,
    get: Fields,
    tiles: list[Function],
    chunk: Value,
    skipped_blocks: Value,
    tokens: Value,
    first_token: Value | int = 0,
) -> None:
    """Tokens from `first_token` times a chunk's blocks, after the weights of other experts."""
    per_chunk = get.number("blocks_per_chunk")
    last = _smaller(f, chunk * per_chunk + per_chunk, get.number("blocks"))
    # Tiles of even size: 13 tokens are 7 and 6, not 12 and 1.
    passes = (tokens + (target.tile - 1)) // target.tile
    passes = f.select(f.compare("sgt", passes, 1), passes, 1)
    size = (tokens + passes - 1) // passes
    x_stride, out_stride = get.number("x_stride"), get.number("out_stride")
    groups_stride, bias = get.number("groups_stride"), get.number("bias")
    no_bias = f.compare("eq", bias, 0)
    with f.loop(chunk * per_chunk, last) as block:
        weights = get.number("weights") + (skipped_blocks + block) * get.number("block_bytes")
        block_bias = f.select(no_bias, f.lift("i64", 0), bias + block * ROW_BYTES)
        out = get.number("out") + block * ROW_BYTES
        with f.loop(0, tokens, size) as offset:
            count = _smaller(f, size, tokens - offset)
            token = offset + first_token
            passed = [
                weights,
                get.number("x") + token * x_stride,
                x_stride,
                get.number("scales") + token * groups_stride,
                get.number("sums") + token * groups_stride,
                groups_stride,
                out + token * out_stride,
                out_stride,
                get.number("depth"),
                block_bias,
                get.number("add"),
            ]
            for number, tile in enumerate(tiles, 1):
                with f.when(f.compare("eq", count, number)):
                    f.call(tile.name, "void", *passed)


def _smaller(f: Function, a: Value, b: Value) -> Value:
    return f.select(f.compare("slt", a, b), a, b)


def _pointer(f: Function, address: Value) -> Value:
    return f.cast("inttoptr", address, "ptr")


def _tile(target: Target, kind: str, bits: int, tokens: int) -> Function:
    """`tokens` tokens times one block of rows."""
    f = Function(f"tile_{kind}_{tokens}", ["i64"] * 11, linkage="internal")
    weights, x, x_stride, scales, sums, groups_stride, out, out_stride, depth, bias, add = (
        f.arguments
    )
    totals = [[f.variable(VF32, 0.0) for _ in range(2)] for _ in range(tokens)]
    rows = [_pointer(f, x + x_stride * token) for token in range(tokens)]
    stream = _pointer(f, weights)
    if bits == 16:
        _sum_pairs(f, target, totals, rows, stream, depth)
    else:
        group_terms = [
            (_pointer(f, scales + groups_stride * t), _pointer(f, sums + groups_stride * t))
            for t in range(tokens)
        ]
        _sum_groups(f, target, bits, totals, rows, group_terms, stream, depth)
    _finish(f, totals, _pointer(f, out), out_stride, bias, add)
    return f


def _finish(
    f: Function,
    totals: list[list[Variable]],
    out: Value,
    out_stride: Value,
    bias: Value,
    add: Value,
) -> None:
    with f.when(f.compare("ne", bias, 0)):
        for half in range(2):
            terms = f.load(f.at(_pointer(f, bias), 64 * half), VF32)
            for pair in totals:
                pair[half].set(pair[half].value + terms)
    with f.when(f.compare("ne", add, 0)):
        for token, pair in enumerate(totals):
            for half in range(2):
                place = f.at(out, out_stride * token + 64 * half)
                pair[half].set(pair[half].value + f.load(place, VF32))
    for token, pair in enumerate(totals):
        for half in range(2):
            f.store(pair[half].value, f.at(out, out_stride * token + 64 * half))


def _sum_pairs(
    f: Function,
    target: Target,
    totals: list[list[Variable]],
    rows: list[Value],
    stream: Value,
    depth: Value,
) -> None:
    with f.loop(0, depth, _UNROLL) as pair:
        for step in range(_UNROLL):
            place = f.at(stream, (pair + step) * ROW_BYTES)
            halves = _load_row(f, place)
            for row, sums in zip(rows, totals, strict=True):
                value = f.splat(f.load(f.at(row, (pair + step) * 4), "i32"))
                for half, total in zip(halves, sums, strict=True):
                    total.set(pair_dot(f, target, total.value, value, half))


def _load_row(f: Function, place: Value) -> list[Value]:
    """32 i32, asking for what comes later; each is used soon by every token of the tile."""
    for line in (0, 64):
        f.prefetch(f.at(place, PREFETCH_BYTES + line))
    return [f.load(f.at(place, 64 * half), VI32) for half in range(2)]


def _sum_groups(
    f: Function,
    target: Target,
    bits: int,
    totals: list[list[Variable]],
    rows: list[Value],
    group_terms: list[tuple[Value, Value]],
    stream: Value,
    groups: Value,
) -> None:
    whole = [[f.variable(VI32) for _ in range(2)] for _ in totals]
    data_bytes = GROUP * bits // 8 * BLOCK_ROWS
    with f.loop(0, groups) as group:
        place = f.at(stream, group * (SCALE_BYTES + data_bytes))
        for pair in whole:
            for number in pair:
                number.set(0)
        with f.loop(0, data_bytes // ROW_BYTES, 2) as line:
            for step in range(2):
                data = _load_row(f, f.at(place, (line + step) * ROW_BYTES + SCALE_BYTES))
                parts = [data] if bits == 8 else _nibbles(data)
                for part, halves in enumerate(parts):
                    quad = (line + step) * len(parts) + part
                    offset = group * GROUP + quad * 4
                    _add_quads(f, target, whole, rows, halves, offset)
        scales = [_load_scales(f, f.at(place, 32 * half)) for half in range(2)]
        for sums, total, terms in zip(whole, totals, group_terms, strict=True):
            _scale_group(f, bits, group, sums, total, terms, scales)


def _nibbles(data: list[Value]) -> list[list[Value]]:
    return [[each & 0x0F0F0F0F for each in data], [(each >> 4) & 0x0F0F0F0F for each in data]]


def _load_scales(f: Function, place: Value) -> Value:
    short = f.load(place, "<16 x i16>")
    return f.bits(f.cast("zext", short, VI32) << 16, VF32)


def _add_quads(
    f: Function,
    target: Target,
    whole: list[list[Variable]],
    rows: list[Value],
    halves: list[Value],
    offset: Value,
) -> None:
    for row, sums in zip(rows, whole, strict=True):
        value = f.splat(f.load(f.at(row, offset), "i32"))
        for half, total in zip(halves, sums, strict=True):
            total.set(quad_dot(f, target, total.value, half, value))


def _scale_group(
    f: Function,
    bits: int,
    group: Value,
    whole: list[Variable],
    totals: list[Variable],
    terms: tuple[Value, Value],
    scales: list[Value],
) -> None:
    """Take back the offset that made weights unsigned, and add in the group's scales."""
    x_scale = f.splat(f.load(f.at(terms[0], group * 4), F32))
    x_sum = f.load(f.at(terms[1], group * 4), "i32")
    offset = f.splat(x_sum << (bits - 1))
    for each, total, scale in zip(whole, totals, scales, strict=True):
        value = f.cast("sitofp", each.value - offset, VF32)
        total.set(fused(f, value, scale * x_scale, total.value))
