"""Kernels on rows of tokens: embeddings, norms, activations, and what `matmul` reads.

A product reads its tokens as bfloat16, or as signed bytes with a scale and a sum for each group of
128 values; every kernel here that feeds a product comes in both forms.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from volano.ml.cpu import program
from volano.ml.cpu.arguments import Fields
from volano.ml.cpu.dots import exp, fused, larger, max_lanes, sum_lanes, tanh, to_bf16
from volano.ml.cpu.ir import F32, LANES, VF32, VI8, VI32, Function
from volano.ml.cpu.matmul import BLOCK_ROWS, GROUP, ROW_BYTES, SCALE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from volano.ml.cpu.ir import Value

    Source = Callable[[Value], Value]  # index of the first value -> sixteen values

TOKENS_PER_CHUNK = 4

_SINK = ("out", "out_stride", "scales", "sums", "groups_stride")
NORM_FIELDS = ("x", "x_stride", "weight", "width", "mean", "eps", *_SINK)
ADD_NORM_FIELDS = ("x", "x_stride", "weight", "width", "mean", "eps", "out", "out_stride")
ACT_FIELDS = ("x", "x_stride", "width", "up", "count_slot", *_SINK)
TAKE_FIELDS = ("x", "x_stride", "width", "count_slot", *_SINK)
EMBED_FIELDS = ("weights", "block_bytes", "depth", "factor", "out", "out_stride")
CAP_FIELDS = ("x", "x_stride", "width", "cap")

_GELU_SCALE = 0.7978845608028654
_GELU_CUBIC = 0.044715


def row_functions() -> list[Function]:
    """All kernels of this file; names end in the form of their output."""
    made = [_add_norm(), _cap(), _final_norm(), _embed_bf16()]
    made += [_embed_groups("embed_int8", 8), _embed_groups("embed_int4", 4)]
    for form in ("bf16", "int8"):
        made += [_norm(form), _take(form), _act("silu", form), _act("gelu_tanh", form)]
    return made


@contextmanager
def each_row(f: Function, counted: Value | int = program.TOKENS) -> Iterator[Value]:
    """The rows of this chunk, `TOKENS_PER_CHUNK` or what is left; `counted` is a slot's index."""
    _, step, chunk = f.arguments
    first, end = chunk * TOKENS_PER_CHUNK, chunk * TOKENS_PER_CHUNK + TOKENS_PER_CHUNK
    count = f.load(f.at(step, f.lift("i64", counted) * 8), "i64")
    last = f.select(f.compare("slt", end, count), end, count)
    with f.loop(first, last) as row:
        yield row


def _kernel(name: str) -> Function:
    return Function(name, ["ptr", "ptr", "i64"])


