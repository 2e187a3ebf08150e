"""Normalisation over the last axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from volano.ml.layers.arrays import Floats


def rms_norm(x: Floats, weight: Floats, eps: float) -> Floats:
    """Scale by the root of the mean square; the shape stays."""
    mean_square = np.mean(np.square(x), axis=-1, keepdims=True)
    scaled: Floats = x / np.sqrt(mean_square + np.float32(eps)) * weight
    return scaled


def layer_norm(x: Floats, weight: Floats, bias: Floats, eps: float) -> Floats:
    """Subtract the mean, scale by the standard deviation; the shape stays."""
    centred = x - np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(np.square(centred), axis=-1, keepdims=True)
    scaled: Floats = centred / np.sqrt(variance + np.float32(eps)) * weight + bias
    return scaled
