"""Publishes and webhook deliveries, counted in memory and handed to the journal by work.

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

REQUESTS = "sns.requests"
DELIVERIES = "sns.deliveries.http"
MAX_SERIES = 100_000
"""Topics counted between two hand-overs; the hand-over is early when there are more."""


@dataclass(slots=True)
class _Uses:
    """Counts by account, topic ARN and meter, since when."""

    since_us: int
    counts: dict[tuple[str, str, str], int] = field(default_factory=dict)


_USES: WeakKeyDictionary[Journal, _Uses] = WeakKeyDictionary()
"""One per Env (tests run several in a process), whose journal is its key."""


def count(env: Env, account: str, topic_arn: str, meter: str, amount: int = 1) -> None:
    """The owner of a topic pays."""
    uses = _USES.get(env.journal)
    if uses is None:
        uses = _USES[env.journal] = _Uses(env.clock.now_us())
    series = (account, topic_arn, meter)
    uses.counts[series] = uses.counts.get(series, 0) + amount
    if len(uses.counts) >= MAX_SERIES:
        hand_over_uses(env)


def hand_over_uses(env: Env) -> None:
    """Give every count to the journal and begin again."""
    uses = _USES.pop(env.journal, None)
    if uses is None:
        return
    for (account, arn, meter), amount in uses.counts.items():
        env.journal.usage(
            UsageRecord(
                id=env.ids.uuid(),
                account=account,
                meter=meter,
                quantity=str(amount),
                start_us=uses.since_us,
                end_us=env.clock.now_us(),
                resource=arn,
                dimensions={"topic": arn.rpartition(":")[2]},
            )
        )


def forget_counts(env: Env) -> None:
    """Drop counts that were not handed over (test mode's reset)."""
    _USES.pop(env.journal, None)
