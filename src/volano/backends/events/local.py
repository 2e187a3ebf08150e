"""Events in one process: every subscriber reads the outbox behind its own cursor.

Delivery is at least once and in order: the cursor is saved soon after the handlers of a batch
ran, so a crash repeats the last batches. A subscriber that has caught up sleeps: one loop reads
what is new for all of them, wakes those whom it concerns and moves the others on.

A failing event is repeated with growing pauses; after `MAX_ATTEMPTS` it goes to `event_dead` and
the subscriber goes on, so that one bad event cannot stop the cloud. While the database cannot be
used nothing is given up and nothing ends: delivery waits and goes on.

Where several processes share the database, one of them holds the lease `events` and delivers. It
renews the lease while handlers run; a cursor is saved only under the lease's token, so a process
that lost it cannot move a cursor back. A stopping process lets go of the lease at once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol

import msgspec

from volano.backends.events.cursors import Cursors, LeaseLost
from volano.kernel.errors import VolanoError
from volano.kernel.events import parse_event, subscriptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from volano.kernel.call import Env
    from volano.kernel.events import Event, Subscription
    from volano.kernel.store import Tx
    from volano.kernel.work import Lease

BATCH = 200
MAX_READ_KEPT = 16
"""Batches read at different places that are shared between subscribers until the next event."""
MAX_ATTEMPTS = 12
POLL_S = 1.0
SAVE_SOON_S = 0.1
"""How long a place waits to be written down together with others."""
HELD_BACK_POLL_S = 0.02
"""Pause when an event is committed but an older transaction still runs (PostgreSQL)."""
MAX_BEHIND = 1_000
"""Signals a slow listener may lag before it is closed."""
LEASE = "events"
LEASE_TTL_S = 6.0
LEASE_RENEW_S = 2.0
PRUNE_EVERY_S = 600.0
KEEP_US = 24 * 3600 * 1_000_000


class OutboxStore(Protocol):
    """What delivery needs of a store beyond the port."""

    exclusive: bool

    async def read_outbox(self, after: str, limit: int) -> list[tuple[str, str, bytes]]: ...

    async def has_events_after(self, position: str) -> bool: ...

    async def prune_outbox(self, before_us: int, subscribers: Sequence[str]) -> int: ...


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
        self.position: str | None = None
        """Behind which event it stands; None when its cursor must be read."""
        self.wake = asyncio.Event()
        self.is_asleep = False
        """It has caught up: `_follow` moves it on, and wakes it for what concerns it."""
        self.drained = 0
        """The newest generation of `settle` that this subscriber has caught up with."""

    def rouse(self) -> None:
        self.is_asleep = False
        self.wake.set()


class LocalEventFeed:
    """Delivers committed events to this process's subscribers, and signals to its listeners."""

    def __init__(self) -> None:
        self._subscribers: list[_Subscriber] = []
        self._sinks: dict[str, dict[Callable[[bytes], None], None]] = defaultdict(dict)
        self._generation = 0
        self._delivered = 0
        self._progress = asyncio.Condition()
        self._lease: Lease | None = None
        self._cursors = Cursors()
        self._save: Callable[[], Awaitable[None]] | None = None
        self._arrived = asyncio.Event()
        self._wakes = 0
        self._read_after: dict[str, list[tuple[str, str, bytes]]] = {}
        """What was read since the last wake, by position: subscribers mostly stand at one place."""

    def wake(self) -> None:
        self._wakes += 1
        self._read_after.clear()
        self._arrived.set()
        for subscriber in self._subscribers:
            if not subscriber.is_asleep:
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
                break
        if self._save is not None:
            await self._save()

    def signal(self, topic: str, payload: bytes) -> None:
        for sink in tuple(self._sinks.get(topic, ())):
            sink(payload)

    def attach(self, topic: str, sink: Callable[[bytes], None]) -> None:
        self._sinks[topic][sink] = None

    def detach(self, topic: str, sink: Callable[[bytes], None]) -> None:
        sinks = self._sinks[topic]
        sinks.pop(sink, None)
        if not sinks:
            del self._sinks[topic]

    async def listen(self, topic: str) -> AsyncIterator[bytes]:
        listener = _Listener()
        self.attach(topic, listener.offer)
        try:
            while not listener.closed:
                await listener.ready.wait()
                listener.ready.clear()
                while listener.items:
                    yield listener.items.popleft()
        finally:
            self.detach(topic, listener.offer)

    async def run(self, env: Env, store: OutboxStore) -> None:
        """Deliver until cancelled."""
        self._subscribers = [_Subscriber(s) for s in subscriptions()]
        self._save = partial(self._save_cursors, env, store)
        try:
            async with asyncio.TaskGroup() as group:
                if not store.exclusive:
                    group.create_task(self._keep_lease(env))
                for subscriber in self._subscribers:
                    group.create_task(
                        self._deliver(env, store, subscriber), name=subscriber.subscription.name
                    )
                group.create_task(self._follow(env, store))
                group.create_task(self._keep_cursors(env, store))
                group.create_task(_prune(env, store))
        finally:
            self._subscribers, self._save = [], None
            with suppress(VolanoError):
                await self._save_cursors(env, store)
            async with self._progress:
                self._progress.notify_all()  # nobody is left to wait for
            await self._release_lease(env)

    async def _keep_lease(self, env: Env) -> None:
        while True:
            try:
                lease = await env.work.acquire_lease(LEASE, ttl_s=LEASE_TTL_S)
            except VolanoError:
                lease = None
            gained, self._lease = self._lease is None and lease is not None, lease
            if gained:
                self.wake()
            await asyncio.sleep(LEASE_RENEW_S)

    async def _release_lease(self, env: Env) -> None:
        lease, self._lease = self._lease, None
        if lease is not None:
            with suppress(VolanoError):
                await env.work.release_lease(lease)

    def _may_deliver(self, env: Env, store: OutboxStore) -> bool:
        if store.exclusive:
            return True
        return self._lease is not None and self._lease.expires_us > env.clock.now_us()

    async def _keep_cursors(self, env: Env, store: OutboxStore) -> None:
        """Write places down soon after they changed, those of all subscribers together."""
        while True:
            await self._cursors.wait_changed()
            await asyncio.sleep(SAVE_SOON_S)
            try:
                await self._save_cursors(env, store)
            except VolanoError as error:
                env.log.warning("places in the events are not saved", error=error.message)
                await asyncio.sleep(POLL_S)

    async def _save_cursors(self, env: Env, store: OutboxStore) -> None:
        try:
            await self._cursors.save(env.store, self._lease, exclusive=store.exclusive)
        except LeaseLost:
            self._rouse_all()

    def _rouse_all(self) -> None:
        """Let every subscriber read its cursor again."""
        for subscriber in self._subscribers:
            subscriber.position = None
            subscriber.rouse()

    async def _follow(self, env: Env, store: OutboxStore) -> None:
        """Look out for events in the name of all subscribers that have caught up."""
        while True:
            await _wait(self._arrived, POLL_S)
            self._arrived.clear()
            try:
                if self._may_deliver(env, store):
                    while await self._move_sleepers(store):
                        pass
                elif any(subscriber.is_asleep for subscriber in self._subscribers):
                    self._rouse_all()
            except VolanoError as error:
                env.log.warning("events are waiting", subscriber="all", error=error.message)
                await asyncio.sleep(POLL_S)

    async def _move_sleepers(self, store: OutboxStore) -> bool:
        """Read behind the places of the sleeping, wake whom it concerns; whether to look again."""
        generation, again = self._generation, False
        places = {s.position for s in self._subscribers if s.is_asleep and s.position is not None}
        for place in places:
            batch = await self._read(store, place)
            held_back = not batch and await self._is_held_back(store, place)
            types = {type_name for _, type_name, _ in batch}
            for subscriber in self._subscribers:
                if not subscriber.is_asleep or subscriber.position != place:
                    continue
                if subscriber.names & types:
                    subscriber.rouse()
                elif batch:
                    subscriber.position = batch[-1][0]
                    self._cursors.note_passed(subscriber.subscription.name, batch[-1][0])
                elif not held_back:
                    subscriber.drained = generation
            if held_back:
                await asyncio.sleep(HELD_BACK_POLL_S)
            again = again or bool(batch) or held_back
        async with self._progress:
            self._progress.notify_all()
        return again

    async def _is_held_back(self, store: OutboxStore, position: str) -> bool:
        """Whether there is an event that cannot be read yet (see backends/store/postgres.py)."""
        return not store.exclusive and await store.has_events_after(position)

    async def _deliver(self, env: Env, store: OutboxStore, subscriber: _Subscriber) -> None:
        """Handle one batch after the other; a database that is away only makes it wait."""
        while True:
            generation, wakes = self._generation, self._wakes
            subscriber.wake.clear()
            pause_s = POLL_S
            try:
                position = subscriber.position
                if position is None or not self._may_deliver(env, store):
                    position = await self._cursors.load(env.store, subscriber.subscription.name)
                batch: list[tuple[str, str, bytes]] = []
                if self._may_deliver(env, store):
                    batch = await self._read(store, position)
                if batch:
                    await self._handle_batch(env, store, subscriber, batch)
                    continue
                if await self._is_held_back(store, position):
                    pause_s = HELD_BACK_POLL_S if self._may_deliver(env, store) else POLL_S
                elif self._may_deliver(env, store):
                    if wakes != self._wakes:
                        continue  # something was committed while we looked
                    subscriber.position, subscriber.is_asleep = position, True
                    await self._drained(subscriber, generation)
                    await subscriber.wake.wait()
                    continue
                else:
                    await self._drained(subscriber, generation)
            except LeaseLost:
                subscriber.position = None
            except VolanoError as error:
                env.log.warning(
                    "events are waiting",
                    subscriber=subscriber.subscription.name,
                    error=error.message,
                )
                subscriber.position = None
            await _wait(subscriber.wake, pause_s)

    async def _read(self, store: OutboxStore, position: str) -> list[tuple[str, str, bytes]]:
        if not store.exclusive:  # others commit without waking us
            return await store.read_outbox(position, BATCH)
        known = self._read_after.get(position)
        if known is None:
            wakes = self._wakes
            known = await store.read_outbox(position, BATCH)
            if len(self._read_after) >= MAX_READ_KEPT:
                self._read_after.clear()
            if wakes == self._wakes:
                self._read_after[position] = known
        return known

    async def _drained(self, subscriber: _Subscriber, generation: int) -> None:
        subscriber.drained = generation
        async with self._progress:
            self._progress.notify_all()

    async def _handle_batch(
        self,
        env: Env,
        store: OutboxStore,
        subscriber: _Subscriber,
        batch: list[tuple[str, str, bytes]],
    ) -> None:
        concerned = False
        for position, type_name, payload in batch:
            if type_name in subscriber.names:
                concerned = True
                if not self._may_deliver(env, store):
                    raise LeaseLost
                await _handle(env, subscriber.subscription, position, type_name, payload)
                self._delivered += 1  # not before: `settle` looks again at what this published
        subscriber.position = batch[-1][0]
        note = self._cursors.note if concerned else self._cursors.note_passed
        note(subscriber.subscription.name, subscriber.position)