def _write(f: Function, form: str, get: Fields, row: Value, width: Value, source: Source) -> None:
    """Store a row of `width` values, a multiple of 128, in the form that a product reads."""
    out = f.at(get.pointer("out"), row * get.number("out_stride"))
    if form == "bf16":
        with f.loop(0, width, LANES) as index:
            f.store(to_bf16(f, source(index)), f.at(out, index * 2))
        return
    groups = row * get.number("groups_stride")
    scales, sums = f.at(get.pointer("scales"), groups), f.at(get.pointer("sums"), groups)
    with f.loop(0, width // GROUP) as group:
        _write_group(f, group, source, out, f.at(scales, group * 4), f.at(sums, group * 4))


def _write_group(
    f: Function, group: Value, source: Source, out: Value, scale_place: Value, sum_place: Value
) -> None:
    first = group * GROUP
    values = [source(first + LANES * index) for index in range(GROUP // LANES)]
    largest = f.lift(VF32, 0.0)
    for value in values:
        largest = larger(f, f.call(f"llvm.fabs.v{LANES}f32", VF32, value), largest)
    scale = max_lanes(f, largest) * (1 / 127.0)
    empty = f.compare("oeq", scale, 0.0)
    inverse = f.splat(f.select(empty, f.lift(F32, 0.0), f.lift(F32, 1.0) / scale))
    total = f.lift(VI32, 0)
    for index, value in enumerate(values):
        whole = f.call(f"llvm.roundeven.v{LANES}f32", VF32, value * inverse)
        number = f.cast("fptosi", whole, VI32)
        total = total + number
        f.store(f.cast("trunc", number, VI8), f.at(out, first + LANES * index))
    f.store(scale, scale_place)
    f.store(f.call(f"llvm.vector.reduce.add.v{LANES}i32", "i32", total), sum_place)


def _inverse_root(f: Function, get: Fields, x: Value) -> Value:
    """One over the root of the row's mean square, in every lane."""
    total = f.variable(VF32, 0.0)
    total.set(0.0)
    with f.loop(0, get.number("width"), LANES) as index:
        value = f.load(f.at(x, index * 4), VF32)
        total.set(fused(f, value, value, total.value))
    mean = sum_lanes(f, total.value) * get.real("mean") + get.real("eps")
    return f.splat(f.lift(F32, 1.0) / f.call("llvm.sqrt.f32", F32, mean))


def _normal(f: Function, get: Fields, x: Value) -> Source:
    root = _inverse_root(f, get, x)
    weight = get.pointer("weight")

    def source(index: Value) -> Value:
        value = f.load(f.at(x, index * 4), VF32) * root
        return value * f.load(f.at(weight, index * 4), VF32)

    return source


def _norm(form: str) -> Function:
    """Root-mean-square norm of each token, for a product."""
    f = _kernel(f"norm_{form}")
    get = Fields(f, NORM_FIELDS)
    with each_row(f) as row:
        x = f.at(get.pointer("x"), row * get.number("x_stride"))
        _write(f, form, get, row, get.number("width"), _normal(f, get, x))
    return f


def _add_norm() -> Function:
    """Add the norm of each token of `x` to `out`: what stands after attention and MLP in Gemma."""
    f = _kernel("add_norm")
    get = Fields(f, ADD_NORM_FIELDS)
    with each_row(f) as row:
        x = f.at(get.pointer("x"), row * get.number("x_stride"))
        out = f.at(get.pointer("out"), row * get.number("out_stride"))
        source = _normal(f, get, x)
        with f.loop(0, get.number("width"), LANES) as index:
            place = f.at(out, index * 4)
            f.store(f.load(place, VF32) + source(index), place)
    return f


def _final_norm() -> Function:
    """The norm of the rows that want logits, as float32."""
    f = _kernel("final_norm")
    get = Fields(f, ADD_NORM_FIELDS)
    rows = f.load(f.at(f.arguments[1], program.LOGIT_ROWS * 8), "ptr")
    with each_row(f, program.LOGITS) as row:
        token = f.load(f.at(rows, row * 8), "i64")
        x = f.at(get.pointer("x"), token * get.number("x_stride"))
        out = f.at(get.pointer("out"), row * get.number("out_stride"))
        source = _normal(f, get, x)
        with f.loop(0, get.number("width"), LANES) as index:
            f.store(source(index), f.at(out, index * 4))
    return f


def _take(form: str) -> Function:
    """Float32 rows as they are, for a product."""
    f = _kernel(f"take_{form}")
    get = Fields(f, TAKE_FIELDS)
    with each_row(f, get.number("count_slot")) as row:
        x = f.at(get.pointer("x"), row * get.number("x_stride"))
        _write(
            f, form, get, row, get.number("width"), lambda index: f.load(f.at(x, index * 4), VF32)
        )
    return f


def _act(name: str, form: str) -> Function:
    """The activation of the first half of a row times its second half, `up` bytes further."""
    f = _kernel(f"{name}_{form}")
    get = Fields(f, ACT_FIELDS)
    act = _silu if name == "silu" else _gelu_tanh
    with each_row(f, get.number("count_slot")) as row:
        x = f.at(get.pointer("x"), row * get.number("x_stride"))
        up = f.at(x, get.number("up"))

        def source(index: Value, x: Value = x, up: Value = up) -> Value:
            gate = f.load(f.at(x, index * 4), VF32)
            return act(f, gate) * f.load(f.at(up, index * 4), VF32)

        _write(f, form, get, row, get.number("width"), source)
    return f


def _silu(f: Function, x: Value) -> Value:
    return x / (exp(f, f.lift(VF32, 0.0) - x) + 1.0)


def _gelu_tanh(f: Function, x: Value) -> Value:
    inner = (x + x * x * x * _GELU_CUBIC) * _GELU_SCALE
    return x * 0.5 * (tanh(f, inner) + 1.0)


def _cap() -> Function:
    """Squeeze logits into (-cap, cap)."""
    f = _kernel("cap")
    get = Fields(f, CAP_FIELDS)
    cap = f.splat(get.real("cap"))
    with each_row(f, program.LOGITS) as row:
        x = f.at(get.pointer("x"), row * get.number("x_stride"))
        with f.loop(0, get.number("width"), LANES) as index:
            place = f.at(x, index * 4)
            f.store(tanh(f, f.load(place, VF32) / cap) * cap, place)
    return f


def _embed_bf16() -> Function:
    f = _kernel("embed_bf16")
    get = Fields(f, EMBED_FIELDS)
    factor = get.real("factor")
    with _embedding_rows(f, get) as (block, lane, out), f.loop(0, get.number("depth")) as pair:
        word = f.load(f.at(block, pair * ROW_BYTES + lane * 4), "i32")
        place = f.at(out, pair * 8)
        f.store(f.bits(word << 16, F32) * factor, place)
        f.store(f.bits(word & -65536, F32) * factor, f.at(place, 4))
    return f


def _embed_groups(name: str, bits: int) -> Function:
    f = _kernel(name)
    get = Fields(f, EMBED_FIELDS)
    factor = get.real("factor")
    group_bytes = SCALE_BYTES + GROUP * bits // 8 * BLOCK_ROWS
    with _embedding_rows(f, get) as (block, lane, out), f.loop(0, get.number("depth")) as group:
        place = f.at(block, group * group_bytes)
        short = f.load(f.at(place, lane * 2), "i16")
        scale = f.bits(f.cast("zext", short, "i32") << 16, F32) * factor
        target = f.at(out, group * (4 * GROUP))
        with f.loop(0, GROUP) as index:
            byte_index, shift = _stored_place(f, index, bits)
            byte = f.load(f.at(place, byte_index + lane * 4 + SCALE_BYTES), "i8")
            number = (f.cast("zext", byte, "i32") >> shift) & ((1 << bits) - 1)
            value = f.cast("sitofp", number - (1 << (bits - 1)), F32) * scale
            f.store(value, f.at(target, index * 4))
    return f


def _stored_place(f: Function, index: Value, bits: int) -> tuple[Value, Value]:
    """Where in a group's lines the value of an index is, and by how many bits to shift it."""
    if bits == 8:
        return index // 4 * ROW_BYTES + index % 4, f.lift("i32", 0)
    shift = f.cast("trunc", index // 4 % 2 * 4, "i32")
    return index // 8 * ROW_BYTES + index % 4, shift


@contextmanager
def _embedding_rows(f: Function, get: Fields) -> Iterator[tuple[Value, Value, Value]]:
    """For each token of the chunk: its block of weights, its row in the block, and its output."""
    ids = f.load(f.at(f.arguments[1], program.TOKEN_IDS * 8), "ptr")
    with each_row(f) as row:
        token = f.load(f.at(ids, row * 8), "i64")
        block = f.at(get.pointer("weights"), token // BLOCK_ROWS * get.number("block_bytes"))
        yield block, token % BLOCK_ROWS, f.at(get.pointer("out"), row * get.number("out_stride"))
