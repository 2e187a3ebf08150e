"""Generation: from a checked request to deltas, metered whatever way it ends."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.kernel.inference import Generate
from volano.services.models.logic.collecting import Collected
from volano.services.models.logic.registry import require_task
from volano.services.models.logic.repeats import find_kept, repeat_of
from volano.services.models.logic.routing import Served, candidates_of
from volano.services.models.logic.routing import generate as answer
from volano.services.models.logic.serving import begin, size_of
from volano.services.models.model import Task

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Delta
    from volano.services.models.logic.repeats import KeptAnswer
    from volano.services.models.logic.routing import Candidates
    from volano.services.models.model import Model


async def generate(
    env: Env, call: Call, model: Model, request: Generate, served: Served | None = None
) -> AsyncGenerator[Delta, None]:
    """The deltas of every choice, of the model or of whoever its route leads to.

    `served` is told who answers, before the first delta. The prompt is paid once, however many
    choices answer it; what was made is paid, read or not, also after a disconnect. Raises Throttled
    and QuotaExceeded when the asker's limits are reached.
    """
    served = served or Served()
    candidates = await candidates_of(env, call, model)
    served.route = candidates.route.name if candidates.route else ""
    repeat = repeat_of(call, model, candidates.route, request)
    kept = None if repeat is None else await find_kept(env, call, repeat)
    read_bytes, made_max = size_of(request)
    asking = await begin(
        env,
        call,
        model,
        served,
        candidates,
        id=request.request_id,
        read_bytes=read_bytes if kept is None else 0,
        made_max=made_max if kept is None else 0,
    )
    asking.repeat = repeat
    asking.choices = [Collected() for _ in range(request.n)]
    if kept is None:
        stream = answer(env, candidates, request, served, asking.failed)
    else:
        stream = _again(env, candidates, served, kept)
    error: VolanoError | None = None
    try:
        async with aclosing(stream) as deltas:
            async for delta in deltas:
                asking.add(delta)
                yield delta
    except VolanoError as caught:
        error = caught
        raise
    finally:
        await asking.end(error)


async def _again(
    env: Env, candidates: Candidates, served: Served, kept: KeptAnswer
) -> AsyncGenerator[Delta, None]:
    """A kept answer, which says so."""
    made_by = next((each for each in candidates.models if each.name == kept.model), None)
    served.name(made_by or candidates.models[0], kept.engine, cached=True)
    served.headers.append(("x-volano-cache", "hit"))
    for delta in kept.deltas:
        yield delta


async def collect(
    env: Env, call: Call, model: Model, request: Generate, served: Served | None = None
) -> list[Collected]:
    """The whole answer, choice by choice."""
    choices = [Collected() for _ in range(request.n)]
    async with aclosing(generate(env, call, model, request, served)) as deltas:
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
