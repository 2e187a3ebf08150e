"""A generative model as loaded: its engine, tokenizer and template; prepares requests for it."""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING

from volano.ml.engine.chat_template import find_chat_template
from volano.ml.engine.engine import BLOCK_SIZE, Engine
from volano.ml.engine.sampler import Sampling
from volano.ml.engine.scheduler import Limits
from volano.ml.engine.sequence import Sequence, make_sequence
from volano.ml.engine.tokenizer import Tokenizer
from volano.ml.errors import BadModel, BadRequest
from volano.ml.load import load_decoder
from volano.ml.models.configs import load_json

if TYPE_CHECKING:
    from pathlib import Path

    from volano.ml.engine.protocol import Generate

KV_BYTES_MAX = 1024 * 1024 * 1024
CONTEXT_TOKENS_MAX = 32_768
# No tokenizer packs more characters into a token on average; longer prompts are not even encoded.
CHARS_PER_TOKEN_MAX = 64


class Generator:
    """One generative model."""

    def __init__(
        self, folder: Path, *, kv_bytes: int = KV_BYTES_MAX, limits: Limits | None = None
    ) -> None:
        """Load the folder; raises BadModel."""
        limits = limits or Limits()
        model = load_decoder(folder, context_tokens=CONTEXT_TOKENS_MAX)
        context = min(model.config.max_positions, CONTEXT_TOKENS_MAX)
        blocks = kv_bytes // (model.kv_bytes_per_token() * BLOCK_SIZE)
        blocks = min(blocks, limits.running * -(-context // BLOCK_SIZE))
        if blocks < 1:
            raise BadModel("The memory for the cache does not hold one block of this model.")
        self.tokenizer = Tokenizer(folder)
        self.template = find_chat_template(folder, self.tokenizer.settings)
        self.size_bytes = model.size_bytes
        self.kv_bytes = blocks * BLOCK_SIZE * model.kv_bytes_per_token()
        self.engine = Engine(
            model,
            self.tokenizer,
            blocks=blocks,
            eos_ids=_eos_ids(folder, self.tokenizer),
            limits=limits,
        )
        self.engine.context_tokens = min(self.engine.context_tokens, context)
        self._vocab_size = model.config.vocab_size

    def prepare(self, request: Generate) -> Sequence:
        """Template, tokens and sampling of a request; raises BadRequest. May run on any thread."""
        ids = self._prompt_ids(request)
        context = self.engine.context_tokens
        if len(ids) >= context:
            raise BadRequest(
                f"This model's context is {context} tokens; the prompt has {len(ids)}. Shorten it.",
                code="context_length_exceeded",
            )
        _check_numbers(request, self._vocab_size)
        seed = request.seed if request.seed is not None else secrets.randbits(31)
        return make_sequence(
            request.id,
            ids,
            max_tokens=min(request.max_tokens or context, context - len(ids)),
            sampling=Sampling(
                temperature=request.temperature,
                top_p=request.top_p,
                top_k=request.top_k,
                seed=seed,
                top_logprobs=request.top_logprobs,
                logit_bias=request.logit_bias,
                frequency_penalty=request.frequency_penalty,
                presence_penalty=request.presence_penalty,
            ),
            stop=tuple(request.stop),
        )

    def _prompt_ids(self, request: Generate) -> list[int]:
        if (request.messages is None) == (request.prompt is None):
            raise BadRequest("Give exactly one of messages and prompt.")
        text = request.prompt
        if text is None:
            if self.template is None:
                raise BadRequest("This model has no chat template: use a plain prompt.")
            text = self.template.render(request.messages or [])
        if len(text) > self.engine.context_tokens * CHARS_PER_TOKEN_MAX:
            raise BadRequest(
                f"This model's context is {self.engine.context_tokens} tokens; a prompt of "
                f"{len(text)} characters does not fit. Shorten it.",
                code="context_length_exceeded",
            )
        ids = self.tokenizer.encode(text, add_special=request.prompt is not None)
        if any(id >= self._vocab_size for id in ids):
            raise BadModel("The model's tokenizer has more tokens than its weights.")
        if not ids:
            raise BadRequest("The prompt is empty.")
        return ids


def _check_numbers(request: Generate, vocab_size: int) -> None:
    numbers = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
    }
    for name, value in numbers.items():
        if not math.isfinite(value):
            raise BadRequest(f"{name} must be a finite number.", code="invalid_value")
    for token_id, bias in request.logit_bias.items():
        if not 0 <= token_id < vocab_size or not math.isfinite(bias):
            raise BadRequest(
                f"logit_bias names token {token_id}; this model has tokens 0 to {vocab_size - 1}.",
                code="invalid_value",
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
