"""A GGUF file's metadata as the JSON files of a model folder.

They are written once beside the file; from then on the folder is one like any other, and only the
weights are read from the GGUF file itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from volano.ml.errors import BadModel
from volano.ml.models.gguf import GgufFile

if TYPE_CHECKING:
    from pathlib import Path

FAMILIES = {
    "gemma": "gemma",
    "gemma2": "gemma2",
    "gemma3": "gemma3_text",
    "llama": "llama",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "qwen3moe": "qwen3_moe",
}
# Keys of config.json by the file's own, after the family's name.
_KEYS = {
    "block_count": "num_hidden_layers",
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "attention.sliding_window": "sliding_window",
    "rope.freq_base": "rope_theta",
    "expert_count": "num_experts",
    "expert_used_count": "num_experts_per_tok",
    "expert_feed_forward_length": "moe_intermediate_size",
    "attn_logit_softcapping": "attn_logit_softcapping",
    "final_logit_softcapping": "final_logit_softcapping",
}
# How texts are split before merging, by the name that the file gives.
_SPLITS = {
    "qwen2": (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
    "llama-bpe": (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
}
_CONTROL, _USER_DEFINED = 3, 4


def find_gguf(folder: Path) -> Path | None:
    """The folder's only GGUF file; raises BadModel when there are several."""
    found = sorted(folder.glob("*.gguf"))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise BadModel(f"The folder has several GGUF files ({names}): keep one.")
    return found[0] if found else None


def unpack_gguf(folder: Path) -> None:
    """Write the folder's missing JSON files from its GGUF file; raises BadModel."""
    path = find_gguf(folder)
    if path is None or (folder / "config.json").is_file():
        return
    file = GgufFile(path)
    config = gguf_config(file)
    if not (folder / "tokenizer.json").is_file():
        _tokenizer(file.metadata).save(str(folder / "tokenizer.json"))
    settings = {
        "chat_template": file.metadata.get("tokenizer.chat_template"),
        "eos_token": _token_text(file.metadata, "eos_token_id"),
        "bos_token": _token_text(file.metadata, "bos_token_id"),
    }
    kept = {key: value for key, value in settings.items() if value is not None}
    (folder / "tokenizer_config.json").write_text(json.dumps(kept), encoding="utf-8")
    # Last, for it says that the folder is complete.
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def gguf_config(file: GgufFile) -> dict[str, object]:
    """The file's shape as config.json has it; raises BadModel for another family."""
    own = str(file.metadata.get("general.architecture", ""))
    family = FAMILIES.get(own)
    if family is None:
        known = ", ".join(FAMILIES)
        raise BadModel(f"GGUF models of family {own!r} cannot be served; supported: {known}.")
    config: dict[str, object] = {
        key: file.metadata[f"{own}.{name}"]
        for name, key in _KEYS.items()
        if f"{own}.{name}" in file.metadata
    }
    tokens = file.metadata.get("tokenizer.ggml.tokens")
    if isinstance(tokens, list):
        config["vocab_size"] = len(tokens)
    config |= {
        "model_type": family,
        "tie_word_embeddings": "lm_head.weight" not in file.names(),
        "eos_token_id": file.metadata.get("tokenizer.ggml.eos_token_id"),
    }
    if own.startswith("gemma"):
        config["query_pre_attn_scalar"] = _query_scalar(config)
    if family == "qwen3_moe":
        config["norm_topk_prob"] = True
    return config | _rotary(file, own)


def _query_scalar(config: dict[str, object]) -> object:
    """What scores are divided by the root of; the file does not say it."""
    hidden, heads = config.get("hidden_size"), config.get("num_attention_heads")
    # Of the published sizes only the two of 27 billion, known by their layers, differ.
    differs = config.get("num_hidden_layers") in (46, 62)
    if differs and isinstance(hidden, int) and isinstance(heads, int):
        return hidden / heads
    return config.get("head_dim", 256)


def _rotary(file: GgufFile, own: str) -> dict[str, object]:
    divisors = file.raw("rope_freqs.weight")
    if divisors is not None:
        found = [float(each) for each in divisors]
        return {"rope_scaling": {"rope_type": "divisors", "divisors": found}}
    kind = file.metadata.get(f"{own}.rope.scaling.type", "none")
    if kind == "none":
        return {}
    factor = file.metadata.get(f"{own}.rope.scaling.factor", 1.0)
    return {"rope_scaling": {"rope_type": str(kind), "factor": factor}}


def _tokenizer(metadata: dict[str, object]) -> Tokenizer:
    kind, split = metadata.get("tokenizer.ggml.model"), metadata.get("tokenizer.ggml.pre")
    tokens, merges = (metadata.get(f"tokenizer.ggml.{name}") for name in ("tokens", "merges"))
    known = kind == "gpt2" and isinstance(split, str) and split in _SPLITS
    if not known or not isinstance(tokens, list) or not isinstance(merges, list):
        raise BadModel(
            f"The GGUF file's tokenizer ({kind}, {split}) is not supported: "
            "put the model's tokenizer.json beside it."
        )
    vocabulary = {text: index for index, text in enumerate(tokens)}
    pairs = [tuple(merge.split(" ", 1)) for merge in merges]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=pairs))
    parts = [
        pre_tokenizers.Split(Regex(_SPLITS[str(split)]), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(parts)
    tokenizer.decoder = decoders.ByteLevel()
    types = metadata.get("tokenizer.ggml.token_type")
    for text, type_ in zip(tokens, types if isinstance(types, list) else [], strict=False):
        if type_ in (_CONTROL, _USER_DEFINED):
            added = AddedToken(text, special=type_ == _CONTROL, normalized=False)
            tokenizer.add_tokens([added])
    return tokenizer


def _token_text(metadata: dict[str, object], name: str) -> str | None:
    index, tokens = metadata.get(f"tokenizer.ggml.{name}"), metadata.get("tokenizer.ggml.tokens")
    if not isinstance(index, int) or not isinstance(tokens, list) or index >= len(tokens):
        return None
    return str(tokens[index])
