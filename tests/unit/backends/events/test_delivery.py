"""Delivery is at least once and in order, and one bad event stops neither its subscriber nor others.

Each test runs a feed of its own with subscribers of its own against a real store.
"""

import asyncio
import contextlib

import pytest

from volano.backends.events import local, signals
from volano.backends.events.local import LocalEventFeed
from volano.kernel.errors import Unavailable
from volano.kernel.events import Event, Subscription, event


@event("probe.happened")
class Happened(Event, frozen=True, kw_only=True):
    number: int


@event("probe.ignored")
class Ignored(Event, frozen=True, kw_only=True):
    number: int


class InstantClock:
    """Real time without waiting, so that pauses between attempts take none."""

    def __init__(self, clock):
        self.now_us, self.monotonic_s = clock.now_us, clock.monotonic_s

    async def sleep(self, seconds):
        await asyncio.sleep(0 if seconds < 60 else 3600)


@pytest.fixture
def feed_of(process, monkeypatch):
    """Start a feed with the given handlers; returns it. All are stopped at the end."""
    import dataclasses

    env = dataclasses.replace(process.env, clock=InstantClock(process.env.clock))
    tasks = []

    async def start(handlers, store=None):
        found = tuple(
            Subscription(name=name, types=(Happened,), handler=handler)
            for name, handler in handlers.items()
        )
        monkeypatch.setattr(local, "subscriptions", lambda: found)
        feed = LocalEventFeed()
        task = asyncio.create_task(feed.run(env, store or process.store))
        tasks.append(task)
        while not feed._subscribers:
            await asyncio.sleep(0)
        feed.task = task
        return feed

    yield start
    for task in tasks:
        task.cancel()


async def stop(feed):
    feed.task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await feed.task


async def publish(process, *numbers, kind=Happened):
    async def work(tx):
        for number in numbers:
            tx.publish(kind(number=number))

    await process.env.store.transact(work)


async def dead(process):
    return await process.env.store.reader.rows("SELECT subscriber, type, payload FROM event_dead")


async def test_every_subscriber_hears_its_types_in_order_once(process, feed_of):
    heard = {"a": [], "b": []}

    def hear(name):
        async def handler(env, happened):
            heard[name].append(happened.number)

        return handler

    feed = await feed_of({"a": hear("a"), "b": hear("b")})
    for start in range(0, 450, 50):
        await publish(process, *range(start, start + 50))
        await publish(process, 0, kind=Ignored)
    await feed.settle()
    assert heard == {"a": list(range(450)), "b": list(range(450))}


async def test_a_crash_between_handler_and_cursor_repeats_the_event(process, feed_of):
    heard = []

    async def crash(env, happened):
        heard.append(happened.number)
        if happened.number == 2:
            await asyncio.Event().wait()  # until the process is gone

    feed = await feed_of({"a": crash})
    await publish(process, 1, 2, 3)
    feed.wake()
    while 2 not in heard:
        await asyncio.sleep(0.01)
    await stop(feed)

    async def hear(env, happened):
        heard.append(happened.number)

    again = await feed_of({"a": hear})
    await again.settle()
    assert heard == [1, 2, 1, 2, 3]


async def test_a_poisonous_event_is_set_aside_and_the_rest_goes_on(process, feed_of):
    tries = []

    async def handler(env, happened):
        tries.append(happened.number)
        if happened.number == 2:
            raise RuntimeError("poison")

    feed = await feed_of({"a": handler})
    await publish(process, 1, 2, 3)
    await feed.settle()
    assert tries == [1, *[2] * local.MAX_ATTEMPTS, 3]
    assert await dead(process) == [("a", "probe.happened", b'{"number":2}')]


async def test_a_payload_that_no_longer_parses_is_set_aside_at_once(process, feed_of):
    heard = []

    async def handler(env, happened):
        heard.append(happened.number)

    async def old_shape(tx):
        await tx.execute(
            "INSERT INTO outbox (type, payload, created_us) VALUES (?, ?, 1)",
            "probe.happened",
            b'{"number":"many"}',
        )

    feed = await feed_of({"a": handler})
    await process.env.store.transact(old_shape)
    await publish(process, 5)
    await feed.settle()
    assert heard == [5]
    assert [row[2] for row in await dead(process)] == [b'{"number":"many"}']


