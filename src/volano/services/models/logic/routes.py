"""Routes: a name for several models, a version on trial among them, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.kernel.errors import Conflict, NotFound, QuotaExceeded
from volano.services.models.logic.parameters import invalid
from volano.services.models.logic.registry import MAX_ROUTES, get_model, is_name
from volano.services.models.model import Canary, Route, Target
from volano.services.models.store import answers as answer_rows
from volano.services.models.store import registry as model_rows
from volano.services.models.store import routes as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.models.model import Answer

MAX_TARGETS = 16
MAX_WEIGHT = 1_000_000
MAX_RETRIES = 10
MAX_REST_S = 3600.0
MAX_TTL_S = 30 * 86_400
MAX_COMPARED = 10_000
"""Answers of a version that its figures are made of: the newest."""


class RouteNotFound(NotFound):
    code = "route_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How a model did. Times are in seconds, cost in billionths; `asked` counts failures too."""

    model: str
    asked: int = 0
    errors: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano: int = 0
    first_s_p50: float = 0.0
    first_s_p95: float = 0.0
    took_s_p50: float = 0.0
    took_s_p95: float = 0.0
    tokens_per_s: float = 0.0


async def list_routes(env: Env, call: Call) -> list[Route]:
    """By name."""
    return await rows.select_routes(env.store.reader, call.account, MAX_ROUTES)


async def get_route(env: Env, call: Call, name: str) -> Route:
    """Raises RouteNotFound."""
    found = await rows.select_route(env.store.reader, call.account, name)
    if found is None:
        raise RouteNotFound(f"There is no route '{name[:200]}'.", fields={"param": "route"})
    return found


async def put_route(env: Env, call: Call, wanted: Route) -> Route:
    """Make a route, or change it: a version on trial goes on. Raises Invalid, Conflict."""
    _require(wanted)
    held = await rows.select_route(env.store.reader, call.account, wanted.name)
    if await model_rows.select_model(env.store.reader, call.account, wanted.name) is not None:
        raise Conflict(f"'{wanted.name}' is a model itself; choose another name.")
    if held is None and len(await list_routes(env, call)) >= MAX_ROUTES:
        raise QuotaExceeded(f"An account has at most {MAX_ROUTES} routes.")
    kept = replace(
        wanted,
        canary=held.canary if held else None,
        previous=held.previous if held else (),
    )
    for name in kept.models:
        await _require_servable(env, call, kept, name)
    return await _save(env, kept)


def _require(wanted: Route) -> None:
    if not is_name(wanted.name):
        raise invalid("route", "it is written like a model's name")
    if not 1 <= len(wanted.targets) <= MAX_TARGETS or len(wanted.fallbacks) > MAX_TARGETS:
        raise invalid("targets", f"there are 1 to {MAX_TARGETS}, and as many fallbacks")
    named = [target.model for target in wanted.targets] + list(wanted.fallbacks)
    if len(set(named)) != len(named):
        raise invalid("targets", "each model is named once")
    if any(not 1 <= target.weight <= MAX_WEIGHT for target in wanted.targets):
        raise invalid("targets.weight", f"it is 1 to {MAX_WEIGHT}")
    if not 0 <= wanted.retries <= MAX_RETRIES:
        raise invalid("retries", f"it is 0 to {MAX_RETRIES}")
    if not 0 <= wanted.rest_s <= MAX_REST_S:
        raise invalid("rest_s", f"it is 0 to {MAX_REST_S:g}")
    if not 0 <= wanted.cache_ttl_s <= MAX_TTL_S:
        raise invalid("cache_ttl_s", f"it is 0 (off) to {MAX_TTL_S}")


async def _require_servable(env: Env, call: Call, route: Route, name: str) -> None:
    """A route's model is there by that very name, does the route's task and is no route. Whoever
    may ask a route may ask its models, so who makes it must be allowed to."""
    arn = f"arn:aws:models:{call.region}:{call.account}:model/{name}"
    await env.authority.authorize(call, "models:InvokeModel", arn, {})
    model = await get_model(env, call.account, name)
    if model.is_route or model.name != name:
        raise invalid("targets", f"'{name}' is a route or an alias; name models themselves")
    if model.task is not route.task:
        raise invalid("targets", f"'{name}' does not {route.task.value} as the route does")


