"""Requests to actions by what they mean: compared as vectors with many ways of asking.

When the embedding model runs, a request that is worded in none of the known ways (`routes`) is
embedded and compared with examples of every action and of what is no request at all. It is taken
for an action only when it speaks of what the action is about, is near enough, and clearly nearer
than to anything else. The thresholds are calibrated by `bench/copilot_routes.py`.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from functools import lru_cache
from operator import mul
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import VolanoError
from volano.kernel.ids import AccountId
from volano.services.assistants.logic.route_table import (
    ARN_ACTION,
    OTHERWISE,
    ROUTES,
    UNNEEDED,
    Routed,
    read_arguments,
)
from volano.services.assistants.logic.routes import without_politeness
from volano.services.chat import interface as chat
from volano.services.models import interface as models
from volano.services.studio import interface as studio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.services.assistants.logic.route_table import Route

SURE = 0.45
"""Least nearness of the best action."""
MARGIN = 0.05
"""Least distance to the next."""
BATCH = 16
"""Examples that are embedded at once."""
BEST_SHARE = 0.8
"""Weight of the nearest example of an action; the rest is the mean of its next two."""
MAX_REQUEST_CHARACTERS = 200
EMBED_TIMEOUT_S = 5.0
"""A busy machine goes by words instead of keeping the asker waiting."""

_NEGATED = re.compile(r"\b(?:do not|don't|never|not)\b|不要|别", re.IGNORECASE)
_INSTANCE = re.compile(r"\bi-[0-9a-f]{8,17}\b")
_TYPE = re.compile(r"\b[a-z]\d\.[a-z0-9]+\b")
_NAMED = re.compile(r"\b(?:called|named|call it)\s+\S+", re.IGNORECASE)
_KIND_NAMED = re.compile(
    r"\b(bucket|queue|topic|channel|user)s?\s+#?[\w.]*[-_.\d][\w.-]*", re.IGNORECASE
)

Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A way of asking; `route` None when it asks for no action."""

    route: Route | None
    vector: Vector


_VECTORS: dict[str, Vector] = {}
"""The examples' vectors by their texts, made once in a process."""


async def find_meant(env: Env, call: Call, text: str) -> Routed | None:
    """The action that a request means; None when that is not sure, or no embedding model runs."""
    if len(text) > MAX_REQUEST_CHARACTERS or not may_be_request(text):
        return None
    if _left() or not await studio.is_model_ready(env):
        return None
    try:
        async with asyncio.timeout(EMBED_TIMEOUT_S):
            asked = (await models.embed(env, call, [plain_request(text)])).vectors[0]
    except (VolanoError, TimeoutError) as error:
        env.log.warning("a request was not embedded", error=repr(error))
        return None
    known = pair_examples([_VECTORS[example] for _, example in example_texts()])
    return choose(text, asked, known)


def _left() -> list[str]:
    """The examples that this process does not know yet."""
    return list(dict.fromkeys(text for _, text in example_texts() if text not in _VECTORS))


async def learn(env: Env) -> None:
    """Embed the examples as soon as the embedding model runs, apart from any request.

    It starts nothing, and what is done stays when it is cut off.
    """
    left = _left()
    if not left or not await studio.is_model_ready(env):
        return
    accounts = await chat.list_accounts(env.store.reader)
    if not accounts:
        return
    call = system_call(env, AccountId(accounts[0]))
    for at in range(0, len(left), BATCH):
        batch = left[at : at + BATCH]
        found = await models.embed(env, call, batch)
        _VECTORS.update(zip(batch, found.vectors, strict=True))


@lru_cache(maxsize=1)
def example_texts() -> tuple[tuple[Route | None, str], ...]:
    """Every way of asking as it is embedded."""
    asked: list[tuple[Route | None, str]] = [
        (route, text) for route in ROUTES for text in (*route.examples, *route.likes)
    ]
    ways = [*asked, *((None, text) for text in OTHERWISE)]
    return tuple((route, plain_request(text)) for route, text in ways)


def pair_examples(vectors: Sequence[Sequence[float]]) -> tuple[Example, ...]:
    """The examples with their vectors, which are in the order of `example_texts`."""
    pairs = zip(example_texts(), vectors, strict=True)
    return tuple(Example(route, tuple(vector)) for (route, _), vector in pairs)


def may_be_request(text: str) -> bool:
    """Whether a text speaks of something that there are actions for, and forbids nothing."""
    return not _NEGATED.search(text) and any(route.about.search(text) for route in ROUTES)


def plain_request(text: str) -> str:
    """The request in small letters without names and ids, which mean nothing."""
    plain = _NAMED.sub(" ", without_politeness(text))
    plain = _TYPE.sub(" ", _INSTANCE.sub("the instance", plain))
    plain = _KIND_NAMED.sub(r"\1", ARN_ACTION.sub("this action", plain))
    return " ".join(plain.split()).lower() or text


def choose(text: str, asked: Sequence[float], known: Sequence[Example]) -> Routed | None:
    """The action whose examples are nearest, when it is near and nothing else is as near."""
    near: dict[str, list[float]] = {}
    for example in known:
        name = example.route.tool if example.route else ""
        near.setdefault(name, []).append(sum(map(mul, asked, example.vector)))
    has_instance = bool(_INSTANCE.search(text))
    ranked: list[tuple[float, Route | None]] = [(_nearness(near.get("", [])), None)]
    for route in ROUTES:
        if route.about.search(text) and has_instance == (route.needs == "InstanceIds"):
            is_whole = not route.needs or route.needs in read_arguments(route, text)
            share = 1.0 if is_whole else UNNEEDED
            ranked.append((_nearness(near.get(route.tool, [])) * share, route))
    ranked.sort(key=lambda pair: -pair[0])
    best, meant = ranked[0]
    is_clear = len(ranked) == 1 or best - ranked[1][0] >= MARGIN
    if meant is None or best < SURE or not is_clear:
        return None
    return Routed(meant.tool, read_arguments(meant, text), best)


def _nearness(cosines: Sequence[float]) -> float:
    first, *others = sorted(cosines, reverse=True) or [0.0]
    if not others:
        return first
    return BEST_SHARE * first + (1 - BEST_SHARE) * sum(others[:2]) / len(others[:2])
