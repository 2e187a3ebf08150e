"""Tokens as records of the usage ledger; who serves writes them through the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.journal import UsageRecord
from volano.services.models.model import Task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from volano.kernel.call import Call, Env
    from volano.services.models.model import Model


TIER = "volano:ServiceTier"
"""Key of a call's context: work of the tier `batch` is cheaper."""
BATCH_TIER = "batch"
USAGE_ID = "volano:UsageId"
"""Key of a call's context: what may run twice is paid once under this id."""
UPSTREAM_COST = "llm.upstream.cost"
"""Money at an upstream's own prices, in the price list's currency."""


def usage_id(call: Call, request_id: str) -> str:
    """The id under which a request is paid, once; what the same call uses next has another."""
    held = call.context.get(USAGE_ID)
    if held is None:
        return request_id
    call.context[USAGE_ID] = f"{held}+"
    return held


def token_records(
    env: Env,
    call: Call,
    model: Model,
    *,
    id: str,
    tokens: tuple[int, int],
    cost: Decimal | None = None,
    cached: bool = False,
) -> tuple[UsageRecord, ...]:
    """What a request used, (read, written): at the price list's prices, or for `cost` where an
    upstream has its own, or for nothing where the answer was a kept one."""
    if cached:
        meters, cost = ("llm.cached.tokens.input", "llm.cached.tokens.output"), None
    elif cost is not None:
        meters = ("llm.upstream.tokens.input", "llm.upstream.tokens.output")
    else:
        kind = "embed" if model.task is Task.EMBED else "llm"
        tier = ".batch" if call.context.get(TIER) == BATCH_TIER else ""
        meters = (f"{kind}.tokens.input{tier}", f"{kind}.tokens.output{tier}")
    used: Sequence[tuple[str, str, str]] = (
        ("input", meters[0], str(tokens[0] or "")),
        ("output", meters[1], str(tokens[1] or "")),
        ("cost", UPSTREAM_COST, f"{cost:f}" if cost else ""),
    )
    now = env.clock.now_us()
    return tuple(
        UsageRecord(
            id=f"{id}:{part}",
            account=call.account,
            meter=meter,
            quantity=quantity,
            start_us=now,
            end_us=now,
            resource=model.name,
            dimensions={"model": model.name, "principal": call.principal.arn},
        )
        for part, meter, quantity in used
        if quantity
    )
