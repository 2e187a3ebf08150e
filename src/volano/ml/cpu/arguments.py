"""Arguments of kernels: arrays of 64-bit integers with named fields, floats as their bits."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.cpu.ir import F32

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.ml.cpu.ir import Function, Value
    from volano.ml.layers.arrays import Ints


def pack_arguments(fields: Sequence[str], **values: float) -> Ints:
    """The array for a kernel of these fields; every field needs its value."""
    assert set(fields) == set(values), set(fields) ^ set(values)
    words = [_word(values[name]) for name in fields]
    return np.array(words, dtype=np.int64)


def _word(value: float) -> int:
    if isinstance(value, float):
        return int(struct.unpack("<i", struct.pack("<f", value))[0])
    return value


class Fields:
    """Typed reads of a kernel's arguments while it is being written."""

    def __init__(self, function: Function, fields: Sequence[str]) -> None:
        self._function, self._fields = function, tuple(fields)

    def number(self, name: str) -> Value:
        """A count, a stride in bytes or an address."""
        return self._read(name, "i64")

    def pointer(self, name: str) -> Value:
        """An address."""
        return self._read(name, "ptr")

    def real(self, name: str) -> Value:
        """A float32."""
        return self._read(name, F32)

    def _read(self, name: str, type_: str) -> Value:
        place = self._function.at(self._function.arguments[0], 8 * self._fields.index(name))
        return self._function.load(place, type_)
