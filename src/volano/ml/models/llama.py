"""Llama (2, 3 and their like, with Llama 3's rotary scaling) and Mistral (with its window).

Behaviour follows Hugging Face's `LlamaConfig` and `MistralConfig`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from volano.ml.errors import BadModel
from volano.ml.models.decoder import DecoderConfig, LayerConfig, parse_common

if TYPE_CHECKING:
    from volano.ml.models.configs import ConfigFile

MODEL_TYPES = ("llama", "mistral")


def parse_config(file: ConfigFile) -> DecoderConfig:
    """Check config.json; raises BadModel for what these families do not do."""
    if file.boolean("mlp_bias", default=False):
        raise BadModel("Llama with mlp_bias is not supported.")
    common = asdict(parse_common(file))
    layers = common.pop("layers")
    bias = file.boolean("attention_bias", default=False)
    window = int(file.optional_number("sliding_window")) if file.family() == "mistral" else 0
    return DecoderConfig(
        **common,
        family=file.family(),
        rotaries=(file.rotary(),),
        kinds=(LayerConfig(window=window),) * layers,
        qkv_bias=bias,
        out_bias=bias,
    )
