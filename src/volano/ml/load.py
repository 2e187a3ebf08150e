"""Open a model's folder on this machine's device: what the engine calls to have a decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.ml.models.configs import ConfigFile
from volano.ml.models.families import parse_decoder
from volano.ml.models.numpy_decoder import NumpyDecoder
from volano.ml.models.weights import Weights

if TYPE_CHECKING:
    from pathlib import Path

    from volano.ml.models.batch import Decoder


def load_decoder(folder: Path, *, context_tokens: int) -> Decoder:
    """The folder's decoder for positions up to `context_tokens`; raises BadModel."""
    config = parse_decoder(ConfigFile(folder))
    context = min(config.max_positions, context_tokens)
    return NumpyDecoder(config, Weights(folder), max_positions=context)
