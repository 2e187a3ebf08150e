"""Activations: SiLU and the tanh GELU for decoders, the exact (erf) GELU for BERT."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from volano.ml.layers.arrays import Floats

# Abramowitz and Stegun, Handbook of Mathematical Functions, formula 7.1.26: |error| <= 1.5e-7.
_ERF_SCALE = np.float32(0.3275911)
_ERF_COEFFICIENTS = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


def silu(x: Floats) -> Floats:
    """`x * sigmoid(x)`; large negative inputs give 0 without overflow."""
    result: Floats = x / (1 + np.exp(-np.clip(x, -80, None)))
    return result


def gelu_tanh(x: Floats) -> Floats:
    """GELU in its approximation by tanh, as Gemma has it."""
    inner = np.float32((2 / np.pi) ** 0.5) * (x + np.float32(0.044715) * x * x * x)
    result: Floats = x * np.float32(0.5) * (1 + np.tanh(inner))
    return result


def gelu(x: Floats) -> Floats:
    """`x` times the normal distribution function of `x`, by erf as BERT does."""
    result: Floats = x * np.float32(0.5) * (1 + erf(x * np.float32(2**-0.5)))
    return result


def erf(x: Floats) -> Floats:
    """The error function with an absolute error under 2e-7 before rounding to float32."""
    size = np.abs(x)
    t = 1 / (1 + _ERF_SCALE * size)
    polynomial = np.zeros_like(t)
    for coefficient in _ERF_COEFFICIENTS:
        polynomial = (polynomial + np.float32(coefficient)) * t
    return np.copysign(1 - polynomial * np.exp(-np.square(size)), x)
