"""Which commits concern whom: counts of those that may have changed certain tables."""

from __future__ import annotations

import re

MAX_STATEMENTS = 4096
"""Statements of which it is remembered whom they concern."""


class Watch:
    """Counts the commits that may have changed certain tables; see `SqliteStore.watch`."""

    __slots__ = ("changes", "matches")

    def __init__(self, pattern: str) -> None:
        self.matches = re.compile(rf"(?:INTO|UPDATE|FROM|TABLE)\s+\"?(?:{pattern})\b").search
        self.changes = 0


class Watches:
    """All watches of one database."""

    def __init__(self) -> None:
        self._all: list[Watch] = []
        self._concerned: dict[str, list[Watch]] = {}
        """By statement."""

    def add(self, pattern: str) -> Watch:
        """A new watch of tables whose whole names match; may be called while others count."""
        found = Watch(pattern)
        self._all = [*self._all, found]
        self._concerned = {}
        return found

    def count(self, said: set[str]) -> None:
        """Count a commit by the statements that it said; by one thread at a time."""
        known, concerned = self._concerned, set[Watch]()
        for sql in said:
            found = known.get(sql)
            if found is None:
                found = [watch for watch in self._all if watch.matches(sql)]
                if len(known) < MAX_STATEMENTS:
                    known[sql] = found
            concerned.update(found)
        for watch in concerned:
            watch.changes += 1
