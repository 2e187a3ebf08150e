"""Tokens to the usage ledger, through the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.journal import UsageRecord
from volano.services.billing.interface import Usage

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.models.model import Model


TIER = "volano:ServiceTier"
"""Key of a call's context: work of the tier `batch` is cheaper."""
BATCH_TIER = "batch"
USAGE_ID = "volano:UsageId"
"""Key of a call's context: what may run twice is paid once under this id."""


async def publish_tokens(
    env: Env, call: Call, model: Model, *, request_id: str, input_tokens: int, output_tokens: int
) -> None:
    """Report tokens of one request; `request_id` makes a repeat harmless."""
    now = env.clock.now_us()
    kind = "embed" if model.task.value == "embed" else "llm"
    tier = ".batch" if call.context.get(TIER) == BATCH_TIER else ""
    if USAGE_ID in call.context:
        request_id = call.context[USAGE_ID]
        # What the same call uses next (another turn of a response) is another use.
        call.context[USAGE_ID] = f"{request_id}+"
    counts = (("input", input_tokens), ("output", output_tokens))
    records = tuple(
        UsageRecord(
            id=f"{request_id}:{direction}",
            account=call.account,
            meter=f"{kind}.tokens.{direction}{tier}",
            quantity=str(count),
            start_us=now,
            end_us=now,
            resource=model.name,
            dimensions={"model": model.name, "principal": call.principal.arn},
        )
        for direction, count in counts
        if count
    )
    if not records:
        return

    async def write(tx: Tx) -> None:
        tx.publish(Usage(records=records))

    await env.store.transact(write)
