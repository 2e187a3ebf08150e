"""Products of every shape and format against NumPy."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from volano.ml.cpu import matmul, program, rows
from volano.ml.cpu.arguments import pack_arguments
from volano.ml.cpu.kernels import kernels
from volano.ml.cpu.machine import native_target, portable_target
from volano.ml.cpu.memory import Arena
from volano.ml.cpu.packed import Packer, packed_bytes, to_bfloat16
from volano.ml.models.decoder import Linear

TARGETS = {"native": native_target, "portable": portable_target}
# Error of one product against the size of its result: what the format's rounding explains.
LIMITS = {"bf16": 2e-5, "int8": 0.012, "int4": 0.12}


class OneMatrix:
    size_bytes = 0

    def __init__(self, values: np.ndarray) -> None:
        self._values = values

    def names(self) -> set[str]:
        return {"w.weight"}

    def stored(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        return self._values

    def tensor(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        return self._values


def call(address: int, arguments: np.ndarray, step: np.ndarray, chunks: int) -> None:
    kernel = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(address)
    for chunk in range(chunks):
        kernel(arguments.ctypes.data, step.ctypes.data, chunk)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("form", LIMITS)
@pytest.mark.parametrize(
    ("tokens", "out", "inner"),
    [
        (1, 1, 1),
        (2, 33, 31),
        (3, 32, 128),
        (7, 100, 300),
        (12, 64, 96),
        (13, 5, 257),
        (40, 70, 130),
    ],
)
def test_products_equal_numpys(form: str, target: str, tokens: int, out: int, inner: int):
    random = np.random.default_rng(tokens * 1000 + out)
    weight = random.standard_normal((out, inner)).astype(np.float32)
    x = widen(to_bfloat16(random.standard_normal((tokens, inner)).astype(np.float32)))
    found = product(x, weight, form, TARGETS[target]())
    exact = x.astype(np.float64) @ widen(to_bfloat16(weight)).astype(np.float64).T
    scale = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(weight, axis=1)[None, :]
    assert np.max(np.abs(found - exact) / scale) < LIMITS[form]


@pytest.mark.parametrize("form", LIMITS)
def test_a_matrix_of_zeros_gives_zeros(form: str):
    found = product(
        np.zeros((2, 64), np.float32), np.zeros((8, 64), np.float32), form, native_target()
    )
    assert not found.any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_narrowing_rounds_to_nearest_even(dtype: type):
    values = np.array([1.0, -2.5, 1 + 2**-8, 1 + 3 * 2**-8, 0.1], dtype=dtype)
    assert widen(to_bfloat16(values))[:4].tolist() == [1.0, -2.5, 1.0, 1 + 2**-6]


def widen(values: np.ndarray) -> np.ndarray:
    return (values.astype(np.uint32) << 16).view(np.float32)


def product(x: np.ndarray, weight: np.ndarray, form: str, target) -> np.ndarray:
    tokens, inner = x.shape
    linear = Linear(parts=(("w", len(weight)),), inner=inner)
    arena = Arena(packed_bytes(form, [linear]))
    with Packer(OneMatrix(weight), arena) as packer:
        packed = packer.pack([linear], form)
    width = -(-inner // 128) * 128
    source = np.zeros((tokens, width), np.float32)
    source[:, :inner] = x
    kind = "bf16" if form == "bf16" else "int8"
    inputs = np.zeros((tokens, width * 2), np.uint8)
    scales, sums = (
        np.zeros((tokens, width // 128), np.float32),
        np.zeros((tokens, width // 128), np.int32),
    )
    stride = width * (2 if kind == "bf16" else 1)
    groups = {
        "scales": scales.ctypes.data,
        "sums": sums.ctypes.data,
        "groups_stride": width // 128 * 4,
    }
    step = np.zeros(program.STEP_SLOTS, np.int64)
    step[program.TOKENS] = tokens
    arguments = pack_arguments(
        rows.TAKE_FIELDS, x=source.ctypes.data, x_stride=width * 4, width=width,
        count_slot=program.TOKENS, out=inputs.ctypes.data, out_stride=stride, **groups,
    )  # fmt: skip
    call(kernels(target).address(f"take_{kind}"), arguments, step, -(-tokens // 4))
    out = np.zeros((tokens, packed.blocks * 32), np.float32)
    arguments = pack_arguments(
        matmul.LINEAR_FIELDS, weights=packed.data.ctypes.data, blocks=packed.blocks,
        depth=matmul.depth_of(form, inner), block_bytes=matmul.block_bytes(form, inner),
        blocks_per_chunk=2, x=inputs.ctypes.data, x_stride=stride, **groups,
        out=out.ctypes.data, out_stride=out.shape[1] * 4, bias=0, add=0, count_slot=program.TOKENS,
    )  # fmt: skip
    call(kernels(target).product("linear", form), arguments, step, -(-packed.blocks // 2))
    return out[:, : len(weight)]
