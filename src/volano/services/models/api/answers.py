"""What chat completions answer with: objects, chunks, log probabilities, usage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.models.logic.collecting import Collected, Counts, counts_of, engine_of
from volano.services.models.logic.custom_tools import CustomCalls, InputReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Sequence

    from volano.kernel.inference import Delta, TokenLogprob
    from volano.services.models.logic.collecting import CollectedCall

UNSET = msgspec.UNSET


class Function(msgspec.Struct, kw_only=True):
    name: str
    arguments: str


class CustomInput(msgspec.Struct, kw_only=True):
    name: str
    input: str


class ToolCall(msgspec.Struct, kw_only=True):
    """`type` says which of the two is there."""

    id: str
    type: str = "function"
    function: Function | msgspec.UnsetType = UNSET
    custom: CustomInput | msgspec.UnsetType = UNSET


class Message(msgspec.Struct, kw_only=True):
    """`reasoning_content` is there when the model reasoned, as DashScope and vLLM send it."""

    role: str = "assistant"
    content: str | None
    refusal: str | None = None
    annotations: list[Any] = []
    reasoning_content: str | msgspec.UnsetType = UNSET
    tool_calls: list[ToolCall] | msgspec.UnsetType = UNSET
    function_call: Function | msgspec.UnsetType = UNSET


class Choice(msgspec.Struct, kw_only=True):
    index: int
    message: Message
    logprobs: dict[str, Any] | None
    finish_reason: str


class PromptDetails(msgspec.Struct, kw_only=True):
    cached_tokens: int = 0
    audio_tokens: int = 0


class CompletionDetails(msgspec.Struct, kw_only=True):
    """Predictions are accepted and not used: none of their tokens is counted."""

    reasoning_tokens: int = 0
    audio_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0


class TokenUsage(msgspec.Struct, kw_only=True):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    prompt_tokens_details: PromptDetails = msgspec.field(default_factory=PromptDetails)
    completion_tokens_details: CompletionDetails = msgspec.field(default_factory=CompletionDetails)

    @staticmethod
    def of(counts: Counts) -> TokenUsage:
        return TokenUsage(
            prompt_tokens=counts.prompt,
            completion_tokens=counts.completion,
            total_tokens=counts.prompt + counts.completion,
            prompt_tokens_details=PromptDetails(cached_tokens=counts.cached),
            completion_tokens_details=CompletionDetails(reasoning_tokens=counts.reasoning),
        )


class Completion(msgspec.Struct, kw_only=True):
    """A chat completion; `model` and `system_fingerprint` name what made it."""

    id: str
    object: str = "chat.completion"
    created: int
    model: str
    choices: list[Choice] = []
    usage: TokenUsage = msgspec.field(default_factory=TokenUsage)
    system_fingerprint: str = ""
    service_tier: str | msgspec.UnsetType = UNSET
    metadata: dict[str, str] | msgspec.UnsetType = UNSET


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What every chunk of a stream repeats. `legacy` says `function_call` for tool calls."""

    id: str
    created: int
    model: str
    legacy: bool = False
    usage: bool = False


def fill(
    answer: Completion, choices: Sequence[Collected], *, legacy: bool, custom: Collection[str]
) -> Completion:
    """Put the collected choices into the answer. `custom` names the custom tools."""
    collected = list(choices)
    answer.choices = [
        Choice(
            index=index,
            message=_message(choice, legacy=legacy, custom=custom),
            logprobs=logprobs_of(choice.logprobs),
            finish_reason=finish_of(choice.finish_reason, legacy=legacy),
        )
        for index, choice in enumerate(collected)
    ]
    answer.usage = TokenUsage.of(counts_of(collected))
    answer.system_fingerprint = fingerprint(engine_of(collected))
    return answer


def fingerprint(engine: str) -> str:
    """OpenAI's name for what made an answer: here the engine's name."""
    return f"fp_{engine or 'volano'}"


def finish_of(reason: str, *, legacy: bool) -> str:
    return "function_call" if legacy and reason == "tool_calls" else reason


def _message(choice: Collected, *, legacy: bool, custom: Collection[str]) -> Message:
    calls = choice.calls_in_order()
    message = Message(content=choice.text if choice.text or not calls else None)
    if choice.reasoned:
        message.reasoning_content = choice.reasoned
    if calls and legacy:
        message.function_call = _function(calls[0])
    elif calls:
        message.tool_calls = [_tool_call(call, custom) for call in calls]
    return message


