"""Events in one process: every subscriber reads the outbox behind its own cursor.

Delivery is at least once and in order: the cursor is saved after the handlers of a batch ran, so a
crash repeats the batch. A failing event is repeated with growing pauses; after `MAX_ATTEMPTS` it
goes to `event_dead` and the subscriber goes on, so that one bad event cannot stop the cloud.
Where several processes share the database, one of them holds the lease `events` and delivers.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Protocol

from volano.kernel.events import parse_event, subscriptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Env
    from volano.kernel.events import Subscription
    from volano.kernel.store import Store, Tx

BATCH = 200
MAX_ATTEMPTS = 12
POLL_S = 1.0
MAX_BEHIND = 1_000
"""Signals a slow listener may lag before it is closed."""
LEASE_TTL_S = 6.0
KEEP_US = 24 * 3600 * 1_000_000


class OutboxStore(Protocol):
    """What delivery needs of a store beyond the port."""

    exclusive: bool

    async def read_outbox(self, after: str, limit: int) -> list[tuple[str, str, bytes]]: ...

    async def prune_outbox(self, before_us: int) -> int: ...


class _Listener:
    """One listener's bounded queue."""

    def __init__(self) -> None:
        self.items: deque[bytes] = deque()
        self.ready = asyncio.Event()
        self.closed = False

    def offer(self, payload: bytes) -> None:
        if len(self.items) >= MAX_BEHIND:
            self.closed = True
        else:
            self.items.append(payload)
        self.ready.set()


class _Subscriber:
    """The delivery loop's state of one subscription."""

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.names = {cls.type_name for cls in subscription.types}
        self.wake = asyncio.Event()
        self.drained = 0
        """The newest generation of `settle` that this subscriber has caught up with."""


class LocalEventFeed:
    """Delivers committed events to this process's subscribers, and signals to its listeners."""

    def __init__(self) -> None:
        self._subscribers: list[_Subscriber] = []
        self._listeners: dict[str, set[_Listener]] = defaultdict(set)
        self._generation = 0
        self._delivered = 0
        self._progress = asyncio.Condition()

    def wake(self) -> None:
        for subscriber in self._subscribers:
            subscriber.wake.set()

    async def settle(self) -> None:
        while True:
            before = self._delivered
            self._generation += 1
            goal = self._generation
            self.wake()
            async with self._progress:
                while any(subscriber.drained < goal for subscriber in self._subscribers):
                    await self._progress.wait()
            if self._delivered == before:
                return

    def signal(self, topic: str, payload: bytes) -> None:
        for listener in self._listeners.get(topic, ()):
            listener.offer(payload)

    async def listen(self, topic: str) -> AsyncIterator[bytes]:
        listener = _Listener()
        self._listeners[topic].add(listener)
        try:
            while not listener.closed:
                await listener.ready.wait()
                listener.ready.clear()
                while listener.items:
                    yield listener.items.popleft()
        finally:
            self._listeners[topic].discard(listener)
            if not self._listeners[topic]:
                del self._listeners[topic]

    async def run(self, env: Env, store: OutboxStore) -> None:
        """Deliver until cancelled."""
        self._subscribers = [_Subscriber(s) for s in subscriptions()]
        async with asyncio.TaskGroup() as group:
            for subscriber in self._subscribers:
                group.create_task(
                    self._deliver(env, store, subscriber), name=subscriber.subscription.name
                )
            group.create_task(_prune(env, store))

    async def _deliver(self, env: Env, store: OutboxStore, subscriber: _Subscriber) -> None:
        position: str | None = None
        while True:
            generation = self._generation
            subscriber.wake.clear()
            if not await _may_deliver(env, store):
                position = None
                await _wait(subscriber.wake, POLL_S)
                continue
            if position is None:
                position = await _load_cursor(env.store, subscriber.subscription.name)
            batch = await store.read_outbox(position, BATCH)
            if batch:
                position = await self._handle_batch(env, subscriber, batch)
                continue
            subscriber.drained = generation
            async with self._progress:
                self._progress.notify_all()
            await _wait(subscriber.wake, POLL_S)

    async def _handle_batch(
        self, env: Env, subscriber: _Subscriber, batch: list[tuple[str, str, bytes]]
    ) -> str:
        for position, type_name, payload in batch:
            if type_name in subscriber.names:
                self._delivered += 1
                await _handle(env, subscriber.subscription, position, type_name, payload)
        last = batch[-1][0]
        await _save_cursor(env.store, subscriber.subscription.name, last)
        return last


async def _handle(
    env: Env, subscription: Subscription, position: str, type_name: str, payload: bytes
) -> None:
    """Run the handler until it succeeds or has failed for good."""
    event = parse_event(type_name, payload)
    if event is None:
        return
    failure = ""
    for attempt in range(MAX_ATTEMPTS):
        try:
            await subscription.handler(env, event)
        except Exception as error:  # noqa: BLE001 - work loop: log, wait, repeat
            env.log.warning(
                "event handler failed",
                subscriber=subscription.name,
                type=type_name,
                attempt=attempt + 1,
                error=repr(error),
            )
            env.metrics.count("volano_event_failures_total", (("subscriber", subscription.name),))
            failure = repr(error)
        else:
            return
        await env.clock.sleep(min(0.05 * 2**attempt, 30.0))
    await _bury(env, subscription.name, position, type_name, payload, failure)


async def _bury(
    env: Env, subscriber: str, position: str, type_name: str, payload: bytes, failure: str
) -> None:
    async def write(tx: Tx) -> None:
        await tx.execute(
            "INSERT INTO event_dead VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            subscriber,
            position,
            type_name,
            payload,
            failure[:2000],
            env.clock.now_us(),
        )

    await env.store.transact(write)
    env.log.error("event given up", subscriber=subscriber, type=type_name, error=failure)


async def _may_deliver(env: Env, store: OutboxStore) -> bool:
    if store.exclusive:
        return True
    return await env.work.acquire_lease("events", ttl_s=LEASE_TTL_S) is not None


async def _load_cursor(store: Store, name: str) -> str:
    row = await store.reader.row("SELECT position FROM event_cursor WHERE subscriber = ?", name)
    return row[0] if row else ""


async def _save_cursor(store: Store, name: str, position: str) -> None:
    async def write(tx: Tx) -> None:
        await tx.execute(
            "INSERT INTO event_cursor VALUES (?, ?) "
            "ON CONFLICT (subscriber) DO UPDATE SET position = excluded.position",
            name,
            position,
        )

    await store.transact(write)


async def _prune(env: Env, store: OutboxStore) -> None:
    while True:
        await env.clock.sleep(600)
        await store.prune_outbox(env.clock.now_us() - KEEP_US)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
