"""Which model answers a request, and who answers when it cannot.

A model that is asked by its own name is the only candidate. A route has its chosen target first
(the version on trial for its percent, else by weight), then its other targets, then its fallbacks;
those that failed a moment ago rest and are asked only when all do. The next candidate is asked
while nothing of an answer was passed on.
"""

from __future__ import annotations

import hashlib
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast
from weakref import WeakKeyDictionary

from msgspec.structs import replace

from volano.kernel.errors import VolanoError
from volano.services.models.logic import upstream_calls
from volano.services.models.logic.registry import ModelNotFound
from volano.services.models.logic.upstream_calls import may_pass
from volano.services.models.logic.upstreams import get_upstream
from volano.services.models.model import LOCAL_ENGINE, ROUTE
from volano.services.models.store import registry as model_rows
from volano.services.models.store import routes as route_rows

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Delta, Embeddings, Generate
    from volano.kernel.metrics import Metrics
    from volano.services.models.model import Model, Route

STICKY = "volano:StickyKey"
"""Key of a call's context: requests with the same one get the same target of a sticky route."""
SPREAD = 1 << 32
MESSAGE_TOKENS = 4
"""What a template adds to a message, about."""
MAX_RESTING = 10_000
T = TypeVar("T")

_RESTING: WeakKeyDictionary[Metrics, dict[tuple[str, str], float]] = WeakKeyDictionary()
"""By process: (account, model) that failed, and until when it rests."""


@dataclass(slots=True)
class Served:
    """Who answers: filled before the first delta is passed on. `engine` is `volano` or the kind of
    an upstream; `headers` go with the answer."""

    model: Model | None = None
    engine: str = ""
    route: str = ""
    cached: bool = False
    headers: list[tuple[str, str]] = field(default_factory=list)

    def name(self, model: Model, engine: str, *, cached: bool = False) -> None:
        """Note who answers, in the answer's headers as well."""
        self.model, self.engine, self.cached = model, engine, cached
        self.headers += [("x-volano-model", model.name), ("x-volano-engine", engine)]
        if self.route:
            self.headers.append(("x-volano-route", self.route))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Models in the order of asking, how often each is asked again, and how long failures rest."""

    models: list[Model]
    retries: int | None = None
    rest_s: float = 0.0
    route: Route | None = None


async def candidates_of(env: Env, call: Call, model: Model) -> Candidates:
    """Who may answer for a model or route. Raises ModelNotFound when nobody is left."""
    if not model.is_route:
        return Candidates(models=[model])
    name = model.source.removeprefix(ROUTE)
    route = await route_rows.select_route(env.store.reader, model.account, name)
    found = []
    for each in () if route is None else _order(env, call, route):
        target = await model_rows.select_model(env.store.reader, model.account, each)
        if target is not None:
            found.append(target)
    if route is None or not found:
        raise ModelNotFound(f"The route '{name}' leads to no model.", fields={"param": "model"})
    resting = _RESTING.get(env.metrics, {})
    now_s = env.clock.monotonic_s()
    found.sort(key=lambda target: resting.get((target.account, target.name), 0.0) > now_s)
    return Candidates(models=found, retries=route.retries, rest_s=route.rest_s, route=route)


def _order(env: Env, call: Call, route: Route) -> list[str]:
    """The chosen target, the other targets, the fallbacks; a trial that was not chosen is last."""
    names = [target.model for target in route.targets]
    draw = _draw(env, call, route)
    trial = route.canary.model if route.canary else ""
    if route.canary is not None and draw("canary") * 100 < route.canary.percent * SPREAD:
        return [trial, *names, *route.fallbacks]
    total = sum(target.weight for target in route.targets)
    place = draw("target") * total // SPREAD
    first = names[0]
    for target in route.targets:
        if place < target.weight:
            first = target.model
            break
        place -= target.weight
    rest = [name for name in names if name != first]
    return [first, *rest, *route.fallbacks, *([trial] if trial else [])]


def _draw(env: Env, call: Call, route: Route) -> Callable[[str], int]:
    """A number below SPREAD: random, or of a sticky route's asker."""
    if not route.sticky:
        return lambda _: int.from_bytes(env.ids.bytes(4), "big")
    asker = call.context.get(STICKY) or call.principal.arn

    def fixed(what: str) -> int:
        text = f"{route.account} {route.name} {what} {asker}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")

    return fixed


