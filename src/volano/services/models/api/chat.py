"""OpenAI's POST /v1/chat/completions: checks, choices, chunks.

Parameters that would change the answer but are not built are refused by name, never ignored.
Source of behaviour: the API reference's "Create chat completion".
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.errors import Invalid
from volano.kernel.inference import Generate
from volano.services.models.api.answers import (
    Choice,
    Completion,
    Message,
    TokenUsage,
    chunk_of,
    logprobs_of,
    usage_chunk,
)
from volano.services.models.logic.chat import generate, merge_choices
from volano.services.models.logic.registry import require_task
from volano.services.models.model import Task
from volano.wire.action import action
from volano.wire.results import EventStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Delta, TokenLogprob
    from volano.services.models.model import Model

MAX_CHOICES = 16
MAX_STOPS = 4
MAX_TOP_LOGPROBS = 20
MAX_BIAS = 100.0
MAX_BIASED_TOKENS = 1024
MAX_TOP_K = 1_000_000
SEED_BITS = 63
DEFAULT_MAX_TOKENS = 512


class TextPart(msgspec.Struct, kw_only=True):
    type: str
    text: str = ""


class ChatMessage(msgspec.Struct, kw_only=True):
    role: str
    content: str | list[TextPart] | None = None
    name: str | None = None


class StreamOptions(msgspec.Struct, kw_only=True):
    include_usage: bool = False
    include_obfuscation: bool = False


class CreateChatCompletion(msgspec.Struct, kw_only=True):
    """The request's fields; `tools` and its kin are read only to be refused by name."""

    model: str
    messages: list[ChatMessage]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    n: int | None = 1
    stop: str | list[str] | None = None
    seed: int | None = None
    logprobs: bool | None = False
    top_logprobs: int | None = None
    logit_bias: dict[str, float] | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    user: str | None = None
    store: bool | None = None
    metadata: dict[str, str] | None = None
    tools: list[Any] | None = None
    tool_choice: Any = None
    functions: list[Any] | None = None
    response_format: dict[str, Any] | None = None
    modalities: list[str] | None = None
    audio: dict[str, Any] | None = None
    prediction: dict[str, Any] | None = None
    web_search_options: dict[str, Any] | None = None


@action(
    "openai:createChatCompletion",
    method="POST",
    path="/v1/chat/completions",
    permission="models:InvokeModel",
    resource="arn:aws:models:{region}:{account}:model/{model}",
    read_only=False,
    timeout_s=None,
    partial="Tools, response_format, audio, images and stored completions are refused by name.",
)
async def create_chat_completion(
    env: Env, call: Call, request: CreateChatCompletion
) -> Completion | EventStream:
    """An answer to a conversation, whole or streamed."""
    _refuse_unbuilt(request)
    model = await require_task(env, call.account, request.model, Task.GENERATE)
    requests = _requests(env, request, model)
    made = f"chatcmpl-{env.ids.hex(24)}"
    created = env.clock.now_us() // 1_000_000
    choices = [
        generate(env, call, model, item, pays_prompt=index == 0)
        for index, item in enumerate(requests)
    ]
    deltas = merge_choices(choices)
    if request.stream:
        options = request.stream_options or StreamOptions()
        head = (made, created, request.model)
        return EventStream(_chunks(deltas, head, len(choices), usage=options.include_usage))
    return await _whole(deltas, Completion(id=made, created=created, model=request.model))


async def _whole(deltas: AsyncIterator[tuple[int, Delta]], completion: Completion) -> Completion:
    texts: dict[int, list[str]] = {}
    tokens: dict[int, list[TokenLogprob]] = {}
    ends: dict[int, Delta] = {}
    async with aclosing(deltas) as stream:  # type: ignore[type-var]  # it is a generator
        async for index, delta in stream:
            texts.setdefault(index, []).append(delta.text)
            tokens.setdefault(index, []).extend(delta.logprobs)
            if delta.finish_reason is not None:
                ends[index] = delta
    for index in sorted(texts):
        completion.choices.append(
            Choice(
                index=index,
                message=Message(content="".join(texts[index])),
                logprobs=logprobs_of(tokens[index]),
                finish_reason=ends[index].finish_reason or "stop",
            )
        )
    completion.usage = TokenUsage.of(list(ends.values()))
    return completion


async def _chunks(
    deltas: AsyncIterator[tuple[int, Delta]],
    head: tuple[str, int, str],
    choices: int,
    *,
    usage: bool,
) -> AsyncIterator[dict[str, Any]]:
    ends: list[Delta] = []
    begun: set[int] = set()
    async with aclosing(deltas) as stream:  # type: ignore[type-var]  # it is a generator
        async for index, delta in stream:
            if index not in begun:
                begun.add(index)
                first = {"role": "assistant", "content": "", "refusal": None}
                yield chunk_of(head, index, first, usage=usage)
            if delta.text or delta.logprobs:
                content = {"content": delta.text}
                yield chunk_of(head, index, content, delta=delta, usage=usage)
            if delta.finish_reason is not None:
                ends.append(delta)
                yield chunk_of(head, index, {}, finish=delta.finish_reason, usage=usage)
    if usage and len(ends) == choices:
        yield usage_chunk(head, TokenUsage.of(ends))


