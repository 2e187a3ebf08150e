"""From the joined product to heads: norm and rotate q and k, and put k and v into the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.ml.cpu import program
from volano.ml.cpu.arguments import Fields
from volano.ml.cpu.attention import HEAD_DIM_MAX
from volano.ml.cpu.dots import fused, sum_lanes, to_bf16
from volano.ml.cpu.ir import F32, LANES, VF32, Function
from volano.ml.cpu.rows import each_row

if TYPE_CHECKING:
    from volano.ml.cpu.ir import Value

HEADS_FIELDS = (
    "qkv", "qkv_stride", "dims", "head_dim", "heads", "kv_heads", "q_norm", "k_norm", "mean",
    "eps", "cos", "sin", "table_stride", "q", "q_stride", "keys", "values", "block_bytes",
    "block_size",
)  # fmt: skip


def heads_function() -> Function:
    """The kernel `split_heads`."""
    f = Function("split_heads", ["ptr", "ptr", "i64"])
    get = Fields(f, HEADS_FIELDS)
    step = f.arguments[1]
    positions = f.load(f.at(step, program.POSITIONS * 8), "ptr")
    slots = f.load(f.at(step, program.SLOTS * 8), "ptr")
    cache = f.load(f.at(step, program.CACHE * 8), "ptr")
    dims, head_dim = get.number("dims"), get.number("head_dim")
    heads, kv_heads = get.number("heads"), get.number("kv_heads")
    plain = f.scratch(HEAD_DIM_MAX * 4 + 64)
    head, turned = f.scratch(HEAD_DIM_MAX * 4 + 64), f.scratch(HEAD_DIM_MAX * 2)
    for each in (plain, head):
        f.clear(each, f.lift("i64", HEAD_DIM_MAX * 4 + 64))
    with each_row(f) as row:
        source = f.at(get.pointer("qkv"), row * get.number("qkv_stride"))
        table = f.load(f.at(positions, row * 8), "i64") * get.number("table_stride")
        cos, sin = f.at(get.pointer("cos"), table), f.at(get.pointer("sin"), table)
        target = f.at(get.pointer("q"), row * get.number("q_stride"))
        with f.loop(0, heads) as index:
            f.copy(plain, f.at(source, index * head_dim * 4), head_dim * 4)
            _turn(f, get, "q_norm", (cos, sin), plain, head)
            _narrow(f, head, f.at(target, index * dims * 2), dims)
        slot = f.load(f.at(slots, row * 8), "i64")
        size = get.number("block_size")
        block, offset = f.at(cache, slot // size * get.number("block_bytes")), slot % size
        with f.loop(0, kv_heads) as index:
            start = f.at(block, index * size * dims * 2)
            f.copy(plain, f.at(source, (heads + index) * head_dim * 4), head_dim * 4)
            _turn(f, get, "k_norm", (cos, sin), plain, head)
            _narrow(f, head, turned, dims)
            _put_key(f, get, turned, start, offset, dims)
            f.copy(plain, f.at(source, (heads + kv_heads + index) * head_dim * 4), head_dim * 4)
            _put_value(f, get, plain, start, offset, dims)
    return f


def _turn(
    f: Function, get: Fields, norm: str, table: tuple[Value, Value], x: Value, out: Value
) -> None:
    """One head, with its norm where the model has one, rotated in halves.

    Rows of the table end in zeros, so that a last vector that reaches beyond a half writes zeros
    there: in the second half they are overwritten, behind it they are the padding.
    """
    dims, weight = get.number("dims"), get.number(norm)
    with f.when(f.compare("ne", weight, 0)):
        _scale_head(f, get, f.cast("inttoptr", weight, "ptr"), x, dims)
    half = get.number("head_dim") // 2
    second_half = f.at(x, half * 4)
    cos, sin = table
    with f.loop(0, half, LANES) as index:
        first, second = (f.load(f.at(each, index * 4), VF32) for each in (x, second_half))
        c, s = (f.load(f.at(each, index * 4), VF32) for each in (cos, sin))
        f.store(first * c - second * s, f.at(out, index * 4))
    with f.loop(0, half, LANES) as index:
        first, second = (f.load(f.at(each, index * 4), VF32) for each in (x, second_half))
        c, s = (f.load(f.at(each, index * 4), VF32) for each in (cos, sin))
        f.store(second * c + first * s, f.at(out, (index + half) * 4))


def _scale_head(f: Function, get: Fields, weight: Value, x: Value, dims: Value) -> None:
    total = f.variable(VF32)
    total.set(0.0)
    with f.loop(0, dims, LANES) as index:
        value = f.load(f.at(x, index * 4), VF32)
        total.set(fused(f, value, value, total.value))
    mean = sum_lanes(f, total.value) * get.real("mean") + get.real("eps")
    factor = f.splat(f.lift(F32, 1.0) / f.call("llvm.sqrt.f32", F32, mean))
    with f.loop(0, dims, LANES) as index:
        place = f.at(x, index * 4)
        f.store(f.load(place, VF32) * factor * f.load(f.at(weight, index * 4), VF32), place)


def _narrow(f: Function, source: Value, target: Value, dims: Value) -> None:
    with f.loop(0, dims, LANES) as index:
        value = f.load(f.at(source, index * 4), VF32)
        f.store(to_bf16(f, value), f.at(target, index * 2))


def _put_key(
    f: Function, get: Fields, key: Value, start: Value, offset: Value, dims: Value
) -> None:
    group = offset // LANES * dims * (2 * LANES)
    place = f.at(f.at(start, get.number("keys")), group + offset % LANES * 4)
    with f.loop(0, dims // 2) as pair:
        f.store(f.load(f.at(key, pair * 4), "i32"), f.at(place, pair * 64))


def _put_value(
    f: Function, get: Fields, value: Value, start: Value, offset: Value, dims: Value
) -> None:
    """Every second word of lines that two positions share: another thread may write the rest."""
    place = f.at(f.at(start, get.number("values")), offset // 2 * dims * 4)
    words = 2 * LANES
    for side in range(2):
        with f.when(f.compare("eq", offset % 2, side)):
            mask = ", ".join(f"i1 {int(word % 2 == side)}" for word in range(words))
            with f.loop(0, dims, LANES) as dim:
                narrow = to_bf16(f, f.load(f.at(value, dim * 4), VF32))
                both = f.shuffle(narrow, narrow, [word // 2 for word in range(words)])
                target = f.at(place, dim * 4)
                type_ = f"<{words} x i16>"
                name = f"llvm.masked.store.v{words}i16.p0"
                f.declared.add(f"declare void @{name}({type_}, ptr, i32, <{words} x i1>)")
                f.emit(
                    f"call void @{name}({type_} {both.name}, ptr {target.name}, i32 2, "
                    f"<{words} x i1> <{mask}>)"
                )
