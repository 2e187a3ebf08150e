"""Volano's own API of routes: weights, fallbacks, versions on trial and how they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from volano.services.models.api.aliases import NoFields
from volano.services.models.logic import routes as logic
from volano.services.models.logic import routing
from volano.services.models.logic.costs import currency, from_nano
from volano.services.models.logic.registry import get_model
from volano.services.models.model import Canary, Route, Target, Task
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.models.logic.routes import Figures

ROUTES = "arn:aws:models:{region}:{account}:model/*"
ROUTE = "arn:aws:models:{region}:{account}:model/{route}"


class TargetObject(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    model: str
    weight: int = 1


class PutRoute(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One of `targets` is chosen by weight; then come the others and `fallbacks` in order."""

    route: str
    targets: list[TargetObject]
    fallbacks: list[str] = []
    task: Literal["generate", "embed"] = "generate"
    retries: int = 0
    rest_s: float = 30.0
    sticky: bool = False
    cache_ttl_s: int = 0


class RouteName(msgspec.Struct):
    route: str


class CanaryObject(msgspec.Struct, kw_only=True):
    model: str
    percent: int
    since: int


class RouteObject(msgspec.Struct, kw_only=True):
    """`resting` are models that failed a moment ago; `previous` what a roll-back brings back."""

    name: str
    task: str
    targets: list[TargetObject]
    fallbacks: list[str]
    retries: int
    rest_s: float
    sticky: bool
    cache_ttl_s: int
    canary: CanaryObject | None
    previous: list[TargetObject]
    resting: list[str]
    changed: int


class RouteList(msgspec.Struct, kw_only=True):
    items: list[RouteObject]
    next_cursor: str | None = None