def is_resting(env: Env, model: Model) -> bool:
    """Whether a model failed a moment ago, as this process saw it."""
    until_s = _RESTING.get(env.metrics, {}).get((model.account, model.name), 0.0)
    return until_s > env.clock.monotonic_s()


def _note(env: Env, model: Model, rest_s: float) -> None:
    known = _RESTING.setdefault(env.metrics, {})
    if len(known) >= MAX_RESTING:
        known.clear()
    known[model.account, model.name] = env.clock.monotonic_s() + rest_s


async def generate(
    env: Env,
    candidates: Candidates,
    request: Generate,
    served: Served,
    failed: Callable[[Model, VolanoError], Awaitable[None]],
) -> AsyncGenerator[Delta, None]:
    """The deltas of the first candidate that answers; `failed` hears of those that could not."""
    for model in candidates.models:
        is_last = model is candidates.models[-1]
        begun = False
        try:
            engine, stream = await _open(env, model, request, candidates.retries)
            async with aclosing(stream) as deltas:
                async for delta in deltas:
                    if not begun:
                        begun = True
                        served.name(model, engine)
                    yield delta
            return
        except VolanoError as error:
            if begun or not may_pass(error):
                raise
            if candidates.route is not None:
                _note(env, model, candidates.rest_s)
            if is_last:
                served.name(model, _engine_of(model))
                raise
            await failed(model, error)


async def _open(
    env: Env, model: Model, request: Generate, retries: int | None
) -> tuple[str, AsyncGenerator[Delta, None]]:
    """The engine that serves a model, and its deltas."""
    if model.upstream is None:
        own = replace(request, model=model.files)
        return LOCAL_ENGINE, cast("AsyncGenerator[Delta, None]", env.inference.generate(own))
    name, remote = model.upstream
    upstream = await get_upstream(env, model.account, name)
    often = upstream.retries if retries is None else retries
    stream = upstream_calls.generate(env, upstream, remote, request, retries=often)
    return upstream.kind, stream


def _engine_of(model: Model) -> str:
    return LOCAL_ENGINE if model.upstream is None else model.upstream[0]


async def embed(
    env: Env,
    candidates: Candidates,
    inputs: Sequence[str | tuple[int, ...]],
    served: Served,
    failed: Callable[[Model, VolanoError], Awaitable[None]],
) -> Embeddings:
    """The vectors of the first candidate that makes them."""
    for model in candidates.models:
        try:
            if model.upstream is None:
                found = await env.inference.embed(model.files, inputs)
                served.name(model, LOCAL_ENGINE)
                return found
            name, remote = model.upstream
            upstream = await get_upstream(env, model.account, name)
            found = await upstream_calls.embed(env, upstream, remote, inputs)
            served.name(model, upstream.kind)
            return found
        except VolanoError as error:
            if not may_pass(error):
                raise
            if candidates.route is not None:
                _note(env, model, candidates.rest_s)
            if model is candidates.models[-1]:
                served.name(model, _engine_of(model))
                raise
            await failed(model, error)
    raise AssertionError("the last candidate returns or raises")


async def count_tokens(env: Env, call: Call, model: Model, text: str) -> int:
    """How many tokens a text has: exact for a model of our engine, else guessed of its length."""
    target = (await candidates_of(env, call, model)).models[0]
    if target.upstream is None:
        return await env.inference.count_tokens(target.files, text)
    return guess_tokens(text)


async def count_prompt(env: Env, call: Call, model: Model, wanted: Generate) -> int:
    """How many tokens a request's prompt has, template and tools included: exact for a model of
    our engine, else guessed of its length."""
    target = (await candidates_of(env, call, model)).models[0]
    if target.upstream is None:
        return await env.inference.count_prompt(replace(wanted, model=target.files))
    texts = [str(message.get("content") or "") for message in wanted.messages or ()]
    texts += [
        str(message["tool_calls"]) for message in wanted.messages or () if "tool_calls" in message
    ]
    texts += [f"{tool.name} {tool.description} {tool.parameters}" for tool in wanted.tools]
    return guess_tokens("\n".join(texts)) + MESSAGE_TOKENS * len(wanted.messages or ())


def guess_tokens(text: str) -> int:
    """About how many tokens a text has: four bytes each, as English and three of Chinese have."""
    return -(-len(text.encode()) // 4)
