"""A bounded cache whose entries are believed for a few seconds.

`forget` empties it and makes loads that began before it keep their result to themselves, so that
a change of policy made in this process is seen by the very next decision.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from volano.kernel.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

BELIEVED_S = 5.0
"""How long another process may act on what this one changed."""


class Recent(Generic[K, V]):
    """Values by key; the oldest quarter goes when `limit` entries are held."""

    def __init__(self, clock: Clock, *, limit: int) -> None:
        self._clock = clock
        self._limit = limit
        self._entries: dict[K, tuple[float, V]] = {}
        self._generation = 0

    async def get(self, key: K, load: Callable[[], Awaitable[V | None]]) -> V | None:
        """The value of `key`, loaded when not known or too old; a None is never kept."""
        entry = self._entries.get(key)
        now_s = self._clock.monotonic_s()
        if entry is not None and now_s - entry[0] < BELIEVED_S:
            return entry[1]
        generation = self._generation
        value = await load()
        if value is None:
            self._entries.pop(key, None)
        elif generation == self._generation:
            self._keep(key, value, now_s)
        return value

    def _keep(self, key: K, value: V, now_s: float) -> None:
        self._entries.pop(key, None)
        if len(self._entries) >= self._limit:
            for old in list(self._entries)[: self._limit // 4 + 1]:
                del self._entries[old]
        self._entries[key] = (now_s, value)

    def forget(self) -> None:
        self._generation += 1
        self._entries.clear()
