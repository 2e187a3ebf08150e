"""Limits and budgets: what a key, a person, a project or an account may use of models.

Requests and tokens a minute are buckets in this process's memory that fill steadily (each process
of a region has its own). Money is in rows: before an answer begins its highest cost is held, in
one transaction with the check, and when it ends the hold gives way to what it truly cost, in the
transaction that meters it. A hold whose process died expires.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from volano.kernel.errors import NotFound, QuotaExceeded, Throttled
from volano.services.billing import interface as billing
from volano.services.identity import interface as identity
from volano.services.models.logic.costs import currency, from_nano
from volano.services.models.logic.lookups import look_up
from volano.services.models.logic.metering import BATCH_TIER, TIER
from volano.services.models.logic.parameters import invalid
from volano.services.models.model import LIMIT_SCOPES, Limit
from volano.services.models.store import limits as rows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.call import Call, Env
    from volano.kernel.metrics import Metrics
    from volano.kernel.store import Tx

MAX_LIMITS = 1000
MAX_SUBJECT = 200
MAX_PER_MINUTE = 10**9
MAX_NANO = 10**18
HOLD_US = 6 * 3600 * 1_000_000
"""An answer is over by then, or its process is."""
MAX_BUCKETS = 100_000
PROJECT_TAG = "project"
UNPACED = "volano:Unpaced"
"""In a call's context: nobody waits for it and it is not repeated, so it has no rates."""


class LimitNotFound(NotFound):
    code = "limit_not_found"


@dataclass(slots=True)
class _Bucket:
    """What is left of a minute's allowance; it fills steadily up to the whole of it."""

    left: float
    at_s: float


_BUCKETS: WeakKeyDictionary[Metrics, dict[tuple[str, ...], _Bucket]] = WeakKeyDictionary()
"""By process: (account, scope, subject, what) to what is left."""


@dataclass(slots=True)
class Admission:
    """Leave to answer one request. `headers` tell what is left of the tightest limit."""

    id: str
    limits: list[Limit] = field(default_factory=list)
    tokens: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def budgets(self) -> list[Limit]:
        return [limit for limit in self.limits if limit.day_nano or limit.month_nano]


async def list_limits(env: Env, call: Call) -> list[Limit]:
    """By scope and subject."""
    account = call.account
    return await look_up(
        env,
        ("limits", account),
        lambda: rows.select_limits(env.store.reader, account, MAX_LIMITS),
    )


async def put_limit(env: Env, call: Call, limit: Limit) -> Limit:
    """Set what a subject may use. Money counts from now on. Raises Invalid, QuotaExceeded."""
    if limit.scope not in LIMIT_SCOPES:
        raise invalid("scope", f"it is one of {', '.join(LIMIT_SCOPES)}")
    if not 1 <= len(limit.subject) <= MAX_SUBJECT or not limit.subject.isprintable():
        raise invalid("subject", f"it is 1 to {MAX_SUBJECT} characters")
    if limit.scope == "account" and limit.subject != call.account:
        raise invalid("subject", f"it is this account, {call.account}")
    for name in ("requests_per_minute", "tokens_per_minute"):
        if not 0 <= getattr(limit, name) <= MAX_PER_MINUTE:
            raise invalid(name, f"it is 0 (no limit) to {MAX_PER_MINUTE}")
    for name in ("day_nano", "month_nano"):
        if not 0 <= getattr(limit, name) <= MAX_NANO:
            raise invalid(name.replace("nano", "budget"), "it is 0 (no limit) to 1,000,000,000")
    held = await list_limits(env, call)
    known = any((each.scope, each.subject) == (limit.scope, limit.subject) for each in held)
    if not known and len(held) >= MAX_LIMITS:
        raise QuotaExceeded(f"An account has at most {MAX_LIMITS} limits.")

    async def write(tx: Tx) -> None:
        await rows.upsert_limit(tx, limit)

    await env.store.transact(write)
    return limit


