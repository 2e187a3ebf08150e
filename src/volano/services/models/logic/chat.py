"""Generation: from a checked request to deltas, metered whatever way it ends."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from volano.kernel.inference import Generate
from volano.services.models.logic.collecting import Collected
from volano.services.models.logic.metering import publish_tokens
from volano.services.models.logic.registry import require_task
from volano.services.models.model import Task

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Delta
    from volano.services.models.model import Model


async def generate(
    env: Env, call: Call, model: Model, request: Generate
) -> AsyncGenerator[Delta, None]:
    """The deltas of every choice. Tokens are metered when it ends, also after a disconnect.

    The prompt is paid once, however many choices answer it; what was made is paid, read or not.
    """
    made: dict[int, int] = {}
    prompt_tokens = 0
    deltas = cast("AsyncGenerator[Delta, None]", env.inference.generate(request))
    try:
        async with aclosing(deltas) as stream:
            async for delta in stream:
                prompt_tokens = max(prompt_tokens, delta.prompt_tokens)
                made[delta.index] = max(made.get(delta.index, 0), delta.completion_tokens)
                yield delta
    finally:
        if made:
            metered = publish_tokens(
                env,
                call,
                model,
                request_id=request.request_id,
                input_tokens=prompt_tokens,
                output_tokens=sum(made.values()),
            )
            await asyncio.shield(asyncio.ensure_future(metered))


async def collect(env: Env, call: Call, model: Model, request: Generate) -> list[Collected]:
    """The whole answer, choice by choice."""
    choices = [Collected() for _ in range(request.n)]
    async with aclosing(generate(env, call, model, request)) as deltas:
        async for delta in deltas:
            choices[delta.index].add(delta)
    return choices


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
        cache_scope=call.account,
    )
    return (await collect(env, call, model, request))[0].text
