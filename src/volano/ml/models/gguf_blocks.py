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
    8: ("Q8_0", 32, 34),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    30: ("BF16", 1, 2),
}


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


def _q4_0(blocks: Bytes) -> Floats:
    data = blocks[:, 2:]
    values = np.concatenate((data & 15, data >> 4), axis=1).astype(np.float32)
    return _half(blocks[:, :2]) * (values - 8)


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


_DECODERS: dict[str, Callable[[Bytes], Floats]] = {
    "F32": _f32,
    "F16": _half,
    "BF16": _bf16,
    "Q8_0": _q8_0,
    "Q4_0": _q4_0,
    "Q4_K": _q4_k,
    "Q5_K": _q5_k,
    "Q6_K": _q6_k,
}
