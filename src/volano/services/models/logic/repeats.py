"""Answers kept for exact repeats: the same request of the same project gets the same answer.

It is off until a route or a request asks for it, and holds for temperature 0 unless the request
itself asks. A kept answer costs nothing and says that it was kept.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from volano.kernel.inference import Delta, ToolCallDelta
from volano.services.models.logic.limits import PROJECT_TAG
from volano.services.models.logic.parameters import invalid
from volano.services.models.logic.routes import MAX_TTL_S
from volano.services.models.store import kept as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Generate
    from volano.kernel.store import Tx
    from volano.services.models.logic.collecting import Collected
    from volano.services.models.model import Model, Route

CACHE = "volano:Cache"
"""Key of a call's context: what the request's header `x-volano-cache` says."""
DEFAULT_TTL_S = 3600
MAX_ANSWER_BYTES = 256 * 1024
MAX_SUMS = 1000
MAX_KEPT = 10_000
"""Answers that an account may have kept; the oldest go first."""
BATCH = 100
_TTL = re.compile(r"ttl=(\d{1,9})")


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer's deltas, merged; which model and engine made it."""

    model: str
    engine: str
    deltas: list[Delta]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Where a request's answer is kept, and for how long a new one is."""

    digest: str
    ttl_s: int


def repeat_of(call: Call, model: Model, route: Route | None, request: Generate) -> Repeat | None:
    """Where the answer is kept; None when it is not to be. Raises Invalid for a strange header."""
    ttl_s = _ttl_of(call, route, request)
    if not ttl_s:
        return None
    project = call.principal.tags.get(PROJECT_TAG, "")
    same = replace(request, request_id="", priority=0, deadline_s=None)
    text = msgspec.json.encode([call.account, project, model.name, same])
    return Repeat(digest=hashlib.sha256(text).hexdigest(), ttl_s=ttl_s)


def _ttl_of(call: Call, route: Route | None, request: Generate) -> int:
    asked = call.context.get(CACHE, "")
    if asked == "no":
        return 0
    if asked in ("", "yes"):
        set_s = 0 if route is None else route.cache_ttl_s
        if asked:
            return set_s or DEFAULT_TTL_S
        return set_s if request.temperature == 0 else 0
    found = _TTL.fullmatch(asked)
    if found is None or not 1 <= int(found[1]) <= MAX_TTL_S:
        raise invalid("x-volano-cache", f"it is `yes`, `no` or `ttl=SECONDS` up to {MAX_TTL_S}")
    return int(found[1])


async def find_kept(env: Env, call: Call, repeat: Repeat) -> KeptAnswer | None:
    """The kept answer while it is fresh."""
    now_us = env.clock.now_us()
    text = await rows.select_cached(env.store.reader, call.account, repeat.digest, now_us)
    return None if text is None else msgspec.json.decode(text, type=KeptAnswer)


async def keep(
    env: Env, tx: Tx, call: Call, repeat: Repeat, *, model: Model, answer: KeptAnswer
) -> None:
    """Keep an answer in the caller's transaction, unless it is too long; `model` was asked."""
    text = msgspec.json.encode(answer).decode()
    if len(text) > MAX_ANSWER_BYTES:
        return
    now_us = env.clock.now_us()
    await rows.upsert_cached(
        tx,
        call.account,
        repeat.digest,
        model=model.name,
        answer=text,
        now_us=now_us,
        expires_us=now_us + repeat.ttl_s * 1_000_000,
    )


def to_kept(model: str, engine: str, choices: Sequence[Collected]) -> KeptAnswer | None:
    """An answer to keep; None for one that was not finished."""
    deltas: list[Delta] = []
    for index, choice in enumerate(choices):
        end = choice.end
        if end is None:
            return None
        calls = tuple(
            ToolCallDelta(index=at, id=call.id, name=call.name, arguments=call.arguments)
            for at, call in enumerate(choice.calls_in_order())
        )
        deltas.append(
            Delta(
                text=choice.text,
                index=index,
                reasoning=choice.reasoned,
                tool_calls=calls,
                logprobs=tuple(choice.logprobs),
                prompt_logprobs=tuple(choice.prompt_logprobs),
            )
        )
        last = index == len(choices) - 1
        deltas.append(
            replace(
                end,
                text="",
                reasoning="",
                tool_calls=(),
                logprobs=(),
                prompt_logprobs=(),
                last=last,
                cached_tokens=end.prompt_tokens,
            )
        )
    return KeptAnswer(model=model, engine=engine, deltas=deltas)


async def cache_sums(env: Env, call: Call) -> list[tuple[str, int, int, int]]:
    """(model asked, answers, bytes, hits) of what is kept for the account."""
    return await rows.select_cache_sums(env.store.reader, call.account, MAX_SUMS)


async def forget_kept(env: Env, call: Call, model: str) -> int:
    """Forget what was kept of a model or route ('' for all); how many answers."""

    async def write(tx: Tx) -> int:
        return await rows.delete_cached(tx, call.account, model)

    return await env.store.transact(write)


async def expire_kept(env: Env) -> None:
    """Forget what nobody may be given any more, and what an account has too much of."""

    async def write(tx: Tx) -> None:
        await rows.delete_expired(tx, env.clock.now_us())
        for account in await rows.select_crowded(tx, MAX_KEPT, BATCH):
            await rows.delete_oldest(tx, account, MAX_KEPT)

    await env.store.transact(write)