async def test_a_slow_handler_does_not_hold_up_other_subscribers(process, feed_of):
    let_go, heard = asyncio.Event(), []

    async def slow(env, happened):
        await let_go.wait()

    async def quick(env, happened):
        heard.append(happened.number)

    feed = await feed_of({"slow": slow, "quick": quick})
    await publish(process, *range(5))
    feed.wake()
    while len(heard) < 5:
        await asyncio.sleep(0.01)
    assert not let_go.is_set()
    let_go.set()
    await feed.settle()


async def test_settle_waits_for_events_that_handlers_publish(process, feed_of):
    heard = []

    async def chain(env, happened):
        heard.append(happened.number)
        if happened.number < 5:
            await publish(process, happened.number + 1)

    feed = await feed_of({"chain": chain})
    await publish(process, 1)
    await feed.settle()
    assert heard == [1, 2, 3, 4, 5]


async def test_a_new_subscriber_hears_what_is_still_in_the_outbox(process, feed_of):
    async def nothing(env, happened):
        return

    feed = await feed_of({"old": nothing})
    await publish(process, 1, 2)
    await feed.settle()
    await stop(feed)
    heard = []

    async def hear(env, happened):
        heard.append(happened.number)

    again = await feed_of({"old": nothing, "new": hear})
    await publish(process, 3)
    await again.settle()
    assert heard == [1, 2, 3]


class FailingStore:
    """A store whose outbox cannot be read for a while."""

    def __init__(self, store, failures):
        self.store, self.failures, self.exclusive = store, failures, store.exclusive

    async def read_outbox(self, after, limit):
        if self.failures:
            self.failures -= 1
            raise Unavailable("away")
        return await self.store.read_outbox(after, limit)

    def __getattr__(self, name):
        return getattr(self.store, name)


async def test_delivery_goes_on_when_the_database_is_back(process, feed_of, monkeypatch):
    monkeypatch.setattr(local, "POLL_S", 0.01)
    heard = []

    async def hear(env, happened):
        heard.append(happened.number)

    await publish(process, 1, 2)
    feed = await feed_of({"a": hear}, FailingStore(process.store, 5))
    await feed.settle()
    assert heard == [1, 2]


async def test_duplicate_and_idle_wakes_change_nothing(process, feed_of):
    heard = []

    async def hear(env, happened):
        heard.append(happened.number)

    feed = await feed_of({"a": hear})
    for number in range(30):
        feed.wake()
        await publish(process, number)
        feed.wake()
        feed.wake()
    await feed.settle()
    assert heard == list(range(30))


async def test_settle_returns_when_delivery_stops(process, feed_of):
    async def stuck(env, happened):
        await asyncio.Event().wait()

    feed = await feed_of({"a": stuck})
    await publish(process, 1)
    waiting = asyncio.create_task(feed.settle())
    await asyncio.sleep(0)
    await stop(feed)
    await asyncio.wait_for(waiting, 90)


async def test_signals_reach_who_listens_now_and_a_slow_listener_is_closed(process):
    feed = process.feed
    feed.signal("t", b"before")
    first = feed.listen("t")
    waiting = asyncio.ensure_future(anext(first))
    await asyncio.sleep(0)
    feed.signal("t", b"1")
    feed.signal("other", b"no")
    assert await waiting == b"1"
    for number in range(signals.MAX_BEHIND + 5):
        feed.signal("t", b"%d" % number)
    rest = [item async for item in first]
    assert rest == [b"%d" % number for number in range(signals.MAX_BEHIND)]
    assert not feed._signals._sinks


async def test_a_listener_that_leaves_is_forgotten(process):
    feed = process.feed
    listening = feed.listen("t")
    waiting = asyncio.ensure_future(anext(listening))
    await asyncio.sleep(0)
    assert feed._signals._sinks["t"]
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    await listening.aclose()
    assert not feed._signals._sinks
