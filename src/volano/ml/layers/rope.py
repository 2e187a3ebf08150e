"""Rotary position embedding in the half-split layout that Hugging Face models use."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from volano.ml.layers.arrays import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class RotarySpec:
    """Base and scaling of one rotary table: `factor` alone stretches positions evenly.

    `divisors`, one a pair of dimensions, are GGUF's way of writing any stretch. With
    `original_positions` the stretch follows Llama 3: long wavelengths are divided by `factor`,
    short ones stay, those between `low` and `high` turns over the original context are blended.
    """

    theta: float
    factor: float = 1.0
    low: float = 1.0
    high: float = 4.0
    original_positions: int = 0
    divisors: tuple[float, ...] = ()

    def frequencies(self, head_dim: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Radians a position for each pair of dimensions, (head_dim / 2,)."""
        exponents = np.arange(0, head_dim, 2, dtype=np.float64) / head_dim
        plain = self.theta**-exponents
        if self.divisors:
            return np.asarray(plain / np.array(self.divisors))
        if not self.original_positions:
            return np.asarray(plain / self.factor)
        turns = self.original_positions * plain / (2 * math.pi)
        kept = np.clip((turns - self.low) / (self.high - self.low), 0.0, 1.0)
        return np.asarray(plain * (kept + (1 - kept) / self.factor))


class Rotary:
    """Tables of cosines and sines for positions below `max_positions`."""

    def __init__(self, spec: RotarySpec, *, head_dim: int, max_positions: int) -> None:
        positions = np.arange(max_positions, dtype=np.float64)
        angles = np.outer(positions, spec.frequencies(head_dim))
        self.cos = np.cos(angles).astype(np.float32)  # (positions, head_dim / 2)
        self.sin = np.sin(angles).astype(np.float32)

    def rotate(self, x: Floats, positions: Ints) -> Floats:
        """Rotate `x` (tokens, heads, head_dim) by each token's position (tokens,)."""
        cos = self.cos[positions][:, None, :]
        sin = self.sin[positions][:, None, :]
        half = x.shape[-1] // 2
        first, second = x[..., :half], x[..., half:]
        return np.concatenate((first * cos - second * sin, second * cos + first * sin), axis=-1)