def _tool_call(call: CollectedCall, custom: Collection[str]) -> ToolCall:
    if call.name not in custom:
        return ToolCall(id=call.id, function=_function(call))
    text = InputReader().feed(call.arguments)
    return ToolCall(id=call.id, type="custom", custom=CustomInput(name=call.name, input=text))


def _function(call: CollectedCall) -> Function:
    return Function(name=call.name, arguments=call.arguments)


def first_chunk(head: Head, index: int) -> dict[str, Any]:
    return chunk_of(head, index, {"role": "assistant", "content": "", "refusal": None})


def content_chunks(head: Head, delta: Delta, custom: CustomCalls) -> list[dict[str, Any]]:
    """The chunks of a delta: one for its text, one for each piece of a tool call.

    `custom` knows the stream's custom calls.
    """
    chunks: list[dict[str, Any]] = []
    if delta.reasoning:
        chunks.append(chunk_of(head, delta.index, {"reasoning_content": delta.reasoning}))
    if delta.text or delta.logprobs:
        chunks.append(chunk_of(head, delta.index, {"content": delta.text}, delta.logprobs))
    for piece in delta.tool_calls:
        text = custom.text_of(delta.index, piece)
        kind = "function" if text is None else "custom"
        said = {"arguments": piece.arguments} if text is None else {"input": text}
        if piece.name:
            said["name"] = piece.name
        content: dict[str, Any] = {"function_call": said}
        if not head.legacy:
            call: dict[str, Any] = {"index": piece.index, kind: said}
            if piece.id:
                call |= {"id": piece.id, "type": kind}
            content = {"tool_calls": [call]}
        chunks.append(chunk_of(head, delta.index, content))
    return chunks


def last_chunk(head: Head, delta: Delta) -> dict[str, Any]:
    reason = finish_of(delta.finish_reason or "stop", legacy=head.legacy)
    return chunk_of(head, delta.index, {}, finish=reason, engine=delta.engine)


def chunk_of(
    head: Head,
    index: int,
    content: dict[str, Any],
    logprobs: Iterable[TokenLogprob] = (),
    *,
    finish: str | None = None,
    engine: str = "",
) -> dict[str, Any]:
    """One `chat.completion.chunk`; `usage` null is there only when it will come at the end."""
    choice: dict[str, Any] = {"index": index, "delta": content, "finish_reason": finish}
    found = logprobs_of(logprobs)
    if found is not None:
        choice["logprobs"] = found
    chunk: dict[str, Any] = {
        "id": head.id,
        "object": "chat.completion.chunk",
        "created": head.created,
        "model": head.model,
        "system_fingerprint": fingerprint(engine),
        "choices": [choice],
    }
    if head.usage:
        chunk["usage"] = None
    return chunk


def usage_chunk(head: Head, choices: list[Collected]) -> dict[str, Any]:
    """The last chunk when `stream_options.include_usage` is set: no choices, the counts."""
    return {
        "id": head.id,
        "object": "chat.completion.chunk",
        "created": head.created,
        "model": head.model,
        "system_fingerprint": fingerprint(engine_of(choices)),
        "choices": [],
        "usage": TokenUsage.of(counts_of(choices)),
    }


async def repeated_chunks(
    answer: dict[str, Any], *, with_usage: bool
) -> AsyncIterator[dict[str, Any]]:
    """A whole answer that was kept, as the chunks of a stream."""
    head = {name: answer[name] for name in ("id", "created", "model", "system_fingerprint")}
    head["object"] = "chat.completion.chunk"
    if with_usage:
        head["usage"] = None
    for choice in answer["choices"]:
        message = dict(choice["message"])
        for at, call in enumerate(message.get("tool_calls") or ()):
            call["index"] = at
        place: dict[str, Any] = {"index": choice["index"], "finish_reason": None}
        said = {**place, "delta": message, "logprobs": choice["logprobs"]}
        yield {**head, "choices": [said]}
        ended = {**place, "delta": {}, "finish_reason": choice["finish_reason"]}
        yield {**head, "choices": [ended]}
    if with_usage:
        yield {**head, "choices": [], "usage": answer["usage"]}


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