async def delete_limit(env: Env, call: Call, scope: str, subject: str) -> None:
    """Raises LimitNotFound."""

    async def write(tx: Tx) -> int:
        return await rows.delete_limit(tx, call.account, scope, subject)

    if not await env.store.transact(write):
        raise LimitNotFound(f"There is no limit for the {scope[:20]} '{subject[:100]}'.")


async def used_of(env: Env, limit: Limit) -> tuple[int, int, int]:
    """Billionths spent today, spent this month, and held now."""
    reader, (day, month) = env.store.reader, _periods(env)
    return (
        await rows.select_spent(reader, limit, day),
        await rows.select_spent(reader, limit, month),
        await rows.select_held(reader, limit, env.clock.now_us()),
    )


def subjects_of(call: Call) -> dict[str, str]:
    """What the caller is, by scope."""
    who = call.principal
    found = {
        "key": who.tags.get(identity.TOKEN_TAG) or call.context.get(identity.ACCESS_KEY_ID, ""),
        "person": who.name,
        "project": who.tags.get(PROJECT_TAG, ""),
        "account": call.account,
    }
    return {scope: subject for scope, subject in found.items() if subject}


async def admit(
    env: Env, call: Call, *, tokens: int, highest_nano: Callable[[], Awaitable[int]]
) -> Admission:
    """Take a request's share of every limit of its asker: about so many tokens, and what it could
    cost at most. Raises Throttled (`rate_limit_exceeded`) and QuotaExceeded
    (`insufficient_quota`), and then nothing was taken. Batches and what is `UNPACED` have budgets
    but no rates."""
    mine = subjects_of(call)
    limits = [
        limit for limit in await list_limits(env, call) if mine.get(limit.scope) == limit.subject
    ]
    if call.context.get(TIER) == BATCH_TIER or UNPACED in call.context:
        limits = [replace(each, requests_per_minute=0, tokens_per_minute=0) for each in limits]
    admission = Admission(id=env.ids.uuid(), limits=limits, tokens=tokens)
    if not limits:
        return admission
    admission.headers = _take(env, limits, tokens)
    if admission.budgets:
        nano = await highest_nano()
        try:
            await env.store.transact(lambda tx: _hold(env, tx, admission, nano))
        except QuotaExceeded:
            _give_back(env, admission, requests=1, tokens=tokens)
            raise
    return admission


async def settle(env: Env, tx: Tx, admission: Admission, *, nano: int) -> None:
    """Let the holds go and write down what was spent, in the caller's transaction."""
    day, month = _periods(env)
    for limit in admission.budgets:
        await rows.delete_hold(tx, limit, admission.id)
        if nano:
            await rows.add_spent(tx, limit, day, nano)
            await rows.add_spent(tx, limit, month, nano)


def settle_tokens(env: Env, admission: Admission, tokens: int) -> None:
    """Give back what was taken of the minute's tokens and not used (or take what was more)."""
    _give_back(env, admission, requests=0, tokens=admission.tokens - tokens)


async def expire(env: Env) -> None:
    """Forget holds of processes that died, and the spending of past months."""
    month = _periods(env)[1]
    last = f"{int(month[:4]) - 1}-{month[5:]}"

    async def write(tx: Tx) -> None:
        await rows.delete_expired_holds(tx, env.clock.now_us())
        await rows.delete_spent(tx, last)

    await env.store.transact(write)


async def _hold(env: Env, tx: Tx, admission: Admission, nano: int) -> None:
    now_us = env.clock.now_us()
    day, month = _periods(env)
    for limit in admission.budgets:
        held = await rows.select_held(tx, limit, now_us)
        for budget, period, name in (
            (limit.day_nano, day, "day"),
            (limit.month_nano, month, "month"),
        ):
            if not budget:
                continue
            spent = await rows.select_spent(tx, limit, period)
            if spent + held + nano > budget:
                raise _over(env, limit, name, left=budget - spent - held, nano=nano)
        await rows.insert_hold(tx, limit, admission.id, nano, now_us + HOLD_US)


