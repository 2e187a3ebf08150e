"""Weights of a model in the layout that kernels read, in one arena of huge pages."""

from __future__ import annotations

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.cpu import matmul
from volano.ml.cpu.kernels import packers
from volano.ml.cpu.memory import lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    import numpy.typing as npt

    from volano.ml.cpu.kernels import Format
    from volano.ml.cpu.memory import Arena, Bytes
    from volano.ml.layers.arrays import Floats
    from volano.ml.models.decoder import Linear
    from volano.ml.models.weights import Stored, Tensors

    Words = npt.NDArray[np.uint16]

# Rows converted at a time where a checkpoint's rows cannot be packed where they lie.
_SLAB_ROWS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A matrix (rows, inner), packed, or experts' one after the other; `bias` is float32."""

    form: Format
    rows: int
    inner: int
    data: Bytes
    bias: Floats | None = None

    @property
    def blocks(self) -> int:
        """Blocks of 32 rows."""
        return -(-self.rows // matmul.BLOCK_ROWS)


def packed_bytes(form: Format, linears: Sequence[Linear]) -> int:
    """Arena bytes of matrices of one shape, one after the other."""
    return lines(len(linears) * _matrix_bytes(form, linears[0]))


def _matrix_bytes(form: Format, linear: Linear) -> int:
    blocks = -(-packed_rows(linear) // matmul.BLOCK_ROWS)
    return blocks * matmul.block_bytes(form, linear.inner)


def packed_rows(linear: Linear) -> int:
    """Rows with those that fill up each part of a halved matrix to whole groups."""
    return sum(rows + _padding(linear, rows) for _, rows in linear.parts)


def _padding(linear: Linear, rows: int) -> int:
    # Halves are multiplied with each other and feed a product, which reads whole groups.
    return -rows % matmul.GROUP if linear.halved else 0


class Packer:
    """Packs matrices into an arena on all processors; use as a context.

    An arena that is `filled` holds them already, in the same order.
    """

    def __init__(self, weights: Tensors, arena: Arena, *, filled: bool = False) -> None:
        self._weights, self._arena, self._filled = weights, arena, filled
        packers()  # compiled here once, not by every thread at the same time
        self._threads = ThreadPoolExecutor(max_workers=os.cpu_count())

    def __enter__(self) -> Packer:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    def pack(self, linears: Sequence[Linear], form: Format) -> Packed:
        """Pack one matrix, or several of one shape; raises BadModel for a missing tensor."""
        first = linears[0]
        data = self._arena.take(packed_bytes(form, linears))
        size = _matrix_bytes(form, first)
        jobs = [
            job
            for index, linear in enumerate([] if self._filled else linears)
            for job in self._start(linear, form, data[index * size :])
        ]
        for job in jobs:
            job.result()
        bias = self._bias(first) if first.bias else None
        return Packed(form=form, rows=packed_rows(first), inner=first.inner, data=data, bias=bias)

    def _start(self, linear: Linear, form: Format, out: Bytes) -> list[Future[None]]:
        stored: list[Stored] = []
        for name, rows in linear.parts:
            stored.append(self._weights.stored(f"{name}.weight", (rows, linear.inner)))
            stored.append(np.zeros((_padding(linear, rows), linear.inner), dtype=np.uint16))
        jobs = []
        for first, pieces in _slabs(stored):
            start = first // matmul.BLOCK_ROWS * matmul.block_bytes(form, linear.inner)
            job = self._threads.submit(_pack_rows, form, pieces, linear.inner, out[start:])
            jobs.append(job)
        return jobs

    def _bias(self, linear: Linear) -> Floats:
        parts = [self._weights.tensor(f"{name}.bias", (rows,)) for name, rows in linear.parts]
        padding = -linear.rows % matmul.BLOCK_ROWS
        return np.concatenate([*parts, np.zeros(padding, dtype=np.float32)])


def _slabs(parts: list[Stored]) -> Iterator[tuple[int, list[Stored]]]:
    """The first row of each slab of whole blocks, with the pieces of parts that make it up."""
    first, count = 0, 0
    held: list[Stored] = []
    for part in parts:
        start = 0
        while start < len(part):
            piece = part[start : start + _SLAB_ROWS - count]
            held.append(piece)
            count += len(piece)
            start += len(piece)
            if count == _SLAB_ROWS:
                yield first, held
                first, held, count = first + _SLAB_ROWS, [], 0
    if held:
        yield first, held


def _pack_rows(form: Format, pieces: list[Stored], inner: int, out: Bytes) -> None:
    """Pack a slab to the start of `out`."""
    rows = _joined(pieces, matmul.padded_inner(form, inner))
    pack = packers().function(
        f"pack_{form}", ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64
    )
    depth, size = matmul.depth_of(form, inner), matmul.block_bytes(form, inner)
    stride = rows.strides[0]
    for block in range(len(rows) // matmul.BLOCK_ROWS):
        source = rows.ctypes.data + block * matmul.BLOCK_ROWS * stride
        pack(source, stride, out.ctypes.data + block * size, depth)


def _joined(pieces: list[Stored], width: int) -> Words:
    """Pieces as one array of bfloat16 rows, filled up with zeros to whole blocks and the width."""
    count = sum(map(len, pieces))
    first = pieces[0]
    whole = count % matmul.BLOCK_ROWS == 0 and first.shape[1] == width
    if len(pieces) == 1 and whole and first.dtype == np.uint16:
        return np.asarray(first, dtype=np.uint16)
    made = np.zeros((-(-count // matmul.BLOCK_ROWS) * matmul.BLOCK_ROWS, width), dtype=np.uint16)
    row = 0
    for piece in pieces:
        made[row : row + len(piece), : piece.shape[1]] = to_bfloat16(piece)
        row += len(piece)
    return made


def to_bfloat16(values: Stored) -> Words:
    """Stored values as the bits of bfloat16."""
    if values.dtype == np.uint16:
        return np.asarray(values, dtype=np.uint16)
    wide = np.zeros(-(-values.size // 16) * 16, dtype=np.float32)
    wide[: values.size] = values.reshape(-1)
    made = np.empty(wide.shape, dtype=np.uint16)
    narrow = packers().function("narrow", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    narrow(wide.ctypes.data, made.ctypes.data, wide.size)
    return made[: values.size].reshape(values.shape)
