"""OpenAI's POST /v1/chat/completions: whole or streamed, kept when asked to.

Source of behaviour: the API reference's "Create chat completion".
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from volano.services.models.api.aliases import model_meant
from volano.services.models.api.answers import (
    Completion,
    Head,
    content_chunks,
    fill,
    first_chunk,
    last_chunk,
    usage_chunk,
)
from volano.services.models.api.chat_request import (
    CreateChatCompletion,
    StreamOptions,
    generate_of,
    is_legacy,
)
from volano.services.models.logic.chat import generate
from volano.services.models.logic.collecting import Collected
from volano.services.models.logic.registry import require_task
from volano.services.models.logic.stored_chat import keep_chat
from volano.services.models.model import Task
from volano.wire.action import action
from volano.wire.openai.answer import to_json
from volano.wire.results import EventStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Generate
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
    partial="Audio, images, web search and custom (free-text) tools are refused by name.",
)
async def create_chat_completion(
    env: Env, call: Call, request: CreateChatCompletion
) -> Completion | EventStream:
    """An answer to a conversation, whole or streamed."""
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
    if request.stream:
        return EventStream(_chunks(env, call, model, wanted, request, answer))
    choices = [Collected() for _ in range(wanted.n)]
    async with aclosing(generate(env, call, model, wanted)) as deltas:
        async for delta in deltas:
            choices[delta.index].add(delta)
    return await _finished(env, call, request, answer, choices)


async def _finished(
    env: Env,
    call: Call,
    request: CreateChatCompletion,
    answer: Completion,
    choices: list[Collected],
) -> Completion:
    fill(answer, choices, legacy=is_legacy(request))
    if request.store:
        await keep_chat(env, call, to_json(answer), [dict(message) for message in request.messages])
    return answer


async def _chunks(
    env: Env,
    call: Call,
    model: Model,
    wanted: Generate,
    request: CreateChatCompletion,
    answer: Completion,
) -> AsyncIterator[dict[str, Any]]:
    options = request.stream_options or StreamOptions()
    head = Head(
        id=answer.id,
        created=answer.created,
        model=answer.model,
        legacy=is_legacy(request),
        usage=bool(options.include_usage),
    )
    choices = [Collected() for _ in range(wanted.n)]
    begun: set[int] = set()
    async with aclosing(generate(env, call, model, wanted)) as deltas:
        async for delta in deltas:
            choices[delta.index].add(delta)
            if delta.index not in begun:
                begun.add(delta.index)
                yield first_chunk(head, delta.index)
            for chunk in content_chunks(head, delta):
                yield chunk
            if delta.finish_reason is not None:
                yield last_chunk(head, delta)
    if head.usage:
        yield usage_chunk(head, choices)
    await _finished(env, call, request, answer, choices)