class PutCanary(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    route: str
    model: str
    percent: int


class CompareRoute(msgspec.Struct, kw_only=True):
    """`since` is a time in Unix seconds; without it the trial's begin, or the last change."""

    route: str
    since: int | None = None


class FiguresObject(msgspec.Struct, kw_only=True):
    """How a model did: seconds to the first token and in all, money as decimal text."""

    model: str
    requests: int
    errors: int
    cached: int
    input_tokens: int
    output_tokens: int
    tokens_per_s: float
    first_token_s_p50: float
    first_token_s_p95: float
    latency_s_p50: float
    latency_s_p95: float
    cost: str
    cost_per_request: str
    currency: str


class FiguresList(msgspec.Struct, kw_only=True):
    items: list[FiguresObject]
    next_cursor: str | None = None


@action(
    "volano:listModelRoutes",
    method="GET",
    path="/volano/v1/models/routes",
    permission="models:ListRoutes",
    resource=ROUTES,
)
async def list_routes(env: Env, call: Call, request: NoFields) -> RouteList:
    """The account's routes."""
    found = await logic.list_routes(env, call)
    return RouteList(items=[await _object(env, route) for route in found])


@action(
    "volano:getModelRoute",
    method="GET",
    path="/volano/v1/models/routes/{route}",
    permission="models:GetRoute",
    resource=ROUTE,
)
async def get_route(env: Env, call: Call, request: RouteName) -> RouteObject:
    """One route."""
    return await _object(env, await logic.get_route(env, call, request.route))


@action(
    "volano:putModelRoute",
    method="PUT",
    path="/volano/v1/models/routes/{route}",
    permission="models:PutRoute",
    resource=ROUTE,
)
async def put_route(env: Env, call: Call, request: PutRoute) -> RouteObject:
    """Let a name stand for several models, or change which."""
    wanted = Route(
        account=call.account,
        name=request.route,
        task=Task(request.task),
        targets=tuple(Target(model=each.model, weight=each.weight) for each in request.targets),
        fallbacks=tuple(request.fallbacks),
        retries=request.retries,
        rest_s=request.rest_s,
        sticky=request.sticky,
        cache_ttl_s=request.cache_ttl_s,
    )
    return await _object(env, await logic.put_route(env, call, wanted))


@action(
    "volano:deleteModelRoute",
    method="DELETE",
    path="/volano/v1/models/routes/{route}",
    permission="models:DeleteRoute",
    resource=ROUTE,
)
async def delete_route(env: Env, call: Call, request: RouteName) -> None:
    """Forget a route; its models stay."""
    await logic.delete_route(env, call, request.route)


@action(
    "volano:putModelCanary",
    method="PUT",
    path="/volano/v1/models/routes/{route}/canary",
    permission="models:PutRoute",
    resource=ROUTE,
)
async def put_canary(env: Env, call: Call, request: PutCanary) -> RouteObject:
    """Try a version: give it some percent of the route's requests."""
    route = await logic.put_canary(env, call, request.route, request.model, request.percent)
    return await _object(env, route)


@action(
    "volano:promoteModelCanary",
    method="POST",
    path="/volano/v1/models/routes/{route}/promote",
    permission="models:PutRoute",
    resource=ROUTE,
)
async def promote(env: Env, call: Call, request: RouteName) -> RouteObject:
    """Let the version on trial serve the route from now on."""
    return await _object(env, await logic.promote(env, call, request.route))


@action(
    "volano:rollBackModelRoute",
    method="POST",
    path="/volano/v1/models/routes/{route}/rollback",
    permission="models:PutRoute",
    resource=ROUTE,
)
async def roll_back(env: Env, call: Call, request: RouteName) -> RouteObject:
    """End the trial, or undo the last promotion."""
    return await _object(env, await logic.roll_back(env, call, request.route))


@action(
    "volano:compareModelRoute",
    method="GET",
    path="/volano/v1/models/routes/{route}/figures",
    permission="models:GetRoute",
    resource=ROUTE,
)
async def compare(env: Env, call: Call, request: CompareRoute) -> FiguresList:
    """How each of the route's models did: latency, tokens, errors, cost."""
    since_us = None if request.since is None else request.since * 1_000_000
    found = await logic.compare(env, call, request.route, since_us=since_us)
    return FiguresList(items=[figures_object(env, figures) for figures in found])


def figures_object(env: Env, figures: Figures) -> FiguresObject:
    return FiguresObject(
        model=figures.model,
        requests=figures.asked,
        errors=figures.errors,
        cached=figures.cached,
        input_tokens=figures.input_tokens,
        output_tokens=figures.output_tokens,
        tokens_per_s=round(figures.tokens_per_s, 3),
        first_token_s_p50=figures.first_s_p50,
        first_token_s_p95=figures.first_s_p95,
        latency_s_p50=figures.took_s_p50,
        latency_s_p95=figures.took_s_p95,
        cost=from_nano(figures.cost_nano),
        cost_per_request=from_nano(figures.cost_nano // max(1, figures.asked)),
        currency=currency(env),
    )


async def _object(env: Env, route: Route) -> RouteObject:
    resting = [
        name
        for name in route.models
        if routing.is_resting(env, await get_model(env, route.account, name))
    ]
    return RouteObject(
        name=route.name,
        task=route.task.value,
        targets=_targets(route.targets),
        fallbacks=list(route.fallbacks),
        retries=route.retries,
        rest_s=route.rest_s,
        sticky=route.sticky,
        cache_ttl_s=route.cache_ttl_s,
        canary=_canary(route.canary),
        previous=_targets(route.previous),
        resting=resting,
        changed=route.changed_us // 1_000_000,
    )


def _targets(targets: tuple[Target, ...]) -> list[TargetObject]:
    return [TargetObject(model=each.model, weight=each.weight) for each in targets]


def _canary(canary: Canary | None) -> CanaryObject | None:
    if canary is None:
        return None
    since = canary.since_us // 1_000_000
    return CanaryObject(model=canary.model, percent=canary.percent, since=since)