async def delete_route(env: Env, call: Call, name: str) -> None:
    """Raises RouteNotFound."""

    async def write(tx: Tx) -> int:
        return await rows.delete_route(tx, call.account, name)

    if not await env.store.transact(write):
        raise RouteNotFound(f"There is no route '{name[:200]}'.", fields={"param": "route"})


async def put_canary(env: Env, call: Call, name: str, model: str, percent: int) -> Route:
    """Give a version `percent` of a route's requests, or change how many it gets."""
    route = await get_route(env, call, name)
    if not 0 <= percent <= 100:
        raise invalid("percent", "it is 0 to 100")
    if any(target.model == model for target in route.targets):
        raise invalid("model", f"'{model}' serves the route already")
    await _require_servable(env, call, route, model)
    going = route.canary is not None and route.canary.model == model
    since_us = route.canary.since_us if route.canary and going else env.clock.now_us()
    canary = Canary(model=model, percent=percent, since_us=since_us)
    fallbacks = tuple(each for each in route.fallbacks if each != model)
    return await _save(env, replace(route, canary=canary, fallbacks=fallbacks))


async def promote(env: Env, call: Call, name: str) -> Route:
    """Let the version on trial serve the route alone; the old targets are kept to roll back to."""
    route = await get_route(env, call, name)
    if route.canary is None:
        raise Conflict(f"No version of '{name}' is on trial.")
    targets = (Target(model=route.canary.model),)
    return await _save(env, replace(route, targets=targets, previous=route.targets, canary=None))


async def roll_back(env: Env, call: Call, name: str) -> Route:
    """End a trial; when none goes on, undo the last promotion. Raises Conflict."""
    route = await get_route(env, call, name)
    if route.canary is not None:
        return await _save(env, replace(route, canary=None))
    if not route.previous:
        raise Conflict(f"'{name}' has no trial to end and no promotion to undo.")
    for target in route.previous:
        await _require_servable(env, call, route, target.model)
    return await _save(env, replace(route, targets=route.previous, previous=()))


async def _save(env: Env, route: Route) -> Route:
    saved = replace(route, changed_us=env.clock.now_us())

    async def write(tx: Tx) -> None:
        await rows.upsert_route(tx, saved)

    await env.store.transact(write)
    return saved


async def compare(env: Env, call: Call, name: str, *, since_us: int | None = None) -> list[Figures]:
    """How each model of a route did, since a time or since the trial (or last change) began."""
    route = await get_route(env, call, name)
    if since_us is None:
        since_us = route.canary.since_us if route.canary else route.changed_us
    found = []
    for model in route.models:
        answers = await answer_rows.select_since(
            env.store.reader, call.account, model, since_us, MAX_COMPARED, route=name
        )
        found.append(figures_of(model, answers))
    return found


def figures_of(model: str, answers: Sequence[Answer]) -> Figures:
    """The figures of some answers of one model."""
    made = [answer for answer in answers if not answer.error and not answer.cached]
    firsts = sorted(answer.first_us / 1e6 for answer in made)
    tooks = sorted(answer.took_us / 1e6 for answer in made)
    output = sum(answer.output_tokens for answer in made)
    return Figures(
        model=model,
        asked=len(answers),
        errors=sum(1 for answer in answers if answer.error),
        cached=sum(1 for answer in answers if answer.cached),
        input_tokens=sum(answer.input_tokens for answer in answers),
        output_tokens=sum(answer.output_tokens for answer in answers),
        cost_nano=sum(answer.cost_nano for answer in answers),
        first_s_p50=_percentile(firsts, 50),
        first_s_p95=_percentile(firsts, 95),
        took_s_p50=_percentile(tooks, 50),
        took_s_p95=_percentile(tooks, 95),
        tokens_per_s=output / sum(tooks) if sum(tooks) else 0.0,
    )


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile of ordered values; 0 of none."""
    if not ordered:
        return 0.0
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, rank - 1)]
