"""Rotary position embedding in the half-split layout that Hugging Face models use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from volano.ml.layers.arrays import Floats, Ints


class Rotary:
    """Tables of cosines and sines for positions below `max_positions`."""

    def __init__(self, *, head_dim: int, theta: float, max_positions: int) -> None:
        exponents = np.arange(0, head_dim, 2, dtype=np.float64) / head_dim
        angles = np.outer(np.arange(max_positions, dtype=np.float64), theta**-exponents)
        self._cos = np.cos(angles).astype(np.float32)  # (positions, head_dim / 2)
        self._sin = np.sin(angles).astype(np.float32)

    def rotate(self, x: Floats, positions: Ints) -> Floats:
        """Rotate `x` (tokens, heads, head_dim) by each token's position (tokens,)."""
        cos = self._cos[positions][:, None, :]
        sin = self._sin[positions][:, None, :]
        half = x.shape[-1] // 2
        first, second = x[..., :half], x[..., half:]
        return np.concatenate((first * cos - second * sin, second * cos + first * sin), axis=-1)
