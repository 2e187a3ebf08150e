"""From the joined product to heads: norm and rotate q and k, and put k and v into the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.ml.cpu import program
from volano.ml.cpu.arguments import Fields
from volano.ml.cpu.attention import HEAD_DIM_MAX
from volano.ml.cpu.dots import to_bf16
from volano.ml.cpu.ir import F32, LANES, VF32, Function
from volano.ml.cpu.rows import each_row

if TYPE_CHECKING:
    from volano.ml.cpu.ir import Value

HEADS_FIELDS = (
    "qkv", "qkv_stride", "dims", "head_dim", "heads", "kv_heads", "q_norm", "k_norm", "mean",
    "eps", "cos", "sin", "q", "q_stride", "keys", "values", "block_bytes", "block_size",
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
    head, turned = f.scratch(HEAD_DIM_MAX * 4), f.scratch(HEAD_DIM_MAX * 2)
    with f.loop(0, HEAD_DIM_MAX, LANES) as index:
        f.store(f.lift(VF32, 0.0), f.at(head, index * 4))
    with each_row(f) as row:
        source = f.at(get.pointer("qkv"), row * get.number("qkv_stride"))
        table = f.load(f.at(positions, row * 8), "i64") * head_dim * 2
        cos, sin = f.at(get.pointer("cos"), table), f.at(get.pointer("sin"), table)
        target = f.at(get.pointer("q"), row * get.number("q_stride"))
        with f.loop(0, heads) as index:
            _turn(f, get, f.at(source, index * head_dim * 4), "q_norm", cos, sin, head)
            _narrow(f, head, f.at(target, index * dims * 2), dims)
        slot = f.load(f.at(slots, row * 8), "i64")
        size = get.number("block_size")
        block, offset = f.at(cache, slot // size * get.number("block_bytes")), slot % size
        with f.loop(0, kv_heads) as index:
            start = f.at(block, index * size * dims * 2)
            key = f.at(source, (heads + index) * head_dim * 4)
            _turn(f, get, key, "k_norm", cos, sin, head)
            _narrow(f, head, turned, dims)
            _put_key(f, get, turned, start, offset, dims)
            value = f.at(source, (heads + kv_heads + index) * head_dim * 4)
            _put_value(f, get, value, start, offset, dims)
    return f


def _turn(
    f: Function, get: Fields, source: Value, norm: str, cos: Value, sin: Value, out: Value
) -> None:
    """One head, with its norm where the model has one, rotated in halves."""
    head_dim = get.number("head_dim")
    weight = get.number(norm)
    factor = f.variable(F32)
    factor.set(1.0)
    with f.when(f.compare("ne", weight, 0)):
        total = f.variable(F32)
        total.set(0.0)
        with f.loop(0, head_dim) as index:
            value = f.load(f.at(source, index * 4), F32)
            total.set(total.value + value * value)
        mean = total.value * get.real("mean") + get.real("eps")
        factor.set(f.lift(F32, 1.0) / f.call("llvm.sqrt.f32", F32, mean))
    half = head_dim // 2
    with f.loop(0, half) as index:
        first = _weighed(f, source, index, weight, factor.value)
        second = _weighed(f, source, index + half, weight, factor.value)
        c, s = f.load(f.at(cos, index * 4), F32), f.load(f.at(sin, index * 4), F32)
        f.store(first * c - second * s, f.at(out, index * 4))
        f.store(second * c + first * s, f.at(out, (index + half) * 4))


def _weighed(f: Function, source: Value, index: Value, weight: Value, factor: Value) -> Value:
    made = f.variable(F32)
    made.set(f.load(f.at(source, index * 4), F32))
    with f.when(f.compare("ne", weight, 0)):
        place = f.at(f.cast("inttoptr", weight, "ptr"), index * 4)
        made.set(made.value * factor * f.load(place, F32))
    return made.value


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
    place = f.at(f.at(start, get.number("values")), offset // 2 * dims * 4 + offset % 2 * 2)
    with f.loop(0, get.number("head_dim")) as dim:
        word = f.bits(f.load(f.at(value, dim * 4), F32), "i32")
        short = f.cast("trunc", (word + 0x7FFF + ((word >> 16) & 1)) >> 16, "i16")
        f.store(short, f.at(place, dim * 4))
