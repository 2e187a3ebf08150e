"""The inner step of every product: two bfloat16 or four bytes a lane, multiplied and summed.

One kernel text serves all processors; only these functions differ between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.ml.cpu.ir import F32, LANES, VF32, VI16, VI32

if TYPE_CHECKING:
    from volano.ml.cpu.ir import Function, Value
    from volano.ml.cpu.machine import Target

_HIGH_HALF = -65536  # 0xFFFF0000
_VBF16 = f"<{2 * LANES} x bfloat>"
_BYTE_PAIRS = f"<{2 * LANES} x i16>"
_BYTES = f"<{4 * LANES} x i8>"


def pair_dot(f: Function, target: Target, total: Value, a: Value, b: Value) -> Value:
    """`total` plus the products of the bfloat16 pairs in each i32 lane of `a` and `b`."""
    if target.bf16_dot:
        name = "llvm.x86.avx512bf16.dpbf16ps.512"
        return f.call(name, VF32, total, f.bits(a, _VBF16), f.bits(b, _VBF16))
    for part in (low_half, high_half):
        total = fused(f, part(f, a), part(f, b), total)
    return total


def low_half(f: Function, pairs: Value) -> Value:
    """The first bfloat16 of each lane as float32."""
    return f.bits(pairs << 16, VF32)


def high_half(f: Function, pairs: Value) -> Value:
    """The second bfloat16 of each lane as float32."""
    return f.bits(pairs & _HIGH_HALF, VF32)


def fused(f: Function, a: Value, b: Value, total: Value) -> Value:
    """`a * b + total`, in one instruction where there is one."""
    suffix = f"v{LANES}f32" if a.type == VF32 else "f32"
    return f.call(f"llvm.fmuladd.{suffix}", a.type, a, b, total)


def quad_dot(f: Function, target: Target, total: Value, a: Value, b: Value) -> Value:
    """`total` plus the products of unsigned bytes of `a` and signed bytes of `b`, by i32 lane."""
    if target.int8_dot:
        name = "llvm.x86.avx512.vpdpbusd.512"
        return f.call(name, VI32, total, f.bits(a, _BYTES), f.bits(b, _BYTES))
    even_a, odd_a = a & 0x00FF00FF, (a >> 8) & 0x00FF00FF
    signed = f.bits(b, _BYTE_PAIRS)
    odd_b = f.make(_BYTE_PAIRS, f"ashr {_BYTE_PAIRS} {signed.name}, splat (i16 8)")
    shifted = f.make(_BYTE_PAIRS, f"shl {_BYTE_PAIRS} {signed.name}, splat (i16 8)")
    even_b = f.make(_BYTE_PAIRS, f"ashr {_BYTE_PAIRS} {shifted.name}, splat (i16 8)")
    total = total + _pair_products(f, even_a, even_b)
    return total + _pair_products(f, odd_a, odd_b)


def _pair_products(f: Function, a: Value, b: Value) -> Value:
    """Sums of neighbours' products of i16, in the form that LLVM knows as pmaddwd."""
    wide = f"<{2 * LANES} x i32>"
    left = f.cast("sext", f.bits(a, _BYTE_PAIRS), wide)
    products = left * f.cast("sext", f.bits(b, _BYTE_PAIRS), wide)
    even = f.shuffle(products, products, range(0, 2 * LANES, 2))
    return even + f.shuffle(products, products, range(1, 2 * LANES, 2))


def to_bf16(f: Function, values: Value) -> Value:
    """Float32 lanes rounded to nearest even bfloat16, as i16 lanes."""
    bits = f.bits(values, VI32)
    return f.cast("trunc", (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16, VI16)


def sum_lanes(f: Function, values: Value) -> Value:
    """The sum over lanes."""
    name = f"llvm.vector.reduce.fadd.v{LANES}f32"
    zero = f.lift(F32, -0.0)
    f.declared.add(f"declare float @{name}(float, {VF32})")
    return f.make(F32, f"call reassoc float @{name}(float {zero.name}, {VF32} {values.name})")


def max_lanes(f: Function, values: Value) -> Value:
    """The largest lane."""
    return f.call(f"llvm.vector.reduce.fmax.v{LANES}f32", F32, values)


def larger(f: Function, a: Value, b: Value) -> Value:
    """The larger, lane by lane."""
    return f.select(f.compare("ogt", a, b), a, b)


def exp(f: Function, x: Value) -> Value:
    """`e**x` lane by lane with a relative error under 3e-7; 0 below -87, finite above 88."""
    bounded = f.select(f.compare("olt", x, 88.0), x, 88.0)
    scaled = bounded * 1.4426950408889634
    whole = f.call(f"llvm.roundeven.v{LANES}f32", VF32, scaled)
    # ln 2 in two parts, so that the remainder keeps its bits.
    rest = fused(f, whole, f.lift(VF32, -0.693359375), bounded)
    rest = fused(f, whole, f.lift(VF32, 2.12194440e-4), rest)
    power = f.lift(VF32, 1.9875691500e-4)
    for coefficient in (
        1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
    ):  # fmt: skip
        power = fused(f, power, rest, f.lift(VF32, coefficient))
    power = fused(f, power, rest * rest, rest + 1.0)
    safe = f.select(f.compare("ogt", whole, -127.0), whole, -127.0)
    exponent = (f.cast("fptosi", safe, VI32) + 127) << 23
    result = power * f.bits(exponent, VF32)
    return f.select(f.compare("ogt", x, -87.0), result, 0.0)


def tanh(f: Function, x: Value) -> Value:
    """Hyperbolic tangent lane by lane, through `exp`."""
    power = exp(f, x * 2.0)
    return f.lift(VF32, 1.0) - f.lift(VF32, 2.0) / (power + 1.0)
