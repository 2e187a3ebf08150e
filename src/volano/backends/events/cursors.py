"""Where each subscriber stands in the outbox, and writing that down.

A place behind events that concern its subscriber is written soon, together with all others that
changed; a place that only passed other people's events has time, because passing by them again
after a restart costs nothing.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Store, Tx
    from volano.kernel.work import Lease

PASSED_EVERY_S = 5.0
"""How often places are written down that passed what concerns nobody."""


class LeaseLost(Exception):
    """Another process delivers now."""


class Cursors:
    """The places of this process's subscribers that are not written down yet."""

    def __init__(self) -> None:
        self._changed: dict[str, str] = {}
        self._wanted = asyncio.Event()
        self._saved_s = 0.0

    def note(self, subscriber: str, position: str) -> None:
        """The subscriber has handled what is before `position`."""
        self._changed[subscriber] = position
        self._wanted.set()

    def note_passed(self, subscriber: str, position: str) -> None:
        """Nothing before `position` concerned the subscriber."""
        self._changed[subscriber] = position
        if time.monotonic() - self._saved_s > PASSED_EVERY_S:
            self._wanted.set()

    async def wait_changed(self) -> None:
        await self._wanted.wait()

    async def load(self, store: Store, subscriber: str) -> str:
        """The place that was written down, or that of this process where it is further on."""
        known = self._changed.get(subscriber)
        if known is not None:
            return known
        row = await store.reader.row(
            "SELECT position FROM event_cursor WHERE subscriber = ?", subscriber
        )
        return row[0] if row else ""

    async def save(self, store: Store, lease: Lease | None, *, exclusive: bool) -> None:
        """Write every changed place in one transaction, under the lease unless `exclusive`.

        Raises LeaseLost, and forgets the places then.
        """
        self._wanted.clear()
        changed, self._changed = self._changed, {}
        if not changed:
            return
        if lease is None and not exclusive:
            raise LeaseLost

        async def write(tx: Tx) -> None:
            if lease is not None:
                held = await tx.row("SELECT token FROM lease WHERE name = ?", lease.name)
                if held is None or held[0] != lease.token:
                    raise LeaseLost
            await tx.execute_many(
                "INSERT INTO event_cursor VALUES (?, ?) "
                "ON CONFLICT (subscriber) DO UPDATE SET position = excluded.position",
                sorted(changed.items()),
            )

        try:
            await store.transact(write)
        except LeaseLost:
            raise
        except BaseException:
            self._changed = changed | self._changed
            self._wanted.set()
            raise
        self._saved_s = time.monotonic()
