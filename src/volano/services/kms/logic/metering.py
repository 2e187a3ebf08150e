"""Uses of keys, counted in memory and handed to the journal by work every few seconds.

A count that was not handed over yet is lost with the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.journal import UsageRecord

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.kms.model import Key

METER = "kms.requests"
MAX_SERIES = 100_000
"""Keys counted between two hand-overs; the hand-over is early when there are more."""

_BY_PROCESS: dict[int, dict[tuple[str, str], int]] = {}
"""Counts by account and key ARN; one per Env, by the identity of its journal."""
_SINCE_US: dict[int, int] = {}


def count_use(env: Env, account: str, key: Key | None = None) -> None:
    """One use by `account`, which pays also for another account's key."""
    counts = _BY_PROCESS.setdefault(id(env.journal), {})
    if not counts:
        _SINCE_US[id(env.journal)] = env.clock.now_us()
    series = (account, "" if key is None else key.arn)
    counts[series] = counts.get(series, 0) + 1
    if len(counts) >= MAX_SERIES:
        hand_over_uses(env)


def hand_over_uses(env: Env) -> None:
    """Give every count to the journal and begin again."""
    counts = _BY_PROCESS.pop(id(env.journal), {})
    since_us = _SINCE_US.pop(id(env.journal), 0)
    for (account, arn), amount in counts.items():
        env.journal.usage(
            UsageRecord(
                id=env.ids.uuid(),
                account=account,
                meter=METER,
                quantity=str(amount),
                start_us=since_us,
                end_us=env.clock.now_us(),
                resource=arn,
                dimensions={"key": arn.rpartition("/")[2]} if arn else {},
            )
        )


def forget_caches(env: Env) -> None:
    """Drop counts that were not handed over (test mode's reset)."""
    _BY_PROCESS.pop(id(env.journal), None)
