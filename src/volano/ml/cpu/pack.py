"""Kernels that bring weights from a checkpoint's rows into the layout of `matmul`.

Each packs one block of 32 rows of bfloat16; rows and values that the matrix lacks are zeros. A
scale is itself rounded to bfloat16 before values are divided by it, so rounding costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.ml.cpu.dots import max_lanes, to_bf16
from volano.ml.cpu.ir import F32, LANES, VF32, VI8, VI16, VI32, Function
from volano.ml.cpu.matmul import BLOCK_ROWS, GROUP, ROW_BYTES, SCALE_BYTES

if TYPE_CHECKING:
    from volano.ml.cpu.ir import Value

_LINE_PAIRS = 16  # i32 of one cache line
_VECTORS = GROUP // LANES


def pack_functions() -> list[Function]:
    """`narrow`, `pack_bf16`, `pack_int8` and `pack_int4`."""
    return [_narrow(), _pack_bf16(), _pack_groups("pack_int8", 8), _pack_groups("pack_int4", 4)]


def _narrow() -> Function:
    """`narrow(from float32, to bfloat16, count)`; count is a multiple of 16."""
    f = Function("narrow", ["ptr", "ptr", "i64"])
    source, target, count = f.arguments
    with f.loop(0, count, LANES) as index:
        value = f.load(f.at(source, index * 4), VF32)
        f.store(to_bf16(f, value), f.at(target, index * 2))
    return f


def _pack_bf16() -> Function:
    """`pack_bf16(rows, row_stride, out, pairs)`: 32 whole rows, pairs a multiple of 16."""
    f = Function("pack_bf16", ["ptr", "i64", "ptr", "i64"])
    source, stride, out, pairs = f.arguments
    with f.loop(0, pairs, _LINE_PAIRS) as pair:
        for half in range(2):
            square = [
                f.load(f.at(source, stride * (16 * half + row) + pair * 4), VI32)
                for row in range(LANES)
            ]
            for index, column in enumerate(_transpose(f, square)):
                f.store(column, f.at(out, (pair + index) * ROW_BYTES + 64 * half))
    return f


def _transpose(f: Function, rows: list[Value]) -> list[Value]:
    """Sixteen vectors of sixteen lanes, rows to columns, by halving distances."""
    distance = LANES // 2
    while distance:
        low = [i + (LANES if i & distance else 0) - (i & distance) for i in range(LANES)]
        high = [lane + distance for lane in low]
        turned = list(rows)
        for index in range(LANES):
            if not index & distance:
                pair = rows[index], rows[index + distance]
                turned[index] = f.shuffle(*pair, low)
                turned[index + distance] = f.shuffle(*pair, high)
        rows = turned
        distance //= 2
    return rows


def _pack_groups(name: str, bits: int) -> Function:
    """`pack_intN(rows, row_stride, out, groups)`: 32 rows of whole groups."""
    f = Function(name, ["ptr", "i64", "ptr", "i64"])
    source, stride, out, groups = f.arguments
    line = f.scratch(GROUP)
    group_bytes = SCALE_BYTES + GROUP * bits // 8 * BLOCK_ROWS
    with f.loop(0, groups) as group, f.loop(0, BLOCK_ROWS) as row:
        place = f.at(source, stride * row + group * (2 * GROUP))
        values = [_widen(f, f.at(place, 2 * LANES * index)) for index in range(_VECTORS)]
        scale, inverse = _group_scale(f, values, bits)
        block = f.at(out, group * group_bytes)
        f.store(scale, f.at(block, row * 2))
        offset = 1 << (bits - 1)
        for index, value in enumerate(values):
            whole = f.cast("fptosi", _round(f, value * f.splat(inverse)), VI32)
            bounded = _clamp(f, whole + offset, 1 if bits == 8 else 0, 2 * offset - 1)
            f.store(f.cast("trunc", bounded, VI8), f.at(line, LANES * index))
        _scatter(f, line, f.at(block, row * 4 + SCALE_BYTES), bits)
    return f


def _widen(f: Function, place: Value) -> Value:
    return f.bits(f.cast("zext", f.load(place, VI16), VI32) << 16, VF32)


def _group_scale(f: Function, values: list[Value], bits: int) -> tuple[Value, Value]:
    """The group's scale as bfloat16 bits, and what to multiply values by (0 for a zero group)."""
    sizes = [f.call(f"llvm.fabs.v{LANES}f32", VF32, value) for value in values]
    largest = sizes[0]
    for size in sizes[1:]:
        largest = f.select(f.compare("ogt", size, largest), size, largest)
    # Divide a little below the last level, for the rounded scale may be the smaller one.
    exact = max_lanes(f, largest) * (1 / (127.0 if bits == 8 else 7.5))
    word = f.bits(exact, "i32")
    short = f.cast("trunc", (word + 0x7FFF + ((word >> 16) & 1)) >> 16, "i16")
    rounded = f.bits(f.cast("zext", short, "i32") << 16, F32)
    empty = f.compare("oeq", rounded, 0.0)
    inverse = f.select(empty, f.lift(F32, 0.0), f.lift(F32, 1.0) / rounded)
    return short, inverse


def _round(f: Function, value: Value) -> Value:
    return f.call(f"llvm.roundeven.v{LANES}f32", VF32, value)


def _clamp(f: Function, value: Value, low: int, high: int) -> Value:
    raised = f.select(f.compare("sgt", value, low), value, low)
    return f.select(f.compare("slt", raised, high), raised, high)


def _scatter(f: Function, line: Value, place: Value, bits: int) -> None:
    """One row's bytes of a group to every quad's (int8) or pair of quads' (int4) line."""
    if bits == 8:
        with f.loop(0, GROUP // 4) as quad:
            f.store(f.load(f.at(line, quad * 4), "i32"), f.at(place, quad * ROW_BYTES))
        return
    with f.loop(0, GROUP // 8) as pair:
        even = f.load(f.at(line, pair * 8), "i32")
        odd = f.load(f.at(line, pair * 8 + 4), "i32")
        f.store(even | (odd << 4), f.at(place, pair * ROW_BYTES))