def _over(env: Env, limit: Limit, name: str, *, left: int, nano: int) -> QuotaExceeded:
    money = currency(env)
    return QuotaExceeded(
        f"You exceeded the budget of the {limit.scope} '{limit.subject}' for this {name}: "
        f"{from_nano(max(left, 0))} {money} are left, and this request may cost "
        f"{from_nano(nano)} {money}. Ask for fewer tokens, or whoever set the budget for more.",
        code="insufficient_quota",
    )


def _take(env: Env, limits: list[Limit], tokens: int) -> list[tuple[str, str]]:
    """Take from every bucket or from none; the headers of the tightest."""
    now_s = env.clock.monotonic_s()
    taken: list[tuple[_Bucket, float]] = []
    tightest: dict[str, tuple[float, int, _Bucket]] = {}
    for limit in limits:
        for what, allowed, amount in (
            ("requests", limit.requests_per_minute, 1),
            ("tokens", limit.tokens_per_minute, tokens),
        ):
            if not allowed:
                continue
            bucket = _bucket(env, limit, what, allowed, now_s)
            if bucket.left < amount:
                for other, given in taken:
                    other.left += given
                raise _too_fast(limit, what, allowed, amount=amount, left=bucket.left)
            bucket.left -= amount
            taken.append((bucket, amount))
            share = bucket.left / allowed
            if what not in tightest or share < tightest[what][0]:
                tightest[what] = (share, allowed, bucket)
    return [
        header
        for what, (_, allowed, bucket) in tightest.items()
        for header in _headers(what, allowed, bucket.left)
    ]


def _bucket(env: Env, limit: Limit, what: str, allowed: int, now_s: float) -> _Bucket:
    """The bucket as it is now: filled for the time since it was last looked at."""
    known = _BUCKETS.setdefault(env.metrics, {})
    key = (limit.account, limit.scope, limit.subject, what)
    bucket = known.get(key)
    if bucket is None:
        if len(known) >= MAX_BUCKETS:
            known.clear()
        bucket = known[key] = _Bucket(float(allowed), now_s)
    filled = bucket.left + (now_s - bucket.at_s) * allowed / 60
    bucket.left, bucket.at_s = min(float(allowed), filled), now_s
    return bucket


def _give_back(env: Env, admission: Admission, *, requests: int, tokens: int) -> None:
    known = _BUCKETS.get(env.metrics, {})
    for limit in admission.limits:
        for what, allowed, amount in (
            ("requests", limit.requests_per_minute, requests),
            ("tokens", limit.tokens_per_minute, tokens),
        ):
            bucket = known.get((limit.account, limit.scope, limit.subject, what))
            if allowed and bucket is not None:
                bucket.left += amount


def _headers(what: str, allowed: int, left: float) -> list[tuple[str, str]]:
    """OpenAI's names: the limit, what is left of it, and when it is whole again."""
    whole_s = max(0.0, (allowed - left) * 60 / allowed)
    return [
        (f"x-ratelimit-limit-{what}", str(allowed)),
        (f"x-ratelimit-remaining-{what}", str(max(0, math.floor(left)))),
        (f"x-ratelimit-reset-{what}", _duration(whole_s)),
    ]


def _duration(seconds: float) -> str:
    """As OpenAI writes it: `250ms`, `1.5s`, `6m0s`."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}m{math.ceil(rest)}s" if minutes else f"{rest:.3g}s"


def _too_fast(limit: Limit, what: str, allowed: int, *, amount: int, left: float) -> Throttled:
    wait_s = (amount - left) * 60 / allowed
    said = f"Limit {allowed}, left {max(0, math.floor(left))}, requested {amount}."
    more = (
        "It is more than a whole minute allows: ask for fewer tokens."
        if amount > allowed
        else f"Try again in {_duration(wait_s)}."
    )
    return Throttled(
        f"Rate limit reached for the {limit.scope} '{limit.subject}' on {what} per minute: "
        f"{said} {more}",
        code="rate_limit_exceeded",
        fields=dict(_headers(what, allowed, left)),
        retry_after_s=wait_s,
    )


def _periods(env: Env) -> tuple[str, str]:
    day = billing.day_of(env.clock.now_us()).isoformat()
    return day, day[:7]
