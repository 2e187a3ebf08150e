"""Triton kernels with the functions that launch them; names of shapes as in `models.decoder`."""

from __future__ import annotations

import triton

# Values that a program of a small kernel works on: enough to keep a processor's lanes busy. The
# interpreter takes the same time for a program of one value or of a million.
VALUES = 4096
VALUES_INTERPRETED = 1 << 20


def lines_of(width: int) -> int:
    """How many lines of `width` values, a power of two, a program takes."""
    values = VALUES_INTERPRETED if triton.knobs.runtime.interpret else VALUES
    return max(1, values // width)