def _requests(env: Env, request: CreateChatCompletion, model: Model) -> list[Generate]:
    """One engine request per choice; a seed grows by one per choice so that choices differ."""
    count = 1 if request.n is None else request.n
    if not 1 <= count <= MAX_CHOICES:
        raise _invalid("n", f"it is 1 to {MAX_CHOICES}")
    stops = [request.stop] if isinstance(request.stop, str) else list(request.stop or [])
    if len(stops) > MAX_STOPS or not all(stops):
        raise _invalid("stop", f"up to {MAX_STOPS} strings, none of them empty")
    top = _top_logprobs(request)
    limit = request.max_completion_tokens
    limit = request.max_tokens if limit is None else limit
    if limit is not None and limit < 1:
        raise _invalid("max_completion_tokens", "it is at least 1")
    _check_seed(request.seed)
    common = {
        "model": model.files,
        "messages": tuple(_messages(request.messages)),
        "max_tokens": limit or DEFAULT_MAX_TOKENS,
        "temperature": _within("temperature", request.temperature, 0.0, 2.0, default=1.0),
        "top_p": _within("top_p", request.top_p, 0.0, 1.0, default=1.0),
        "top_k": int(_within("top_k", request.top_k, 0, MAX_TOP_K)),
        "stop": tuple(stops),
        "top_logprobs": top,
        "logit_bias": _bias(request.logit_bias),
        "frequency_penalty": _within("frequency_penalty", request.frequency_penalty, -2.0, 2.0),
        "presence_penalty": _within("presence_penalty", request.presence_penalty, -2.0, 2.0),
    }
    return [
        Generate(
            request_id=env.ids.uuid(),
            seed=None if request.seed is None else request.seed + index,
            **common,  # type: ignore[arg-type]  # each value is of its field's type
        )
        for index in range(count)
    ]


def _messages(given: list[ChatMessage]) -> list[dict[str, str]]:
    if not given:
        raise _invalid("messages", "it needs at least one message")
    out: list[dict[str, str]] = []
    for index, message in enumerate(given):
        if message.role not in ("system", "developer", "user", "assistant"):
            raise _invalid(f"messages[{index}].role", f"'{message.role}' is not supported")
        role = "system" if message.role == "developer" else message.role
        out.append({"role": role, "content": _content(index, message.content)})
    return out


def _content(index: int, content: str | list[TextPart] | None) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    for place, part in enumerate(content):
        if part.type != "text":
            where = f"messages[{index}].content[{place}].type"
            raise _invalid(where, f"this model reads text, not '{part.type}'")
    return "".join(part.text for part in content)


def _top_logprobs(request: CreateChatCompletion) -> int | None:
    if request.top_logprobs is not None:
        if not request.logprobs:
            raise _invalid("top_logprobs", "it needs `logprobs` to be true")
        if not 0 <= request.top_logprobs <= MAX_TOP_LOGPROBS:
            raise _invalid("top_logprobs", f"it is 0 to {MAX_TOP_LOGPROBS}")
    return (request.top_logprobs or 0) if request.logprobs else None


def _bias(given: dict[str, float] | None) -> dict[int, float]:
    try:
        biases = {int(token): value for token, value in (given or {}).items()}
    except ValueError:
        raise _invalid("logit_bias", "its keys are token ids") from None
    if len(biases) > MAX_BIASED_TOKENS or any(token < 0 for token in biases):
        raise _invalid("logit_bias", f"it takes up to {MAX_BIASED_TOKENS} token ids")
    if any(abs(value) > MAX_BIAS for value in biases.values()):
        raise _invalid("logit_bias", f"its values are {-MAX_BIAS:g} to {MAX_BIAS:g}")
    return biases


def _check_seed(seed: int | None) -> None:
    if seed is not None and not -(2**SEED_BITS) <= seed < 2**SEED_BITS:
        raise _invalid("seed", "it is a 64-bit whole number")


def _within(
    name: str, value: float | None, low: float, high: float, *, default: float = 0.0
) -> float:
    if value is None:
        return default
    if not low <= value <= high:
        raise _invalid(name, f"it is {low:g} to {high:g}")
    return value


def _refuse_unbuilt(request: CreateChatCompletion) -> None:
    plain_format = (request.response_format or {}).get("type", "text") == "text"
    refused = {
        "tools": bool(request.tools),
        "functions": bool(request.functions),
        "response_format": not plain_format,
        "modalities": request.modalities not in (None, ["text"]),
        "audio": bool(request.audio),
        "prediction": bool(request.prediction),
        "web_search_options": request.web_search_options is not None,
        "store": bool(request.store),
    }
    for name, given in refused.items():
        if given:
            raise Invalid(
                f"'{name}' is not supported by Volano yet; leave it out.",
                code="unsupported_parameter",
                fields={"param": name},
            )


def _invalid(name: str, why: str) -> Invalid:
    return Invalid(
        f"Invalid value for '{name}': {why}.", code="invalid_value", fields={"param": name}
    )
