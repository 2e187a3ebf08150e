"""Budgets hold before they serve, buckets fill, routes choose, figures are right."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest

from volano.kernel.call import system_call
from volano.kernel.errors import Conflict, Denied, Invalid, QuotaExceeded, Throttled
from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import AccountId, PrincipalId
from volano.services.models.logic import limits, registry, routes, routing
from volano.services.models.logic.costs import from_nano, parse_nano
from volano.services.models.logic.metering import BATCH_TIER, TIER
from volano.services.models.logic.once import IDEMPOTENCY, find_once
from volano.services.models.model import (
    EMBEDDING_MODEL,
    TINY_MODEL,
    Answer,
    Canary,
    Limit,
    Model,
    Route,
    Target,
    Task,
)
from volano.services.models.store import registry as model_rows

MINE = "111111111111"


@pytest.fixture
async def call(env):
    await registry.bootstrap(env)
    return system_call(env, AccountId(MINE))


def limit(**words):
    return Limit(account=MINE, scope="account", subject=MINE, **words)


async def admit(env, call, *, tokens=1, nano=0):
    async def highest():
        return nano

    return await limits.admit(env, call, tokens=tokens, highest_nano=highest)


async def settle(env, admission, nano):
    async def write(tx):
        await limits.settle(env, tx, admission, nano=nano)

    await env.store.transact(write)


async def test_a_budget_is_never_overspent_however_many_ask_at_once(env, call):
    await limits.put_limit(env, call, limit(day_nano=100, month_nano=1000))
    asked = await asyncio.gather(
        *(admit(env, call, nano=30) for _ in range(10)), return_exceptions=True
    )
    admitted = [each for each in asked if isinstance(each, limits.Admission)]
    assert len(admitted) == 3
    assert all(isinstance(each, limits.Admission | QuotaExceeded) for each in asked), (
        "the others are told why"
    )
    assert await limits.used_of(env, limit()) == (0, 0, 90)
    for admission in admitted:
        await settle(env, admission, 10)
    assert await limits.used_of(env, limit()) == (30, 30, 0)
    assert isinstance(await admit(env, call, nano=70), limits.Admission)
    with pytest.raises(QuotaExceeded) as refused:
        await admit(env, call, nano=1)
    assert refused.value.wire_code == "insufficient_quota"


async def test_a_refused_budget_takes_no_rate(env, call):
    await limits.put_limit(env, call, limit(day_nano=1, requests_per_minute=1))
    with pytest.raises(QuotaExceeded):
        await admit(env, call, nano=2)
    await admit(env, call, nano=1)
    with pytest.raises(Throttled):
        await admit(env, call, nano=0)


async def test_tokens_that_were_not_used_are_given_back(env, call):
    await limits.put_limit(env, call, limit(tokens_per_minute=100))
    admission = await admit(env, call, tokens=100)
    with pytest.raises(Throttled, match="tokens per minute"):
        await admit(env, call, tokens=90)
    limits.settle_tokens(env, admission, 5)
    assert dict((await admit(env, call, tokens=90)).headers)["x-ratelimit-limit-tokens"] == "100"
    with pytest.raises(Throttled, match="more than a whole minute"):
        await admit(env, call, tokens=101)


async def test_batches_have_budgets_but_no_rates(env, call):
    await limits.put_limit(env, call, limit(requests_per_minute=1, day_nano=10))
    batch = replace(call, context={TIER: BATCH_TIER})
    for _ in range(3):
        limits.settle_tokens(env, await admit(env, batch, tokens=5, nano=1), 5)
    with pytest.raises(QuotaExceeded):
        await admit(env, batch, nano=10)
    await admit(env, call)


async def test_a_route_opens_no_model_to_who_may_not_ask_it(env, call):
    await served_by(env, "a", "b")
    nobody = Principal(
        kind=PrincipalKind.USER,
        account=AccountId(MINE),
        id=PrincipalId("AIDA"),
        name="nobody",
        arn=f"arn:aws:iam::{MINE}:user/nobody",
    )
    with pytest.raises(Denied):
        await routes.put_route(env, replace(call, principal=nobody), route())


async def test_holds_of_dead_processes_expire(env, call, monkeypatch):
    await limits.put_limit(env, call, limit(day_nano=100))
    monkeypatch.setattr(limits, "HOLD_US", -1)
    await admit(env, call, nano=100)
    assert (await limits.used_of(env, limit()))[2] == 0
    await limits.expire(env)
    await admit(env, call, nano=100)


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "planet"},
        {"subject": ""},
        {"subject": "222222222222"},
        {"requests_per_minute": -1},
        {"day_nano": -1},
    ],
)
async def test_limits_that_cannot_be_are_refused(env, call, wrong):
    with pytest.raises(Invalid):
        await limits.put_limit(env, call, replace(limit(), **wrong))
    assert await limits.list_limits(env, call) == []


def test_money_is_exact():
    assert parse_nano("x", "0.000000001") == 1
    assert from_nano(parse_nano("x", "12.5")) == "12.5"
    assert from_nano(100_000_000_000) == "100"
    for wrong in ("-1", "x", "NaN", "1e-10", "1e30", ""):
        with pytest.raises(Invalid):
            parse_nano("x", wrong)


async def served_by(env, *names):
    """Models of upstreams, as rows: routes are about names."""

    async def write(tx):
        for name in names:
            await model_rows.upsert_model(
                tx,
                Model(
                    account=MINE,
                    name=name,
                    task=Task.GENERATE,
                    source=f"upstream:x/{name}",
                    licence="",
                    note="",
                    size_bytes=0,
                    created_us=0,
                    owned_by="x",
                ),
            )

    await env.store.transact(write)


def route(**words):
    targets = (Target(model="a", weight=1), Target(model="b", weight=3))
    return Route(account=MINE, name="r", task=Task.GENERATE, **({"targets": targets} | words))


async def test_weights_and_trials_get_their_shares(env, call):
    await served_by(env, "a", "b", "c", "d")
    saved = await routes.put_route(env, call, route(fallbacks=("d",)))

    async def firsts(count):
        model = registry.model_of_route(saved)
        orders = [await routing.candidates_of(env, call, model) for _ in range(count)]
        assert all({m.name for m in order.models} >= {"a", "b", "d"} for order in orders)
        return Counter(order.models[0].name for order in orders)

    shares = await firsts(800)
    assert 120 <= shares["a"] <= 290
    assert shares["a"] + shares["b"] == 800
    saved = await routes.put_canary(env, call, "r", "c", 25)
    shares = await firsts(800)
    assert 120 <= shares["c"] <= 290
    assert saved.canary == Canary(model="c", percent=25, since_us=saved.canary.since_us)


async def test_routes_that_cannot_be_are_refused(env, call):
    await served_by(env, "a", "b")
    await routes.put_route(env, call, route())
    for wrong in (
        {"targets": ()},
        {"targets": (Target(model="a"), Target(model="a"))},
        {"targets": (Target(model="a", weight=0),)},
        {"fallbacks": ("a",)},
        {"targets": (Target(model="r"),), "name": "s"},
        {"targets": (Target(model=EMBEDDING_MODEL),)},
        {"retries": 11},
        {"rest_s": -1.0},
        {"cache_ttl_s": -1},
        {"name": "no name"},
    ):
        with pytest.raises(Invalid):
            await routes.put_route(env, call, replace(route(), **wrong))
    with pytest.raises(Conflict):
        await routes.put_route(env, call, replace(route(), name=TINY_MODEL))
    with pytest.raises(Conflict):
        await registry.delete_model(env, call, "a")
    assert [each.name for each in await routes.list_routes(env, call)] == ["r"]


def test_figures_are_those_of_the_answers():
    made = [
        Answer(
            account=MINE,
            id=str(at),
            at_us=at,
            principal="p",
            route="r",
            model="m",
            engine="e",
            error="boom" if at == 100 else "",
            cached=at == 99,
            first_us=at * 1000,
            took_us=at * 10_000,
            output_tokens=at % 2,
            cost_nano=2,
        )
        for at in range(1, 101)
    ]
    found = routes.figures_of("m", made)
    assert (found.asked, found.errors, found.cached, found.cost_nano) == (100, 1, 1, 200)
    assert found.first_s_p50 == pytest.approx(0.049)
    assert found.took_s_p95 == pytest.approx(0.94)
    assert routes.figures_of("m", []).took_s_p50 == 0


async def test_a_key_is_free_again_when_the_client_goes_before_the_answer(env, call):
    """However early: it had to wait for an hour, and could not do what the key is for."""
    for turns in range(12):
        call.context[IDEMPOTENCY] = f"gone{turns}"
        asking = asyncio.ensure_future(find_once(env, call, "chat", {"a": 1}))
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await (await asking).leave()
        again = await find_once(env, call, "chat", {"a": 1})
        assert again is not None
        assert again.answer is None


async def test_only_who_holds_a_key_frees_it(env, call):
    call.context[IDEMPOTENCY] = "held"
    late = await find_once(env, call, "chat", {"a": 1})
    await late.leave()
    held = await find_once(env, call, "chat", {"a": 1})
    await late.leave()
    with pytest.raises(Conflict):
        await find_once(env, call, "chat", {"a": 1})
    await held.leave()


async def test_a_key_is_answered_once(env, call):
    call.context[IDEMPOTENCY] = "k"
    first = await find_once(env, call, "chat", {"a": 1})
    with pytest.raises(Conflict):
        await find_once(env, call, "chat", {"a": 1})
    await first.finish({"id": "1"})
    await first.leave()
    again = await find_once(env, call, "chat", {"a": 1})
    assert again.answer == {"id": "1"}
    with pytest.raises(Invalid):
        await find_once(env, call, "chat", {"a": 2})
    call.context[IDEMPOTENCY] = "other"
    failed = await find_once(env, call, "chat", {"a": 1})
    await failed.leave()
    assert (await find_once(env, call, "chat", {"a": 2})).answer is None
