"""Requests, counted in memory and handed to the journal by work every few seconds.

A count that was not handed over yet is lost with the process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from volano.kernel.journal import UsageRecord

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.journal import Journal
    from volano.services.queues.model import Queue

METER = "sqs.requests"
MAX_SERIES = 100_000
"""Queues counted between two hand-overs; the hand-over is early when there are more."""


@dataclass(slots=True)
class _Uses:
    """Counts by account and queue ARN, since when."""

    since_us: int
    counts: dict[tuple[str, str], int] = field(default_factory=dict)


_USES: WeakKeyDictionary[Journal, _Uses] = WeakKeyDictionary()
"""One per Env (tests run several in a process), whose journal is its key."""


def count_requests(env: Env, queue: Queue, amount: int = 1) -> None:
    """The owner of a queue pays for what is asked of it."""
    uses = _USES.get(env.journal)
    if uses is None:
        uses = _USES[env.journal] = _Uses(env.clock.now_us())
    series = (queue.account, queue.arn)
    uses.counts[series] = uses.counts.get(series, 0) + amount
    if len(uses.counts) >= MAX_SERIES:
        hand_over_uses(env)


def hand_over_uses(env: Env) -> None:
    """Give every count to the journal and begin again."""
    uses = _USES.pop(env.journal, None)
    if uses is None:
        return
    for (account, arn), amount in uses.counts.items():
        env.journal.usage(
            UsageRecord(
                id=env.ids.uuid(),
                account=account,
                meter=METER,
                quantity=str(amount),
                start_us=uses.since_us,
                end_us=env.clock.now_us(),
                resource=arn,
                dimensions={"queue": arn.rpartition(":")[2]},
            )
        )


def forget_counts(env: Env) -> None:
    """Drop counts that were not handed over (test mode's reset)."""
    _USES.pop(env.journal, None)
