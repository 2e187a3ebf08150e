"""Make the tiny test model: a real Qwen3-architecture model folder, small, without training.

Its text is not useful and is never presented as such. Weights are random from a fixed seed, except
that the last layer's MLP is filled by hand with which token follows which in a short corpus: one
hidden unit a token, recognising its embedding and adding those of its successors. So the output
looks like words and comes to an end, which is what a person watching a stream needs to see.

The same version of NumPy and tokenizers gives the same bytes.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from volano.ml.models.weights import write_safetensors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from volano.ml.layers.arrays import Floats

NAME = "volano-tiny-qwen3"
NOTE = "Made by a script for tests and demonstrations, not trained: its text is not useful."
VERSION = 2
SEED = 20_261_122
VOCAB_SIZE = 512
HIDDEN = 128
LAYERS = 4
HEADS = 4
KV_HEADS = 2
HEAD_DIM = 32
CONTEXT_TOKENS = 2048
NOISE = 0.02

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
# Tools are named, not described: the model cannot read, and its context is short.
CHAT_TEMPLATE = (
    "{%- if tools %}{{- '<|im_start|>system\\nTools:' }}"
    "{%- for tool in tools %}{{- ' ' + tool['function']['name'] }}{%- endfor %}"
    "{{- '<|im_end|>\\n' }}{%- endif %}"
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] }}"
    "{%- for call in message['tool_calls'] or [] %}"
    "{{- '\\n<tool_call>\\n' + call['function'] | tojson + '\\n</tool_call>' }}"
    "{%- endfor %}{{- '<|im_end|>\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)


def make_tiny_model(folder: Path, *, seed: int = SEED) -> None:
    """Write the model to `folder`, whole or not at all; replaces what is there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".tiny-") as scratch:
        made = Path(scratch) / "model"
        made.mkdir()
        tokenizer = _train_tokenizer()
        tokenizer.save(str(made / "tokenizer.json"))
        for name, content in _json_files(tokenizer).items():
            (made / name).write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
        (made / "README.md").write_text(_MODEL_CARD)
        write_safetensors(made / "model.safetensors", _weights(tokenizer, seed), {"format": "pt"})
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)


def _paragraphs() -> list[str]:
    text = resources.files("volano.ml.models").joinpath("tiny_corpus.txt").read_text("utf-8")
    return [line for line in text.splitlines() if line]


