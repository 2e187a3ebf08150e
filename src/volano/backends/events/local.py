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

Signals reach this process's listeners at once, and those of other processes through a relay
(relay.py), which also wakes the process that delivers.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol

import msgspec

from volano.backends.events.cursors import Cursors, LeaseLost
from volano.backends.events.relay import Kind
from volano.backends.events.signals import Signals
from volano.kernel.errors import VolanoError
from volano.kernel.events import parse_event, relayed_functions, subscriptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from volano.backends.events.relay import Relay
    from volano.kernel.call import Env
    from volano.kernel.events import Event, Relayed, Subscription
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
MAX_CALLS = 10_000
"""What waits for one function that other processes call, before it counts as lost."""
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
        self._signals = Signals()
        self._relay: Relay | None = None
        self._calls: dict[str, asyncio.Queue[bytes]] = {}
        self._losses = 0
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

    def share(self, relay: Relay) -> None:
        """Other processes have the same database and are reached through `relay`."""
        self._relay = relay

    def wake(self) -> None:
        self._wake_here()
        if self._relay is not None and self._lease is None:
            self._relay.send(Kind.WAKE, "", b"")

    def _wake_here(self) -> None:
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
            self._wake_here()
            async with self._progress:
                while any(subscriber.drained < goal for subscriber in self._subscribers):
                    await self._progress.wait()
            if self._delivered == before:
                break
        if self._save is not None:
            await self._save()

    @property
    def losses(self) -> int:
        return self._losses

    def signal(self, topic: str, payload: bytes) -> None:
        self._signals.tell(topic, payload)
        if self._relay is not None:
            self._relay.send(Kind.SIGNAL, topic, payload)

    def signal_here(self, topics: Iterable[str], payload: bytes) -> None:
        self._signals.tell_each(topics, payload)

    def relay(self, name: str, message: object) -> None:
        if self._relay is not None:
            self._relay.send(Kind.CALL, name, msgspec.json.encode(message))

    def attach(
        self,
        topic: str,
        sink: Callable[[bytes], None],
        lost: Callable[[], None] | None = None,
    ) -> None:
        self._signals.attach(topic, sink, lost)

    def detach(self, topic: str, sink: Callable[[bytes], None]) -> None:
        self._signals.detach(topic, sink)

    def listen(self, topic: str) -> AsyncIterator[bytes]:
        return self._signals.listen(topic)

    def _hear(self, kind: Kind, topic: str, payload: bytes) -> None:
        """Another process sent this."""
        if kind is Kind.WAKE:
            self._wake_here()
        elif kind is Kind.SIGNAL:
            self._signals.tell(topic, payload)
        elif topic in self._calls:
            try:
                self._calls[topic].put_nowait(payload)
            except asyncio.QueueFull:
                self._lose()

    def _lose(self) -> None:
        """Something of another process did not come."""
        self._losses += 1
        self._signals.lose()

    async def hear_others(self, env: Env) -> None:
        """Hear the other processes and tell them, until cancelled; part of `run`."""
        if self._relay is None:
            return
        functions = relayed_functions()
        self._calls = {name: asyncio.Queue(MAX_CALLS) for name in functions}
        async with asyncio.TaskGroup() as group:
            for name, function in functions.items():
                group.create_task(self._answer_calls(env, function, self._calls[name]))
            group.create_task(self._relay.run(self._hear, self._lose))

    async def _answer_calls(self, env: Env, function: Relayed, calls: asyncio.Queue[bytes]) -> None:
        while True:
            payload = await calls.get()
            try:
                await function(env, payload)
            except (VolanoError, msgspec.MsgspecError) as error:
                env.log.warning("a signal of another process failed", error=repr(error))
                self._lose()

    async def run(self, env: Env, store: OutboxStore) -> None:
        """Deliver until cancelled."""
        self._subscribers = [_Subscriber(s) for s in subscriptions()]
        self._save = partial(self._save_cursors, env, store)
        try:
            async with asyncio.TaskGroup() as group:
                if not store.exclusive:
                    group.create_task(self._keep_lease(env))
                group.create_task(self.hear_others(env))
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
                self._wake_here()
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
