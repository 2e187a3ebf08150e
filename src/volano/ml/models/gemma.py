"""Gemma (text): norms counted from one, scaled embeddings, gelu; from 2 on windows in most layers.

Gemma 2 and 3 also have norms behind attention and MLP, and cap scores. Behaviour follows Hugging
Face's `GemmaConfig`, `Gemma2Config` and `Gemma3TextConfig`; of a Gemma 3 that also reads images
only the decoder is used.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from volano.ml.errors import BadModel
from volano.ml.models.decoder import DecoderConfig, LayerConfig, parse_common

if TYPE_CHECKING:
    from volano.ml.models.configs import ConfigFile

MODEL_TYPES = ("gemma", "gemma2", "gemma3_text", "gemma3")
_WINDOWED, _WHOLE = "sliding_attention", "full_attention"
# Gemma 3's default: every sixth layer sees the whole context; Gemma 2's: every second.
_GEMMA3_PATTERN, _GEMMA2_PATTERN = 6, 2
# What the published configs of Gemma 3 leave out.
_GEMMA3_DEFAULTS: dict[str, object] = {
    "vocab_size": 262_208,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "max_position_embeddings": 131_072,
}


def parse_config(file: ConfigFile) -> DecoderConfig:
    """Check config.json; raises BadModel for what these families do not do."""
    family = file.family()
    newer = family not in ("gemma", "gemma2")
    text = file.inside("text_config", _GEMMA3_DEFAULTS if newer else None)
    if text.boolean("attention_bias", default=False):
        raise BadModel("Gemma with attention_bias is not supported.")
    if text.boolean("use_bidirectional_attention", default=False):
        raise BadModel("Gemma that sees later tokens is not supported.")
    common = asdict(parse_common(text, tied=True))
    layers = common.pop("layers")
    common |= {
        "family": family,
        "norm_offset": 1.0,
        "embed_scale": common["hidden_size"] ** 0.5,
        "activation": "gelu_tanh",
    }
    if family == "gemma":
        kinds = (LayerConfig(),) * layers
        return DecoderConfig(**common, rotaries=(text.rotary(),), kinds=kinds)
    whole = text.rotary(_WHOLE, theta=1_000_000.0 if newer else 10_000.0)
    local = text.number("rope_local_base_freq", 10_000.0)
    rotaries = (whole, text.rotary(_WINDOWED, theta=local, scaled=False)) if newer else (whole,)
    window = text.integer("sliding_window", 4096)
    kinds = tuple(
        LayerConfig(window=window, rotary=len(rotaries) - 1) if windowed else LayerConfig()
        for windowed in _windowed_layers(text, layers, newer=newer)
    )
    return DecoderConfig(
        **common,
        rotaries=rotaries,
        kinds=kinds,
        qk_norm=newer,
        sandwich=True,
        query_scale=text.number("query_pre_attn_scalar", 256) ** -0.5,
        attention_softcap=text.optional_number("attn_logit_softcapping", 0 if newer else 50.0),
        logit_softcap=text.optional_number("final_logit_softcapping", 0 if newer else 30.0),
    )


def _windowed_layers(text: ConfigFile, layers: int, *, newer: bool) -> list[bool]:
    kinds = text.words("layer_types")
    if not kinds:
        every = _GEMMA3_PATTERN if newer else _GEMMA2_PATTERN
        every = text.integer("sliding_window_pattern", every)
        return [(index + 1) % every != 0 for index in range(layers)]
    if len(kinds) != layers or not set(kinds) <= {_WINDOWED, _WHOLE}:
        raise BadModel("config.json: layer_types must name each layer's kind of attention.")
    return [kind == _WINDOWED for kind in kinds]
