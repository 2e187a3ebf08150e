"""Bedrock's runtime for boto3: Converse and ConverseStream on the same engine as OpenAI's door.

Source of behaviour: the API reference's "Converse" and "ConverseStream".
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from volano.kernel.foreign_json import decode_foreign
from volano.services.models.api.bedrock_request import bedrock_words, converse_of, model_name
from volano.services.models.logic.chat import collect, generate
from volano.services.models.logic.collecting import Collected, counts_of
from volano.services.models.logic.registry import resolve_name
from volano.services.models.logic.routing import Served, count_prompt
from volano.wire.action import RESOLVED, action
from volano.wire.aws.event_frames import CONTENT_TYPE, frames_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Delta

    Shape = dict[str, Any]
    Named = tuple[str, Shape]

_STOPS = {"length": "max_tokens", "tool_calls": "tool_use"}


def model_arn(call: Call, request: Any) -> str:
    """The model that is asked, for policies."""
    name = model_name(str(request.get("modelId", "*")))
    return f"arn:aws:models:{call.region}:{call.account}:model/{name}"


async def model_asked(env: Env, call: Call, request: Any) -> Mapping[str, str]:
    """The ARN of the model that an id or alias means."""
    name = await resolve_name(env, call.account, model_name(str(request["modelId"])))
    return {RESOLVED: f"arn:aws:models:{call.region}:{call.account}:model/{name}"}


@action(
    "bedrock-runtime:Converse",
    permission="models:InvokeModel",
    resource=model_arn,
    facts=model_asked,
    read_only=False,
    timeout_s=None,
    partial="Text and tools; guardrails, prompts, images and documents are refused by name.",
)
async def converse(env: Env, call: Call, request: Shape) -> Shape:
    """An answer to a conversation."""
    began_s = env.clock.monotonic_s()
    with bedrock_words():
        model, wanted = await converse_of(env, call, request)
        served = Served()
        (choice,) = await collect(env, call, model, wanted, served)
    return {
        "output": {"message": {"role": "assistant", "content": _content(choice)}},
        "stopReason": _stop_of(choice),
        "usage": _usage(choice),
        "metrics": {"latencyMs": _since(env, began_s)},
        "_headers": dict(served.headers),
    }


@action(
    "bedrock-runtime:ConverseStream",
    permission="models:InvokeModel",
    resource=model_arn,
    facts=model_asked,
    read_only=False,
    timeout_s=None,
    partial="Text and tools; guardrails, prompts, images and documents are refused by name.",
)
async def converse_stream(env: Env, call: Call, request: Shape) -> Shape:
    """An answer to a conversation, as it is made."""
    with bedrock_words():
        model, wanted = await converse_of(env, call, request)
        served = Served()
        deltas = generate(env, call, model, wanted, served)
        first = await anext(deltas)
    events = _events(env, deltas, first)
    headers = {"Content-Type": CONTENT_TYPE, **dict(served.headers)}
    return {"stream": frames_of(events), "_headers": headers}


async def _events(env: Env, deltas: Any, first: Delta) -> AsyncIterator[Named]:
    began_s = env.clock.monotonic_s()
    choice = Collected()
    blocks = _Blocks()
    yield "messageStart", {"role": "assistant"}
    async with aclosing(deltas) as rest:
        for event in blocks.add(first):
            yield event
        choice.add(first)
        async for delta in rest:
            choice.add(delta)
            for event in blocks.add(delta):
                yield event
    for event in blocks.close():
        yield event
    yield "messageStop", {"stopReason": _stop_of(choice)}
    metrics = {"latencyMs": _since(env, began_s)}
    yield "metadata", {"usage": _usage(choice), "metrics": metrics}


class _Blocks:
    """Content blocks as they begin, grow and end: one of text, one for each tool's use."""

    def __init__(self) -> None:
        self._index = -1
        self._kind: object = None

    def add(self, delta: Delta) -> list[Named]:
        events: list[Named] = []
        if delta.reasoning:
            events += self._begin("reasoning")
            events.append(self._grow({"reasoningContent": {"text": delta.reasoning}}))
        if delta.text:
            events += self._begin("text")
            events.append(self._grow({"text": delta.text}))
        for piece in delta.tool_calls:
            start = {"toolUse": {"toolUseId": piece.id, "name": piece.name}}
            events += self._begin(piece.index, start)
            events.append(self._grow({"toolUse": {"input": piece.arguments}}))
        return events

    def _begin(self, kind: object, start: Shape | None = None) -> list[Named]:
        if self._kind == kind:
            return []
        events = self.close()
        self._kind = kind
        self._index += 1
        if start is not None:
            place = {"start": start, "contentBlockIndex": self._index}
            events.append(("contentBlockStart", place))
        return events

    def _grow(self, delta: Shape) -> Named:
        return "contentBlockDelta", {"delta": delta, "contentBlockIndex": self._index}

    def close(self) -> list[Named]:
        if self._kind is None:
            return []
        self._kind = None
        return [("contentBlockStop", {"contentBlockIndex": self._index})]


def _content(choice: Collected) -> list[Shape]:
    content: list[Shape] = []
    if choice.reasoned:
        content.append({"reasoningContent": {"reasoningText": {"text": choice.reasoned}}})
    calls = choice.calls_in_order()
    if choice.text or not calls:
        content.append({"text": choice.text})
    for call in calls:
        use = {"toolUseId": call.id, "name": call.name, "input": _object(call.arguments)}
        content.append({"toolUse": use})
    return content


def _object(arguments: str) -> Any:
    """A tool's input; an answer that was cut short is no JSON and is given as text."""
    try:
        return decode_foreign(arguments or "{}")
    except ValueError:
        return {"text": arguments}


def _stop_of(choice: Collected) -> str:
    if choice.end is not None and choice.end.stopped_by:
        return "stop_sequence"
    return _STOPS.get(choice.finish_reason, "end_turn")


def _usage(choice: Collected) -> Shape:
    counts = counts_of([choice])
    return {
        "inputTokens": counts.prompt,
        "outputTokens": counts.completion,
        "totalTokens": counts.prompt + counts.completion,
        "cacheReadInputTokens": counts.cached,
    }


def _since(env: Env, began_s: float) -> int:
    return int((env.clock.monotonic_s() - began_s) * 1000)


@action(
    "bedrock-runtime:CountTokens",
    permission="models:InvokeModel",
    resource=model_arn,
    facts=model_asked,
    read_only=True,
)
async def count_tokens(env: Env, call: Call, request: Shape) -> Shape:
    """How many tokens a conversation has, as `Converse` would count and bill them."""
    with bedrock_words():
        asked = {**request["input"].get("converse", {}), "modelId": request["modelId"]}
        model, wanted = await converse_of(env, call, {"messages": [], **asked})
        return {"inputTokens": await count_prompt(env, call, model, wanted)}
