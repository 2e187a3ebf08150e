"""Volano's own API of limits and budgets, and of what was asked, by whom, at what cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import Invalid
from volano.services.models.api.aliases import NoFields
from volano.services.models.api.routes import FiguresList, figures_object
from volano.services.models.logic import answers, limits, repeats
from volano.services.models.logic.costs import currency, from_nano, parse_nano
from volano.services.models.model import Answer, Limit
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

LIMITS = "arn:aws:models:{region}:{account}:limit/*"
LIMIT = "arn:aws:models:{region}:{account}:limit/{scope}/{subject}"
MODELS = "arn:aws:models:{region}:{account}:model/*"
MAX_PAGE = 200


class PutLimit(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`scope` is key, person, project or account; 0 and '0' are no limit. Budgets are decimal
    texts in the price list's currency."""

    scope: str
    subject: str
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    day_budget: str = "0"
    month_budget: str = "0"


class LimitName(msgspec.Struct):
    scope: str
    subject: str


class LimitObject(msgspec.Struct, kw_only=True):
    """A limit and what was used of it; `held` is for answers under way."""

    scope: str
    subject: str
    requests_per_minute: int
    tokens_per_minute: int
    day_budget: str
    month_budget: str
    day_spent: str
    month_spent: str
    held: str
    currency: str


class LimitList(msgspec.Struct, kw_only=True):
    items: list[LimitObject]
    next_cursor: str | None = None


class ListAnswers(msgspec.Struct, kw_only=True):
    """Newest first; of one model or route when named. `cursor` is from the page before."""

    model: str = ""
    route: str = ""
    limit: int = 50
    cursor: str = ""


class AnswerObject(msgspec.Struct, kw_only=True):
    """One answer or failed attempt; times in seconds, cost as decimal text."""

    id: str
    at: float
    principal: str
    route: str
    model: str
    engine: str
    error: str
    cached: bool
    first_token_s: float
    latency_s: float
    input_tokens: int
    output_tokens: int
    cost: str
    currency: str


class AnswerList(msgspec.Struct, kw_only=True):
    items: list[AnswerObject]
    next_cursor: str | None = None


class ListFigures(msgspec.Struct, kw_only=True):
    """Of the last `hours`."""

    hours: int = 24


class CacheObject(msgspec.Struct, kw_only=True):
    """Answers kept for exact repeats of requests to a model or route."""

    model: str
    answers: int
    size_bytes: int
    hits: int


class CacheList(msgspec.Struct, kw_only=True):
    items: list[CacheObject]
    next_cursor: str | None = None


class ForgetCache(msgspec.Struct, kw_only=True):
    """'' means every model's."""

    model: str = ""


class Forgotten(msgspec.Struct, kw_only=True):
    answers: int


@action(
    "volano:listModelLimits",
    method="GET",
    path="/volano/v1/models/limits",
    permission="models:ListLimits",
    resource=LIMITS,
)
async def list_limits(env: Env, call: Call, request: NoFields) -> LimitList:
    """The account's limits and budgets, with what was used of them."""
    found = await limits.list_limits(env, call)
    return LimitList(items=[await _object(env, limit) for limit in found])


@action(
    "volano:putModelLimit",
    method="PUT",
    path="/volano/v1/models/limits/{scope}/{subject}",
    permission="models:PutLimit",
    resource=LIMIT,
)
async def put_limit(env: Env, call: Call, request: PutLimit) -> LimitObject:
    """Limit what a key, a person, a project or the account may use of models."""
    limit = Limit(
        account=call.account,
        scope=request.scope,
        subject=request.subject,
        requests_per_minute=request.requests_per_minute,
        tokens_per_minute=request.tokens_per_minute,
        day_nano=parse_nano("day_budget", request.day_budget),
        month_nano=parse_nano("month_budget", request.month_budget),
    )
    return await _object(env, await limits.put_limit(env, call, limit))


@action(
    "volano:deleteModelLimit",
    method="DELETE",
    path="/volano/v1/models/limits/{scope}/{subject}",
    permission="models:DeleteLimit",
    resource=LIMIT,
)
async def delete_limit(env: Env, call: Call, request: LimitName) -> None:
    """Lift a limit."""
    await limits.delete_limit(env, call, request.scope, request.subject)


@action(
    "volano:listModelAnswers",
    method="GET",
    path="/volano/v1/models/answers",
    permission="models:ListAnswers",
    resource=MODELS,
)
async def list_answers(env: Env, call: Call, request: ListAnswers) -> AnswerList:
    """Which model and engine answered what, how fast, for how much; texts are not kept."""
    if not 1 <= request.limit <= MAX_PAGE:
        raise Invalid(f"'limit' is 1 to {MAX_PAGE}.", fields={"param": "limit"})
    found, cursor = await answers.list_answers(
        env,
        call,
        model=request.model,
        route=request.route,
        limit=request.limit,
        cursor=request.cursor,
    )
    money = currency(env)
    return AnswerList(items=[_answer(each, money) for each in found], next_cursor=cursor)


@action(
    "volano:listModelFigures",
    method="GET",
    path="/volano/v1/models/figures",
    permission="models:ListAnswers",
    resource=MODELS,
)
async def list_figures(env: Env, call: Call, request: ListFigures) -> FiguresList:
    """How each model did lately: requests, errors, latency, tokens, cost."""
    found = await answers.list_figures(env, call, hours=request.hours)
    return FiguresList(items=[figures_object(env, figures) for figures in found])


@action(
    "volano:getModelCache",
    method="GET",
    path="/volano/v1/models/cache",
    permission="models:GetCache",
    resource=MODELS,
)
async def get_cache(env: Env, call: Call, request: NoFields) -> CacheList:
    """What is kept for exact repeats, and how often it served."""
    return CacheList(
        items=[
            CacheObject(model=model, answers=count, size_bytes=size, hits=hits)
            for model, count, size, hits in await repeats.cache_sums(env, call)
        ]
    )


@action(
    "volano:forgetModelCache",
    method="DELETE",
    path="/volano/v1/models/cache",
    permission="models:ForgetCache",
    resource=MODELS,
)
async def forget_cache(env: Env, call: Call, request: ForgetCache) -> Forgotten:
    """Forget kept answers."""
    return Forgotten(answers=await repeats.forget_kept(env, call, request.model))


async def _object(env: Env, limit: Limit) -> LimitObject:
    day, month, held = await limits.used_of(env, limit)
    return LimitObject(
        scope=limit.scope,
        subject=limit.subject,
        requests_per_minute=limit.requests_per_minute,
        tokens_per_minute=limit.tokens_per_minute,
        day_budget=from_nano(limit.day_nano),
        month_budget=from_nano(limit.month_nano),
        day_spent=from_nano(day),
        month_spent=from_nano(month),
        held=from_nano(held),
        currency=currency(env),
    )


def _answer(answer: Answer, money: str) -> AnswerObject:
    return AnswerObject(
        id=answer.id,
        at=answer.at_us / 1e6,
        principal=answer.principal,
        route=answer.route,
        model=answer.model,
        engine=answer.engine,
        error=answer.error,
        cached=answer.cached,
        first_token_s=answer.first_us / 1e6,
        latency_s=answer.took_us / 1e6,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost=from_nano(answer.cost_nano),
        currency=money,
    )