def _train_tokenizer() -> Tokenizer:
    """Byte-level BPE over the corpus, with the three special tokens that Qwen's chats use."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = [AddedToken(text, special=True, normalized=False) for text in (PAD, START, END)]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_paragraphs(), trainer)
    assert tokenizer.get_vocab_size() == VOCAB_SIZE
    return tokenizer


def _json_files(tokenizer: Tokenizer) -> dict[str, dict[str, object]]:
    end = tokenizer.token_to_id(END)
    pad = tokenizer.token_to_id(PAD)
    config: dict[str, object] = {
        "architectures": ["Qwen3ForCausalLM"],
        "attention_bias": False,
        "bos_token_id": pad,
        "eos_token_id": end,
        "head_dim": HEAD_DIM,
        "hidden_act": "silu",
        "hidden_size": HIDDEN,
        "intermediate_size": VOCAB_SIZE,
        "max_position_embeddings": CONTEXT_TOKENS,
        "model_type": "qwen3",
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "num_key_value_heads": KV_HEADS,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000.0,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "vocab_size": VOCAB_SIZE,
        "volano_note": NOTE,
        "volano_version": VERSION,
    }
    return {
        "config.json": config,
        "generation_config.json": {"eos_token_id": [end, pad], "pad_token_id": pad},
        "tokenizer_config.json": {
            "chat_template": CHAT_TEMPLATE,
            "eos_token": END,
            "model_max_length": CONTEXT_TOKENS,
            "pad_token": PAD,
            "tokenizer_class": "PreTrainedTokenizerFast",
        },
    }


def _weights(tokenizer: Tokenizer, seed: int) -> dict[str, Floats]:
    generator = np.random.Generator(np.random.Philox(key=seed))
    tensors = dict(random_weights(generator, NOISE))
    embed = tensors["model.embed_tokens.weight"]
    embed /= np.linalg.norm(embed, axis=1, keepdims=True)
    successors = _successors(tokenizer)
    # Tokens that never follow another (most single bytes) are made unlikely: a short row of the
    # tied embedding is a small logit.
    embed[successors.sum(axis=0) == 0] *= 0.25
    _remember_successors(tensors, embed, successors)
    # Logits are this weight times the cosine times sqrt(hidden): about 25 for a sure successor.
    tensors["model.norm.weight"] = np.full(HIDDEN, 2.2, dtype=np.float32)
    return tensors


def random_weights(
    generator: np.random.Generator, deviation: float
) -> Iterator[tuple[str, Floats]]:
    """Every tensor of the architecture, normally distributed; norms around one."""

    def normal(*shape: int) -> Floats:
        return (generator.standard_normal(shape) * deviation).astype(np.float32)

    yield "model.embed_tokens.weight", normal(VOCAB_SIZE, HIDDEN)
    for index in range(LAYERS):
        prefix = f"model.layers.{index}."
        yield f"{prefix}input_layernorm.weight", 1 + normal(HIDDEN)
        yield f"{prefix}self_attn.q_proj.weight", normal(HEADS * HEAD_DIM, HIDDEN)
        yield f"{prefix}self_attn.k_proj.weight", normal(KV_HEADS * HEAD_DIM, HIDDEN)
        yield f"{prefix}self_attn.v_proj.weight", normal(KV_HEADS * HEAD_DIM, HIDDEN)
        yield f"{prefix}self_attn.q_norm.weight", 1 + normal(HEAD_DIM)
        yield f"{prefix}self_attn.k_norm.weight", 1 + normal(HEAD_DIM)
        yield f"{prefix}self_attn.o_proj.weight", normal(HIDDEN, HEADS * HEAD_DIM)
        yield f"{prefix}post_attention_layernorm.weight", 1 + normal(HIDDEN)
        yield f"{prefix}mlp.gate_proj.weight", normal(VOCAB_SIZE, HIDDEN)
        yield f"{prefix}mlp.up_proj.weight", normal(VOCAB_SIZE, HIDDEN)
        yield f"{prefix}mlp.down_proj.weight", normal(HIDDEN, VOCAB_SIZE)
    yield "model.norm.weight", 1 + normal(HIDDEN)


def _successors(tokenizer: Tokenizer) -> Floats:
    """How likely each token follows each in the corpus, (token, next token); rows sum to 1 or 0."""
    counts = np.zeros((VOCAB_SIZE, VOCAB_SIZE), dtype=np.float32)
    for paragraph in _paragraphs():
        # From the line break on: what stands before it belongs to the template, not to the text.
        ids = tokenizer.encode(f"\n{paragraph}{END}").ids
        np.add.at(counts, (ids[:-1], ids[1:]), 1)
    # More sentences follow each other than in the corpus, or answers would be too short.
    counts[:, tokenizer.token_to_id(END)] *= 0.3
    shares: Floats = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _remember_successors(tensors: dict[str, Floats], embed: Floats, successors: Floats) -> None:
    prefix = f"model.layers.{LAYERS - 1}."
    tensors[f"{prefix}post_attention_layernorm.weight"] = np.ones(HIDDEN, dtype=np.float32)
    # A normalised hidden state has length sqrt(hidden), so the right unit sees about 11, others 1.
    tensors[f"{prefix}mlp.gate_proj.weight"] = embed.copy()
    tensors[f"{prefix}mlp.up_proj.weight"] = embed.copy()
    wanted = np.sqrt(successors) @ embed
    length = np.maximum(np.linalg.norm(wanted, axis=1, keepdims=True), 1e-6)
    tensors[f"{prefix}mlp.down_proj.weight"] = np.ascontiguousarray((wanted / length).T * 0.16)


_MODEL_CARD = f"""---
license: apache-2.0
---
# {NAME}

{NOTE}
Pull a real model with `volano models pull NAME`.
"""
