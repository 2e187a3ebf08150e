"""What chat completions answer with: objects, chunks, log probabilities, usage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from volano.kernel.inference import Delta, TokenLogprob

FINGERPRINT = "fp_volano"


class Message(msgspec.Struct, kw_only=True):
    role: str = "assistant"
    content: str
    refusal: str | None = None
    annotations: list[Any] = []


class Choice(msgspec.Struct, kw_only=True):
    index: int
    message: Message
    logprobs: dict[str, Any] | None
    finish_reason: str


class TokenUsage(msgspec.Struct, kw_only=True):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0

    @staticmethod
    def of(ends: list[Delta]) -> TokenUsage:
        """The prompt is counted once, however many choices answered it."""
        prompt = max((end.prompt_tokens for end in ends), default=0)
        completion = sum(end.completion_tokens for end in ends)
        return TokenUsage(
            prompt_tokens=prompt,
            completion_tokens=completion,
            total_tokens=prompt + completion,
        )


class Completion(msgspec.Struct, kw_only=True):
    id: str
    object: str = "chat.completion"
    created: int
    model: str
    choices: list[Choice] = []
    usage: TokenUsage = msgspec.field(default_factory=TokenUsage)
    system_fingerprint: str = FINGERPRINT


def chunk_of(
    head: tuple[str, int, str],
    index: int,
    content: dict[str, Any],
    *,
    delta: Delta | None = None,
    finish: str | None = None,
    usage: bool,
) -> dict[str, Any]:
    """One `chat.completion.chunk`; `usage` null is there only when it will come at the end."""
    made, created, model = head
    chunk: dict[str, Any] = {
        "id": made,
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "system_fingerprint": FINGERPRINT,
        "choices": [
            {
                "index": index,
                "delta": content,
                "logprobs": logprobs_of(delta.logprobs) if delta else None,
                "finish_reason": finish,
            }
        ],
    }
    if usage:
        chunk["usage"] = None
    return chunk


def usage_chunk(head: tuple[str, int, str], usage: TokenUsage) -> dict[str, Any]:
    """The last chunk when `stream_options.include_usage` is set: no choices, the counts."""
    made, created, model = head
    return {
        "id": made,
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "system_fingerprint": FINGERPRINT,
        "choices": [],
        "usage": usage,
    }


def logprobs_of(tokens: Iterable[TokenLogprob]) -> dict[str, Any] | None:
    """OpenAI's `logprobs` object, or None when none were asked for."""
    content = [
        {
            "token": token.token,
            "logprob": token.logprob,
            "bytes": list(token.bytes),
            "top_logprobs": [
                {"token": text, "logprob": value, "bytes": list(raw)}
                for text, value, raw in token.top
            ],
        }
        for token in tokens
    ]
    return {"content": content, "refusal": None} if content else None
