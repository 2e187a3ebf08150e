"""Successful calls of a lane, counted and audited many at a time.

A call that costs some ten microseconds cannot afford its metrics and its audit record one by one:
here it is one entry of a list, which becomes records when the journal writes its next group
(`Journal.join`). Nothing is lost that the journal itself would not lose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.wire.action import audit_record, count_calls

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.journal import AuditRecord
    from volano.wire.action import Action, Caller

MAX_WAITING = 2_000
"""Calls of a log; when there are more, the journal gets them at once."""


class CallLog:
    """The calls of one action through one door that the journal does not have yet."""

    def __init__(self, env: Env, found: Action, door: str) -> None:
        self._env = env
        self._found = found
        self._door = door
        self._calls: list[tuple[Caller, str, int, float]] = []
        self._wake = env.journal.join(self.take)

    def add(self, caller: Caller, resource: str, took_s: float) -> None:
        calls = self._calls
        calls.append((caller, resource, self._env.clock.now_us(), took_s))
        if len(calls) == 1:
            self._wake()
        elif len(calls) >= MAX_WAITING:
            for record in self.take():
                self._env.journal.audit(record)

    def take(self) -> list[AuditRecord]:
        """Count what was added since the last time, and return its records."""
        calls, self._calls = self._calls, []
        if not calls:
            return []
        found = self._found
        count_calls(self._env, found, self._door, [took_s for *_, took_s in calls])
        return [
            audit_record(found, caller, resource, time_us=time_us, took_s=took_s)
            for caller, resource, time_us, took_s in calls
        ]
