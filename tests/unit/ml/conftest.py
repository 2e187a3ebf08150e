"""Models for the engine's tests: the built-in tiny one, and two with purely random weights."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tokenizers import AddedToken, Tokenizer

from volano.ml.engine.generator import Generator
from volano.ml.engine.scheduler import Limits
from volano.ml.models.tiny import make_tiny_model, random_weights
from volano.ml.models.weights import write_safetensors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from volano.ml.load import Form

    MakeGenerator = Callable[..., Generator]


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    make_tiny_model(folder)
    return folder


@pytest.fixture(scope="session", params=["tied", "untied"])
def random_folder(
    request: pytest.FixtureRequest, tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Random weights large enough that every layer and the whole context shape the output."""
    folder = tmp_path_factory.mktemp("models") / f"random-{request.param}"
    make_tiny_model(folder)
    generator = np.random.Generator(np.random.Philox(key=7))
    tensors = dict(random_weights(generator, 0.15))
    if request.param == "untied":
        shape = tensors["model.embed_tokens.weight"].shape
        tensors["lm_head.weight"] = generator.standard_normal(shape).astype(np.float32) * 0.15
        config = json.loads((folder / "config.json").read_text())
        config["tie_word_embeddings"] = False
        (folder / "config.json").write_text(json.dumps(config))
    write_safetensors(folder / "model.safetensors", tensors, {"format": "pt"})
    return folder


QWEN_TEMPLATE = (
    "{%- if tools %}<|im_start|>system\nCall them in <tool_call></tool_call>:"
    "{%- for tool in tools %}\n{{ tool | tojson }}{%- endfor %}<|im_end|>\n{%- endif %}"
    "{%- for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}"
    "{%- for call in message.tool_calls or [] %}"
    "<tool_call>\n{{ call.function | tojson }}\n</tool_call>{%- endfor %}<|im_end|>\n"
    "{%- endfor %}<|im_start|>assistant\n"
    "{%- if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n"
    "{%- endif %}"
)
CHAT_MARKS = ("<think>", "</think>", "<tool_call>", "</tool_call>", "[TOOL_CALLS]")


@pytest.fixture(scope="session")
def chat_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights behind a tokenizer and template with Qwen3's marks for thought and tools."""
    folder = tmp_path_factory.mktemp("models") / "chat"
    make_tiny_model(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    marks = [
        AddedToken(mark, special=mark.startswith("["), normalized=False) for mark in CHAT_MARKS
    ]
    tokenizer.add_tokens(marks)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(QWEN_TEMPLATE)
    config = json.loads((folder / "config.json").read_text())
    config["vocab_size"] = tokenizer.get_vocab_size()
    (folder / "config.json").write_text(json.dumps(config))
    generator = np.random.Generator(np.random.Philox(key=11))
    tensors = dict(random_weights(generator, 0.15))
    embed = tensors["model.embed_tokens.weight"]
    more = generator.standard_normal((len(CHAT_MARKS), embed.shape[1])).astype(np.float32) * 0.15
    tensors["model.embed_tokens.weight"] = np.concatenate((embed, more))
    write_safetensors(folder / "model.safetensors", tensors, {"format": "pt"})
    return folder


@pytest.fixture
def make_generator(tiny_folder: Path) -> MakeGenerator:
    def make(
        folder: Path | None = None,
        *,
        kv_bytes: int = 2**26,
        host_kv_bytes: int = 0,
        form: Form = "f32",
        **limits: int,
    ) -> Generator:
        return Generator(
            folder or tiny_folder,
            kv_bytes=kv_bytes,
            host_kv_bytes=host_kv_bytes,
            limits=Limits(**limits),
            form=form,
        )

    return make
