"""Tokens to the usage ledger, through the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.journal import UsageRecord
from volano.services.billing.interface import Usage

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.models.model import Model


async def publish_tokens(
    env: Env, call: Call, model: Model, *, request_id: str, input_tokens: int, output_tokens: int
) -> None:
    """Report tokens of one request; `request_id` makes a repeat harmless."""
    now = env.clock.now_us()
    kind = "embed" if model.task.value == "embed" else "llm"
    counts = (("input", input_tokens), ("output", output_tokens))
    records = tuple(
        UsageRecord(
            id=f"{request_id}:{direction}",
            account=call.account,
            meter=f"{kind}.tokens.{direction}",
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
