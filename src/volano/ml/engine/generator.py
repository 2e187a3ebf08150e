"""A generative model as loaded: its engine, tokenizer, template, grammars and adapters."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from volano.ml.engine.adapters import AdapterFiles
from volano.ml.engine.chat_template import find_chat_template
from volano.ml.engine.engine import BLOCK_SIZE, Engine
from volano.ml.engine.grammar import Grammars
from volano.ml.engine.infill import find_infill
from volano.ml.engine.scheduler import Limits
from volano.ml.engine.tokenizer import Tokenizer
from volano.ml.engine.tool_calls import find_tool_format
from volano.ml.errors import BadModel
from volano.ml.gpu.plan import cache_bytes
from volano.ml.load import card_memory, load_decoder
from volano.ml.models.configs import load_json
from volano.ml.models.gguf_import import unpack_gguf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from volano.ml.gpu.choice import Device
    from volano.ml.load import Form


KV_BYTES_MAX = 1024 * 1024 * 1024
HOST_KV_BYTES_MAX = 256 * 1024 * 1024
# A card does much more at a time, and its host has much memory. Guesses would make it wait for
# what the host thinks of them, where it could go on by itself.
GPU_LIMITS = Limits(step_tokens=4096, running=256, draft_tokens=0, token_s=0.1)
GPU_HOST_KV_BYTES_MAX = 8 * 1024 * 1024 * 1024
CONTEXT_TOKENS_MAX = 32_768


class Generator:
    """One generative model; `prepare.py` makes its sequences."""

    def __init__(
        self,
        folder: Path,
        *,
        kv_bytes: int | None = None,
        host_kv_bytes: int | None = None,
        limits: Limits | None = None,
        form: Form | None = None,
        device: Device = "auto",
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Load the folder, its weights held as `form`; raises BadModel or OutOfMemory.

        `kv_bytes` None means what the device has room for, or KV_BYTES_MAX on the processor.
        """
        unpack_gguf(folder)
        with ThreadPoolExecutor(1) as aside:  # a large vocabulary takes as long as small weights
            tokenizer = aside.submit(Tokenizer, folder)
            model = load_decoder(
                folder, context_tokens=CONTEXT_TOKENS_MAX, form=form, device=device
            )
        memory = card_memory(device)
        limits = limits or (Limits() if memory is None else GPU_LIMITS)
        if host_kv_bytes is None:
            host_kv_bytes = HOST_KV_BYTES_MAX if memory is None else GPU_HOST_KV_BYTES_MAX
        if memory is not None:
            kv_bytes = cache_bytes(memory, limit=kv_bytes)
        elif kv_bytes is None:
            kv_bytes = KV_BYTES_MAX
        context = min(model.config.max_positions, CONTEXT_TOKENS_MAX)
        block_bytes = model.kv_bytes_per_token() * BLOCK_SIZE
        blocks = min(kv_bytes // block_bytes, limits.running * -(-context // BLOCK_SIZE))
        if blocks < 1:
            raise BadModel("The memory for the cache does not hold one block of this model.")
        self.now_s = now_s
        self.tokenizer = tokenizer.result()
        self.template = find_chat_template(folder, self.tokenizer.settings)
        self.size_bytes = model.size_bytes
        self.arena = model.arena
        self.kv_bytes = blocks * block_bytes
        self.vocab_size = model.config.vocab_size
        self.eos_ids = _eos_ids(folder, self.tokenizer)
        self.adapters = AdapterFiles()
        source = self.template.source if self.template is not None else ""
        self.tool_format = find_tool_format(source)
        marks = self.tool_format.marks if self.tool_format is not None else ()
        ids = {mark: self.tokenizer.token_id(mark) for mark in marks}
        self.tool_marks = {mark: id for mark, id in ids.items() if id is not None}
        self.infill = find_infill(self.tokenizer)
        begin, end = (self.tokenizer.token_id(text) for text in ("<think>", "</think>"))
        # Only a template that speaks of it makes a model reason; the tokens alone do not.
        self.think_ids = (begin, end) if begin and end and "<think>" in source else None
        self.thinks_on_request = "enable_thinking" in source
        self.engine = Engine(
            model,
            self.tokenizer,
            blocks=blocks,
            eos_ids=self.eos_ids,
            limits=limits,
            host_blocks=host_kv_bytes // block_bytes,
            visible={id: mark.encode() for mark, id in self.tool_marks.items()},
            now_s=now_s,
        )
        self.engine.context_tokens = min(self.engine.context_tokens, context)
        self.grammars = Grammars(
            folder, vocab_size=self.engine.vocab_size, eos_ids=sorted(self.eos_ids)
        )


def _eos_ids(folder: Path, tokenizer: Tokenizer) -> frozenset[int]:
    """Every token that ends a turn, from the three places where models declare it."""
    ids: set[int] = set()
    for name in ("generation_config.json", "config.json"):
        value = load_json(folder / name).get("eos_token_id")
        values = value if isinstance(value, list) else [value]
        ids.update(id for id in values if isinstance(id, int))
    token = tokenizer.settings.get("eos_token")
    text = token.get("content") if isinstance(token, dict) else token
    found = tokenizer.token_id(text) if isinstance(text, str) else None
    return frozenset(ids if found is None else ids | {found})