async def _handle(
    env: Env, subscription: Subscription, position: str, type_name: str, payload: bytes
) -> None:
    """Run the handler until it succeeds or has failed for good."""
    try:
        event = parse_event(type_name, payload)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        await _bury(env, subscription.name, position, type_name, payload, repr(error))
        return
    if event is None:
        return
    failure = ""
    for attempt in range(MAX_ATTEMPTS):
        failure = await _try(env, subscription, event, attempt)
        if not failure:
            return
        if attempt + 1 < MAX_ATTEMPTS:
            await env.clock.sleep(min(0.05 * 2**attempt, 30.0))
    await _bury(env, subscription.name, position, type_name, payload, failure)


async def _try(env: Env, subscription: Subscription, event: Event, attempt: int) -> str:
    """Run the handler once; what went wrong, or ''."""
    try:
        await subscription.handler(env, event)
    except Exception as error:  # noqa: BLE001 - work loop: log, wait, repeat
        env.log.warning(
            "event handler failed",
            subscriber=subscription.name,
            type=event.type_name,
            attempt=attempt + 1,
            error=repr(error),
        )
        env.metrics.count("volano_event_failures_total", (("subscriber", subscription.name),))
        return repr(error)
    return ""


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


async def _prune(env: Env, store: OutboxStore) -> None:
    names = [item.name for item in subscriptions()]
    while True:
        await env.clock.sleep(PRUNE_EVERY_S)
        try:
            await store.prune_outbox(env.clock.now_us() - KEEP_US, names)
        except VolanoError as error:
            env.log.warning("old events are not removed", error=error.message)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
