"""Publishes and webhook deliveries, counted (kernel/use_counts.py) for topics' owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.journal import UsageRecord
from volano.kernel.use_counts import UseCounts

if TYPE_CHECKING:
    from volano.kernel.call import Env

REQUESTS = "sns.requests"
DELIVERIES = "sns.deliveries.http"


def _to_record(env: Env, series: tuple[str, ...], amount: int, since_us: int) -> UsageRecord:
    account, arn, meter = series
    return UsageRecord(
        id=env.ids.uuid(),
        account=account,
        meter=meter,
        quantity=str(amount),
        start_us=since_us,
        end_us=env.clock.now_us(),
        resource=arn,
        dimensions={"topic": arn.rpartition(":")[2]},
    )


_USES = UseCounts(_to_record)
hand_over_uses = _USES.hand_over
forget_counts = _USES.forget


def count(env: Env, account: str, topic_arn: str, meter: str, amount: int = 1) -> None:
    """The owner of a topic pays."""
    _USES.add(env, (account, topic_arn, meter), amount)
