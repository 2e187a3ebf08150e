"""Generation: from a checked request to deltas, metered whatever way it ends."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from volano.kernel.inference import Generate
from volano.services.models.logic.metering import publish_tokens
from volano.services.models.logic.registry import require_task
from volano.services.models.model import Task

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Delta
    from volano.services.models.model import Model


async def generate(
    env: Env, call: Call, model: Model, request: Generate, *, pays_prompt: bool = True
) -> AsyncGenerator[Delta, None]:
    """The deltas of one choice. Tokens are metered when it ends, also after a disconnect.

    The prompt of a request is paid once, by its first choice.
    """
    prompt_tokens = completion_tokens = pieces = 0
    deltas = cast("AsyncGenerator[Delta, None]", env.inference.generate(request))
    try:
        async with aclosing(deltas) as stream:
            async for delta in stream:
                pieces += 1
                prompt_tokens = max(prompt_tokens, delta.prompt_tokens)
                completion_tokens = max(completion_tokens, delta.completion_tokens)
                yield delta
    finally:
        if pieces:
            metered = publish_tokens(
                env,
                call,
                model,
                request_id=request.request_id,
                input_tokens=prompt_tokens if pays_prompt else 0,
                output_tokens=completion_tokens or pieces,
            )
            await asyncio.shield(asyncio.ensure_future(metered))


def merge_choices(
    choices: list[AsyncGenerator[Delta, None]],
) -> AsyncIterator[tuple[int, Delta]]:
    """Deltas of several choices as they come, each with the index of its choice."""
    return _merge(choices)


async def _merge(choices: list[AsyncGenerator[Delta, None]]) -> AsyncIterator[tuple[int, Delta]]:
    if len(choices) == 1:
        async with aclosing(choices[0]) as only:
            async for delta in only:
                yield 0, delta
        return
    waiting: dict[asyncio.Task[Delta], int] = {}
    try:
        for index, choice in enumerate(choices):
            waiting[asyncio.ensure_future(anext(choice))] = index
        while waiting:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in sorted(done, key=lambda item: waiting[item]):
                index = waiting.pop(task)
                try:
                    delta = task.result()
                except StopAsyncIteration:
                    continue
                waiting[asyncio.ensure_future(anext(choices[index]))] = index
                yield index, delta
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for choice in choices:
            await choice.aclose()


async def complete(
    env: Env, call: Call, *, model_name: str, messages: list[dict[str, str]], max_tokens: int
) -> str:
    """A whole answer as text, for other services (the copilot)."""
    model = await require_task(env, call.account, model_name, Task.GENERATE)
    request = Generate(
        request_id=env.ids.uuid(),
        model=model.files,
        messages=tuple(messages),
        max_tokens=max_tokens,
        temperature=0.0,
    )
    async with aclosing(generate(env, call, model, request)) as deltas:
        return "".join([delta.text async for delta in deltas])
