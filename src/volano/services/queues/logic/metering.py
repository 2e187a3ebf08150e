"""Requests to queues, counted (kernel/use_counts.py) for those who own them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.journal import UsageRecord
from volano.kernel.use_counts import UseCounts

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.queues.model import Queue

METER = "sqs.requests"


def _to_record(env: Env, series: tuple[str, ...], amount: int, since_us: int) -> UsageRecord:
    account, arn = series
    return UsageRecord(
        id=env.ids.uuid(),
        account=account,
        meter=METER,
        quantity=str(amount),
        start_us=since_us,
        end_us=env.clock.now_us(),
        resource=arn,
        dimensions={"queue": arn.rpartition(":")[2]},
    )


_USES = UseCounts(_to_record)
hand_over_uses = _USES.hand_over
forget_counts = _USES.forget


def count_requests(env: Env, queue: Queue, amount: int = 1) -> None:
    """The owner of a queue pays for what is asked of it."""
    _USES.add(env, (queue.account, queue.arn), amount)
