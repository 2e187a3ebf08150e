"""Uses counted in memory, and handed to the journal by a service's work every few seconds.

A count that was not handed over yet is lost with the process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.kernel.call import Env
    from volano.kernel.journal import Journal, UsageRecord

    Series = tuple[str, ...]
    ToRecord = Callable[[Env, Series, int, int], UsageRecord]

MAX_SERIES = 100_000
"""Series counted between two hand-overs; the hand-over is early when there are more."""


@dataclass(slots=True)
class _Uses:
    """Counts by series, since when."""

    since_us: int
    counts: dict[Series, int] = field(default_factory=dict)


class UseCounts:
    """The counts of one service; a series is whatever tells what was used, by whom."""

    def __init__(self, to_record: ToRecord) -> None:
        """`to_record` makes the usage of Env, series, amount and the begin of counting (us)."""
        self._to_record = to_record
        self._uses: WeakKeyDictionary[Journal, _Uses] = WeakKeyDictionary()
        """One per Env (tests run several in a process), whose journal is its key."""

    def add(self, env: Env, series: Series, amount: int = 1) -> None:
        uses = self._uses.get(env.journal)
        if uses is None:
            uses = self._uses[env.journal] = _Uses(env.clock.now_us())
        uses.counts[series] = uses.counts.get(series, 0) + amount
        if len(uses.counts) >= MAX_SERIES:
            self.hand_over(env)

    def hand_over(self, env: Env) -> None:
        """Give every count to the journal and begin again."""
        uses = self._uses.pop(env.journal, None)
        if uses is None:
            return
        for series, amount in uses.counts.items():
            env.journal.usage(self._to_record(env, series, amount, uses.since_us))

    def waiting(self, env: Env) -> dict[Series, int]:
        """Every count that was not handed over yet."""
        uses = self._uses.get(env.journal)
        return {} if uses is None else dict(uses.counts)

    def forget(self, env: Env) -> None:
        """Drop counts that were not handed over (test mode's reset)."""
        self._uses.pop(env.journal, None)
