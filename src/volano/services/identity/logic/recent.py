"""A bounded cache whose entries are believed for a few seconds.

`forget` empties it and makes loads that began before it keep their result to themselves, so that
a change of policy made in this process is seen by the very next decision. Where no other process
writes the database (kernel `OwnStore`), an entry is believed until a commit may have changed it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from volano.kernel.clock import Clock
from volano.kernel.store import OwnStore, Store, Watch

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

BELIEVED_S = 5.0
"""How long another process may act on what this one changed."""
_NOTES = "audit|service_use|token SET last_used_us|access_key SET last_used_us"
"""The trail, and when a credential was last used: no decision is made from them."""


def watch_identity(store: Store, *, sessions: bool = False) -> Watch | None:
    """The commits that may change a decision; None where other processes commit too.

    With `sessions` those of console sessions too: when one was last seen decides if it is over.
    """
    if isinstance(store, OwnStore) and store.exclusive:
        ignored = _NOTES if sessions else f"{_NOTES}|session"
        return store.watch(rf"identity_(?!{ignored})\w+")
    return None


class Recent(Generic[K, V]):
    """Values by key; the oldest quarter goes when `limit` entries are held."""

    def __init__(self, clock: Clock, *, limit: int, watch: Watch | None = None) -> None:
        """`watch` counts the commits that may change a value, when they are all known."""
        self._clock = clock
        self._limit = limit
        self._watch = watch
        self._entries: dict[K, tuple[float, V]] = {}
        self._generation = 0

    async def get(self, key: K, load: Callable[[], Awaitable[V | None]]) -> V | None:
        """The value of `key`, loaded when not known or too old; a None is never kept."""
        entry = self._entries.get(key)
        mark = self._mark()
        if entry is not None and self._is_believed(entry[0], mark):
            return entry[1]
        generation = self._generation
        value = await load()
        if value is None:
            self._entries.pop(key, None)
        elif generation == self._generation:
            self._keep(key, value, mark)
        return value

    def _mark(self) -> float:
        """When it is: in commits, or in seconds."""
        return self._clock.monotonic_s() if self._watch is None else self._watch.changes

    def _is_believed(self, then: float, now: float) -> bool:
        return now == then if self._watch is not None else now - then < BELIEVED_S

    def _keep(self, key: K, value: V, mark: float) -> None:
        self._entries.pop(key, None)
        if len(self._entries) >= self._limit:
            for old in list(self._entries)[: self._limit // 4 + 1]:
                del self._entries[old]
        self._entries[key] = (mark, value)

    def forget(self) -> None:
        self._generation += 1
        self._entries.clear()
