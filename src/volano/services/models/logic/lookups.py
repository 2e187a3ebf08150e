"""Rows that every request reads and hardly anyone changes: models, routes, limits, prices.

Where no other process writes the database (kernel `OwnStore`), what was read is believed until a
commit changes one of those tables; elsewhere it is read each time. Rows are frozen, lists of them
are not to be changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast
from weakref import WeakKeyDictionary

from volano.kernel.store import OwnStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from volano.kernel.call import Env
    from volano.kernel.store import Store

T = TypeVar("T")

MAX_KEPT = 4096
"""Rows kept of one database; then all are read anew."""
_TABLES = "models_(model|alias|route|limit|upstream|price)"


class _Lookups:
    """What was read of one database since the last commit that may have changed it."""

    def __init__(self, store: Store) -> None:
        self.own = store if isinstance(store, OwnStore) and store.exclusive else None
        self._watch = self.own.watch(_TABLES) if self.own is not None else None
        self._mark = 0
        self._kept: dict[Hashable, object] = {}

    async def get(self, key: Hashable, load: Callable[[], Awaitable[T]]) -> T:
        if self._watch is None:
            return await load()
        mark = self._watch.changes
        if mark != self._mark or len(self._kept) >= MAX_KEPT:
            self._kept.clear()
            self._mark = mark
        elif key in self._kept:
            return cast("T", self._kept[key])
        value = await load()
        if mark == self._mark:  # else a later reader has begun anew
            self._kept[key] = value
        return value


_OF_STORE: WeakKeyDictionary[Store, _Lookups] = WeakKeyDictionary()


async def look_up(env: Env, key: Hashable, load: Callable[[], Awaitable[T]]) -> T:
    """What `load` reads of the database, None too, or what it read last under this key."""
    return await _lookups(env.store).get(key, load)


def own_store(store: Store) -> OwnStore | None:
    """The database where no other process writes it. Asking a Protocol each time takes longer."""
    return _lookups(store).own


def _lookups(store: Store) -> _Lookups:
    found = _OF_STORE.get(store)
    if found is None:
        found = _OF_STORE[store] = _Lookups(store)
    return found
