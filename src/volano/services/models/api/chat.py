"""OpenAI's POST /v1/chat/completions: whole or streamed, kept when asked to.

Headers of an answer name the model and the engine that made it. Source of behaviour: the API
reference's "Create chat completion".
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from volano.services.models.api.aliases import model_meant
from volano.services.models.api.answers import (
    Completion,
    Head,
    content_chunks,
    fill,
    first_chunk,
    last_chunk,
    repeated_chunks,
    usage_chunk,
)
from volano.services.models.api.chat_request import (
    CreateChatCompletion,
    StreamOptions,
    custom_names,
    generate_of,
    is_legacy,
)
from volano.services.models.logic.chat import generate
from volano.services.models.logic.collecting import Collected
from volano.services.models.logic.custom_tools import CustomCalls
from volano.services.models.logic.once import REPLAYED, find_once
from volano.services.models.logic.parameters import padding
from volano.services.models.logic.registry import require_task
from volano.services.models.logic.routing import Served
from volano.services.models.logic.stored_chat import keep_chat
from volano.services.models.model import Task
from volano.wire.action import action
from volano.wire.openai.answer import to_json
from volano.wire.results import EventStream, WithHeaders

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Generate
    from volano.services.models.logic.once import Once
    from volano.services.models.model import Model


@action(
    "openai:createChatCompletion",
    method="POST",
    path="/v1/chat/completions",
    permission="models:InvokeModel",
    resource="arn:aws:models:{region}:{account}:model/{model}",
    facts=model_meant,
    read_only=False,
    timeout_s=None,
    partial="Audio, images and web search are refused by name.",
)
async def create_chat_completion(
    env: Env, call: Call, request: CreateChatCompletion
) -> WithHeaders:
    """An answer to a conversation, whole or streamed."""
    once = await find_once(env, call, "chat", request)
    if once is not None and once.answer is not None:
        answer: Any = once.answer
        if request.stream:
            with_usage = bool((request.stream_options or StreamOptions()).include_usage)
            answer = EventStream(repeated_chunks(answer, with_usage=with_usage))
        return WithHeaders(answer, [REPLAYED])
    served = Served()
    try:
        result = await answer_chat(env, call, request, served, once)
    except BaseException:
        if once is not None:
            await once.leave()
        raise
    # The list is read when the first delta is there, and then it names who made it.
    return WithHeaders(result, served.headers)


async def answer_chat(
    env: Env, call: Call, request: CreateChatCompletion, served: Served, once: Once | None = None
) -> Completion | EventStream:
    """The answer, for any door; `served` is told who makes it."""
    model = await require_task(env, call.account, request.model, Task.GENERATE)
    wanted = generate_of(env, call, model, request)
    answer = Completion(
        id=f"chatcmpl-{env.ids.hex(24)}",
        created=env.clock.now_us() // 1_000_000,
        model=model.name,
    )
    if request.service_tier is not None:
        answer.service_tier = "default" if request.service_tier == "auto" else request.service_tier
    if request.store:
        answer.metadata = dict(request.metadata or {})
    asked = _Asked(env, call, model, request, wanted, answer, served, once)
    if request.stream:
        return EventStream(asked.chunks() if once is None else _Releasing(asked.chunks(), once))
    choices = [Collected() for _ in range(wanted.n)]
    async with aclosing(generate(env, call, model, wanted, served)) as deltas:
        async for delta in deltas:
            choices[delta.index].add(delta)
    return await asked.finished(choices)


class _Releasing:
    """Chunks under an Idempotency-Key, which is free again also when nobody began to read them: a
    generator that was never begun has no clean-up."""

    def __init__(self, chunks: AsyncGenerator[dict[str, Any], None], once: Once) -> None:
        self._chunks, self._once = chunks, once

    def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        return self

    async def __anext__(self) -> dict[str, Any]:
        return await anext(self._chunks)

    async def aclose(self) -> None:
        await self._chunks.aclose()
        await self._once.leave()


class _Asked:
    """One request while it is answered."""

    def __init__(
        self,
        env: Env,
        call: Call,
        model: Model,
        request: CreateChatCompletion,
        wanted: Generate,
        answer: Completion,
        served: Served,
        once: Once | None,
    ) -> None:
        self._env = env
        self._call = call
        self._model = model
        self._request = request
        self._wanted = wanted
        self._answer = answer
        self._served = served
        self._once = once

    async def finished(self, choices: list[Collected]) -> Completion:
        """The whole answer, kept where the request says so."""
        request, answer = self._request, self._answer
        self._name()
        fill(answer, choices, legacy=is_legacy(request), custom=custom_names(request))
        if request.store:
            messages = [dict(message) for message in request.messages]
            await keep_chat(self._env, self._call, to_json(answer), messages)
        if self._once is not None:
            await self._once.finish(to_json(answer))
        return answer

    def _name(self) -> None:
        """A route's answers name the model that made them."""
        if self._served.model is not None:
            self._answer.model = self._served.model.name

    async def chunks(self) -> AsyncGenerator[dict[str, Any], None]:
        options = self._request.stream_options or StreamOptions()
        async with aclosing(self._chunks(options)) as chunks:
            async for chunk in chunks:
                if options.include_obfuscation and chunk["choices"]:
                    said = str(chunk["choices"][0]["delta"])
                    chunk["obfuscation"] = padding(self._env.ids, said)
                yield chunk

    async def _chunks(self, options: StreamOptions) -> AsyncGenerator[dict[str, Any], None]:
        head = Head(
            id=self._answer.id,
            created=self._answer.created,
            model=self._answer.model,
            legacy=is_legacy(self._request),
            usage=bool(options.include_usage),
        )
        choices = [Collected() for _ in range(self._wanted.n)]
        begun: set[int] = set()
        custom = CustomCalls(custom_names(self._request))
        made = generate(self._env, self._call, self._model, self._wanted, self._served)
        async with aclosing(made) as deltas:
            async for delta in deltas:
                choices[delta.index].add(delta)
                if not begun:
                    self._name()
                    head = replace(head, model=self._answer.model)
                if delta.index not in begun:
                    begun.add(delta.index)
                    yield first_chunk(head, delta.index)
                for chunk in content_chunks(head, delta, custom):
                    yield chunk
                if delta.finish_reason is not None:
                    yield last_chunk(head, delta)
        if head.usage:
            yield usage_chunk(head, choices)
        await self.finished(choices)
