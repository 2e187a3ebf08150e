"""The Qwen families: Qwen2.5 (biases on q, k and v), Qwen3 (norms on q and k) and Qwen3-MoE.

Behaviour follows Hugging Face's `Qwen2Config`, `Qwen3Config` and `Qwen3MoeConfig`.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from volano.ml.errors import BadModel
from volano.ml.models.decoder import DecoderConfig, LayerConfig, parse_common

if TYPE_CHECKING:
    from volano.ml.models.configs import ConfigFile

MODEL_TYPES = ("qwen2", "qwen3", "qwen3_moe")


def parse_config(file: ConfigFile) -> DecoderConfig:
    """Check config.json; raises BadModel for what these families do not do."""
    family = file.family()
    if family != "qwen2" and file.boolean("attention_bias", default=False):
        raise BadModel("Qwen3 with attention_bias is not supported.")
    if file.boolean("use_sliding_window", default=False):
        raise BadModel("Qwen with a sliding window is not supported.")
    common = asdict(parse_common(file))
    layers = common.pop("layers")
    shape = DecoderConfig(
        **common,
        family=family,
        rotaries=(file.rotary(),),
        kinds=(LayerConfig(),) * layers,
        qkv_bias=family == "qwen2",
        qk_norm=family != "qwen2",
    )
    return _with_experts(shape, file) if family == "qwen3_moe" else shape


def _with_experts(shape: DecoderConfig, file: ConfigFile) -> DecoderConfig:
    every = file.integer("decoder_sparse_step", 1)
    dense = set(file.integers("mlp_only_layers"))
    kinds = tuple(
        LayerConfig(sparse=index not in dense and (index + 1) % every == 0)
        for index in range(shape.layers)
    )
    # Newer files name the same number otherwise.
    experts = file.integer("num_local_experts", file.integer("num_experts", 128))
    per_token = file.integer("num_experts_per_tok", 8)
    if per_token > experts:
        raise BadModel(f"config.json: {per_token} experts a token, but only {experts} experts.")
    return replace(
        shape,
        kinds=kinds,
        experts=experts,
        experts_per_token=per_token,
        expert_size=file.integer("moe_intermediate_size"),
        normalise_experts=file.boolean("norm_topk_prob", default=False),
    )
