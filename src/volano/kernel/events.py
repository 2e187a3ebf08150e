"""Port `events`: what happened, told upwards.

An event is a frozen msgspec struct with a tag, owned by the service that publishes it; it is
written to the outbox in the transaction that made it true (`Tx.publish`) and delivered at least
once, in order, to every durable subscriber. A handler must be idempotent and should re-read the
rows instead of trusting the event's content.

Signals are the other kind: ephemeral, at most once, to every process of the region (typing,
presence, live pages). Nothing that matters may depend on a signal alone; when signals of another
process were lost, who listens is told (`lost`, or the end of `listen`) and looks at the rows.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

    from volano.kernel.call import Env

    Handler = Callable[[Env, "Event"], Awaitable[None]]
    Relayed = Callable[[Env, bytes], Awaitable[None]]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events; `type_name` is `service.past_tense` (`compute.instances_wanted`).

    A subclass says `frozen=True, kw_only=True` again.
    """

    type_name: ClassVar[str] = ""


E = TypeVar("E", bound=Event)

_EVENT_TYPES: dict[str, type[Event]] = {}


def event(name: str) -> Callable[[type[E]], type[E]]:
    """Register an event type under its wire name; names are unique in the program."""

    def register(cls: type[E]) -> type[E]:
        if name in _EVENT_TYPES:
            raise ValueError(f"two event types are called {name}")
        cls.type_name = name
        _EVENT_TYPES[name] = cls
        return cls

    return register


def to_payload(item: Event) -> bytes:
    return msgspec.json.encode(item)


def parse_event(name: str, payload: bytes) -> Event | None:
    """The event of that name, or None for a type this version does not know."""
    cls = _EVENT_TYPES.get(name)
    return None if cls is None else msgspec.json.decode(payload, type=cls)


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """One durable subscriber: a name of its own, the event types it hears, its handler."""

    name: str
    types: tuple[type[Event], ...]
    handler: Callable[..., Awaitable[None]]
    wants: Callable[[Event], bool] | None = None
    """Tells an event that the handler would do nothing about; its publisher may then leave it out.
    None wants every event."""


_SUBSCRIPTIONS: dict[str, Subscription] = {}


def subscribe(
    name: str, *types: type[E], wants: Callable[[Event], bool] | None = None
) -> Callable[[Callable[[Env, E], Awaitable[None]]], Callable[[Env, E], Awaitable[None]]]:
    """Make a function of a `work.py` a durable subscriber: `async def f(env, event)`. What `wants`
    says no to may never come (`is_wanted`)."""

    def register(
        handler: Callable[[Env, E], Awaitable[None]],
    ) -> Callable[[Env, E], Awaitable[None]]:
        if name in _SUBSCRIPTIONS:
            raise ValueError(f"two subscribers are called {name}")
        _wants_of.cache_clear()
        _SUBSCRIPTIONS[name] = Subscription(name=name, types=types, handler=handler, wants=wants)
        return handler

    return register


def subscriptions() -> tuple[Subscription, ...]:
    """Every subscriber found so far, by name."""
    return tuple(_SUBSCRIPTIONS[name] for name in sorted(_SUBSCRIPTIONS))


def is_wanted(event: Event, *, but: frozenset[str] = frozenset()) -> bool:
    """Whether a subscriber, of those not named in `but`, would do something about an event."""
    return any(wants is None or wants(event) for wants in _wants_of(type(event), but))


@lru_cache(maxsize=64)
def _wants_of(kind: type[Event], but: frozenset[str]) -> tuple[Callable[[Event], bool] | None, ...]:
    return tuple(
        found.wants
        for name, found in _SUBSCRIPTIONS.items()
        if kind in found.types and name not in but
    )


_RELAYED: dict[str, Relayed] = {}


def relayed(name: str) -> Callable[[Relayed], Relayed]:
    """Make `async def f(env, payload)` of a `work.py` what other processes call by
    `EventFeed.relay`, one call after the other."""

    def register(function: Relayed) -> Relayed:
        if name in _RELAYED:
            raise ValueError(f"two functions for other processes are called {name}")
        _RELAYED[name] = function
        return function

    return register


def relayed_functions() -> dict[str, Relayed]:
    """Every function found so far that other processes may call, by name."""
    return dict(_RELAYED)


class EventFeed(Protocol):
    """Delivery of committed events, and signals."""

    def wake(self) -> None:
        """Something was committed: look at the outbox now instead of at the next poll."""
        ...

    async def settle(self) -> None:
        """Return when every event committed before the call has been handled (tests, drain)."""
        ...

    def signal(self, topic: str, payload: bytes) -> None:
        """Send an ephemeral signal to everyone in the region who listens on `topic` now.

        Here it arrives at once; elsewhere in the order in which this process sent. One without
        payload says no more than to look: several may come as one.
        """
        ...

    def signal_here(self, topics: Iterable[str], payload: bytes) -> None:
        """One signal on each of many topics, to listeners of this process only."""
        ...

    def relay(self, name: str, message: object) -> None:
        """Have every other process of the region run its function of that name (`relayed`), which
        is given the message as JSON; where there is no other process, nothing is encoded."""
        ...

    @property
    def losses(self) -> int:
        """How often signals of other processes were lost; what was concluded from them is void."""
        ...

    def listen(self, topic: str) -> AsyncIterator[bytes]:
        """Signals of `topic` from now on; it ends for a listener more than 1,000 behind, and when
        signals were lost."""
        ...

    def attach(
        self,
        topic: str,
        sink: Callable[[bytes], None],
        lost: Callable[[], None] | None = None,
    ) -> None:
        """Call `sink` with each signal of `topic` as it is sent, and `lost` when some of another
        process were lost; neither ever waits or raises."""
        ...

    def detach(self, topic: str, sink: Callable[[bytes], None]) -> None:
        """Undo `attach`."""
        ...


@contextmanager
def woken_by(events: EventFeed, topic: str) -> Iterator[asyncio.Event]:
    """An event that is set by every signal of `topic`, and when signals were lost."""
    woken = asyncio.Event()

    def wake(_: bytes) -> None:
        woken.set()

    events.attach(topic, wake, woken.set)
    try:
        yield woken
    finally:
        events.detach(topic, wake)
