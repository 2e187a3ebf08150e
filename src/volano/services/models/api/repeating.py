"""Whole answers under an Idempotency-Key, and the headers that name who made them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.services.models.logic.once import REPLAYED, find_once
from volano.wire.openai.answer import to_json
from volano.wire.results import WithHeaders

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.call import Call, Env
    from volano.services.models.logic.routing import Served


async def answer_once(
    env: Env,
    call: Call,
    operation: str,
    request: object,
    make: Callable[[], Awaitable[Any]],
    served: Served,
) -> WithHeaders:
    """What `make` answers, or the first answer again for a repeat under the same key."""
    once = await find_once(env, call, operation, request)
    if once is None:
        return WithHeaders(await make(), served.headers)
    if once.answer is not None:
        return WithHeaders(once.answer, [REPLAYED])
    try:
        made = await make()
        await once.finish(to_json(made))
    finally:
        await once.leave()
    return WithHeaders(made, served.headers)
