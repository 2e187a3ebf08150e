"""The block formats of GGUF files, to float32.

Each format is described by ggml's `block_*` structures: a fixed number of values with their scales.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from volano.ml.layers.arrays import Floats

    Bytes: TypeAlias = npt.NDArray[np.uint8]

# ggml's number of a type: its name, values and bytes of a block.
TYPES: dict[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    20: ("IQ4_NL", 32, 18),
    23: ("IQ4_XS", 256, 136),
    30: ("BF16", 1, 2),
}
# The sixteen levels of the IQ4 formats, closer together around zero.
_LEVELS = np.array(
    [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], dtype=np.float32
)


def dequantise(kind: str, blocks: Bytes) -> Floats:
    """Values (blocks, values of a block) of raw blocks (blocks, bytes of a block)."""
    return _DECODERS[kind](blocks)


def _half(raw: Bytes) -> Floats:
    """Two bytes of each block as a float16, (blocks, 1)."""
    return np.ascontiguousarray(raw).view("<f2").astype(np.float32)


def _f32(blocks: Bytes) -> Floats:
    return np.ascontiguousarray(blocks).view("<f4")


def _bf16(blocks: Bytes) -> Floats:
    wide = np.ascontiguousarray(blocks).view("<u2").astype(np.uint32) << np.uint32(16)
    return wide.view(np.float32)


def _q8_0(blocks: Bytes) -> Floats:
    return _half(blocks[:, :2]) * np.ascontiguousarray(blocks[:, 2:]).view(np.int8)


def _halves(data: Bytes) -> Bytes:
    """The lower halves of all bytes, then the upper ones."""
    return np.concatenate((data & 15, data >> 4), axis=1)


def _q4_0(blocks: Bytes) -> Floats:
    return _half(blocks[:, :2]) * (_halves(blocks[:, 2:]).astype(np.float32) - 8)


def _q4_1(blocks: Bytes) -> Floats:
    return _half(blocks[:, :2]) * _halves(blocks[:, 4:]) + _half(blocks[:, 2:4])


def _five_bits(high: Bytes, low: Bytes) -> Floats:
    """Four lower bits of each value, and a fifth from the bits of four bytes."""
    fifth = np.unpackbits(high, axis=1, bitorder="little")
    return (_halves(low) | (fifth << 4)).astype(np.float32)


def _q5_0(blocks: Bytes) -> Floats:
    return _half(blocks[:, :2]) * (_five_bits(blocks[:, 2:6], blocks[:, 6:]) - 16)


def _q5_1(blocks: Bytes) -> Floats:
    return _half(blocks[:, :2]) * _five_bits(blocks[:, 4:8], blocks[:, 8:]) + _half(blocks[:, 2:4])


def _iq4_nl(blocks: Bytes) -> Floats:
    return _half(blocks[:, :2]) * _LEVELS[_halves(blocks[:, 2:])]


def _scales_and_minima(packed: Bytes) -> tuple[Floats, Floats]:
    """Eight 6-bit scales and minima of each block, from twelve bytes."""
    first, second, third = packed[:, :4], packed[:, 4:8], packed[:, 8:]
    scales = np.concatenate((first & 63, (third & 15) | (first >> 6 << 4)), axis=1)
    minima = np.concatenate((second & 63, (third >> 4) | (second >> 6 << 4)), axis=1)
    return scales.astype(np.float32), minima.astype(np.float32)


def _nibbles(data: Bytes) -> Bytes:
    """(blocks, 8, 32): each 32 bytes hold two parts, low halves first."""
    lines = data.reshape(len(data), 4, 1, 32)
    return np.concatenate((lines & 15, lines >> 4), axis=2).reshape(len(data), 8, 32)


def _scaled(blocks: Bytes, values: npt.NDArray[np.integer]) -> Floats:
    scales, minima = _scales_and_minima(blocks[:, 4:16])
    scale = (_half(blocks[:, :2]) * scales)[:, :, None]
    minimum = (_half(blocks[:, 2:4]) * minima)[:, :, None]
    result: Floats = (scale * values - minimum).reshape(len(blocks), 256)
    return result


def _q4_k(blocks: Bytes) -> Floats:
    return _scaled(blocks, _nibbles(blocks[:, 16:]))


def _q5_k(blocks: Bytes) -> Floats:
    shifts = np.arange(8, dtype=np.uint8)[None, :, None]
    fifth = (blocks[:, 16:48][:, None, :] >> shifts) & 1
    return _scaled(blocks, _nibbles(blocks[:, 48:]) | (fifth << 4))


def _q6_k(blocks: Bytes) -> Floats:
    count = len(blocks)
    low = blocks[:, :128].reshape(count, 2, 1, 64)
    low = np.concatenate((low & 15, low >> 4), axis=2).reshape(count, 2, 4, 32)
    shifts = np.array([0, 2, 4, 6], dtype=np.uint8)[None, None, :, None]
    high = (blocks[:, 128:192].reshape(count, 2, 1, 32) >> shifts) & 3
    values = (low | (high << 4)).astype(np.float32).reshape(count, 16, 16) - 32
    scales = np.ascontiguousarray(blocks[:, 192:208]).view(np.int8).astype(np.float32)
    scale = (_half(blocks[:, 208:]) * scales)[:, :, None]
    result: Floats = (scale * values).reshape(count, 256)
    return result


def _pairs_of_bits(data: Bytes) -> Bytes:
    """(blocks, 16, 16): each 32 bytes hold four parts of 32 values, the lowest bits first."""
    shifts = np.array([0, 2, 4, 6], dtype=np.uint8)[None, None, :, None]
    found = (data.reshape(len(data), 2, 1, 32) >> shifts) & np.uint8(3)
    return found.reshape(-1, 16, 16).astype(np.uint8)


def _q2_k(blocks: Bytes) -> Floats:
    packed = blocks[:, :16]
    scale = (_half(blocks[:, 80:82]) * (packed & 15).astype(np.float32))[:, :, None]
    minimum = (_half(blocks[:, 82:]) * (packed >> 4).astype(np.float32))[:, :, None]
    values = _pairs_of_bits(blocks[:, 16:80])
    result: Floats = (scale * values - minimum).reshape(len(blocks), 256)
    return result


def _q3_k(blocks: Bytes) -> Floats:
    count = len(blocks)
    shifts = np.arange(8, dtype=np.uint8)[None, :, None]
    third = ((blocks[:, :32][:, None, :] >> shifts) & 1).reshape(count, 16, 16)
    values = (_pairs_of_bits(blocks[:, 32:96]) | (third << 2)).astype(np.float32) - 4
    packed = blocks[:, 96:108]
    high = (packed[:, 8:][:, None, :] >> shifts[:, ::2]) & 3
    whole = (_halves(packed[:, :8]) | (high.reshape(count, 16) << 4)).astype(np.float32)
    scale = (_half(blocks[:, 108:]) * (whole - 32))[:, :, None]
    result: Floats = (scale * values).reshape(count, 256)
    return result


def _iq4_xs(blocks: Bytes) -> Floats:
    count = len(blocks)
    shifts = np.arange(0, 16, 2, dtype=np.uint16)[None, :]
    high = (np.ascontiguousarray(blocks[:, 2:4]).view("<u2") >> shifts) & 3
    low = np.stack((blocks[:, 4:8] & 15, blocks[:, 4:8] >> 4), axis=2).reshape(count, 8)
    scales = (low | (high << 4)).astype(np.float32) - 32
    levels = _LEVELS[_halves(blocks[:, 8:].reshape(count * 8, 16))].reshape(count, 8, 32)
    result: Floats = ((_half(blocks[:, :2]) * scales)[:, :, None] * levels).reshape(count, 256)
    return result


_DECODERS: dict[str, Callable[[Bytes], Floats]] = {
    "F32": _f32,
    "F16": _half,
    "BF16": _bf16,
    "Q8_0": _q8_0,
    "Q4_0": _q4_0,
    "Q4_1": _q4_1,
    "Q5_0": _q5_0,
    "Q5_1": _q5_1,
    "Q2_K": _q2_k,
    "Q3_K": _q3_k,
    "Q4_K": _q4_k,
    "Q5_K": _q5_k,
    "Q6_K": _q6_k,
    "IQ4_NL": _iq4_nl,
    "IQ4_XS": _iq4_xs,
}
