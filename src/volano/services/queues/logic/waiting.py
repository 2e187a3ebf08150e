"""Receivers that wait for a message, and which messages are being handed out in this process.

Who waits is woken by who sends, in whatever process, and by the time at which a hidden message
comes back. Where several processes share the database a waiting receiver also looks every
`POLL_S`, should a signal be lost.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from volano.kernel.call import Env
    from volano.kernel.store import Store

POLL_S = 0.5


@dataclass(eq=False, slots=True)
class _Place:
    """One queue: who waits, what is being claimed, and the lock of FIFO receives."""

    waiters: set[asyncio.Event] = field(default_factory=set)
    claiming: set[str] = field(default_factory=set)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0

    def wake(self, _: bytes = b"") -> None:
        for event in self.waiters:
            event.set()


_PLACES: WeakKeyDictionary[Store, dict[str, _Place]] = WeakKeyDictionary()
"""By the database that holds the queues, and by their ARN; only while someone receives."""


@contextmanager
def place_of(env: Env, arn: str) -> Iterator[_Place]:
    """The queue's place while a receive runs."""
    places = _PLACES.setdefault(env.store, {})
    place = places.setdefault(arn, _Place())
    if not place.users:
        env.events.attach(_topic_of(arn), place.wake, place.wake)
    place.users += 1
    try:
        yield place
    finally:
        place.users -= 1
        if not place.users:
            places.pop(arn, None)
            env.events.detach(_topic_of(arn), place.wake)


@contextmanager
def watch(place: _Place) -> Iterator[asyncio.Event]:
    """An event that is set when something was sent since it was last cleared."""
    event = asyncio.Event()
    place.waiters.add(event)
    try:
        yield event
    finally:
        place.waiters.discard(event)


@asynccontextmanager
async def claiming(place: _Place, ids: list[str]) -> AsyncIterator[None]:
    """Keep other receives of this process off those messages meanwhile."""
    place.claiming.update(ids)
    try:
        yield
    finally:
        place.claiming.difference_update(ids)


def wake_receivers(env: Env, arn: str) -> None:
    """Something was sent to that queue, came back to it, or it is gone."""
    env.events.signal(_topic_of(arn), b"")


def _topic_of(arn: str) -> str:
    return f"queue:{arn}"


async def wait_for(env: Env, event: asyncio.Event, seconds: float) -> None:
    """Return when the event is set or the time is over, on the Env's clock."""
    sleeping = asyncio.ensure_future(env.clock.sleep(max(seconds, 0.0)))
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({sleeping, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleeping.cancel()
        waiting.cancel()
