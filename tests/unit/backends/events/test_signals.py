"""One contract of signals: within a process, and between processes over PostgreSQL and over NATS.

Two feeds stand for two processes, with relays of their own over a real server; the one that dies
is a real process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from tests.conftest import ROOT
from tests.nats import Nats

from volano.backends.events import local, relay, signals
from volano.backends.events.local import LocalEventFeed
from volano.backends.events.nats import NatsCarrier
from volano.backends.events.postgres import PostgresCarrier
from volano.backends.events.relay import SENDER_BYTES, Relay
from volano.kernel.clock import SystemClock
from volano.kernel.errors import Unavailable
from volano.kernel.log import StreamLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

LONG_S = 90
ENV = SimpleNamespace(log=StreamLog(SystemClock(), level="error"))


async def until(reached: Callable[[], object]) -> None:
    async with asyncio.timeout(LONG_S):
        while not reached():
            await asyncio.sleep(0.01)


class Called:
    """The function `probe.called` of each feed, by the order in which they were told to run."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.error: Exception | None = None

    async def run(self, env: object, payload: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.payloads.append(payload)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Called:
    found = Called()
    monkeypatch.setattr(local, "relayed_functions", lambda: {"probe.called": found.run})
    return found


class Within:
    """One feed, which tells itself."""

    async def feeds(self) -> tuple[LocalEventFeed, LocalEventFeed]:
        feed = LocalEventFeed()
        return feed, feed


class Between:
    """Feeds of several processes, which know each other."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[None]] = []
        self.relays: list[Relay] = []

    def carrier(self) -> relay.Carrier:
        raise NotImplementedError

    def source(self) -> str:
        """Python that makes a carrier."""
        raise NotImplementedError

    def kill(self) -> None:
        raise NotImplementedError

    def start(self) -> None:
        raise NotImplementedError

    def join(self) -> LocalEventFeed:
        feed = LocalEventFeed()
        self.relays.append(Relay(self.carrier(), os.urandom(SENDER_BYTES), ENV.log))
        feed.share(self.relays[-1])
        self.tasks.append(asyncio.create_task(feed.hear_others(ENV)))
        return feed

    async def feeds(self) -> tuple[LocalEventFeed, LocalEventFeed]:
        one, two = self.join(), self.join()
        await self.meet(one, two)
        await self.meet(two, one)
        return one, two

    async def meet(self, one: LocalEventFeed, two: LocalEventFeed) -> None:
        """Return when `two` hears what `one` says."""
        heard: list[bytes] = []
        two.attach("meet", heard.append)
        async with asyncio.timeout(LONG_S):
            while not heard:
                one.signal("meet", os.urandom(8))
                await asyncio.sleep(0.05)
        two.detach("meet", heard.append)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class OverPostgres(Between):
    def __init__(self, url: str, execute: Callable[[str], object]) -> None:
        super().__init__()
        self.url = url
        self.execute = execute

    def carrier(self) -> PostgresCarrier:
        return PostgresCarrier(self.url)

    def source(self) -> str:
        return f"from volano.backends.events.postgres import *; C = PostgresCarrier({self.url!r})"

    def kill(self) -> None:
        """What a client sees of a server that restarts."""
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{self.url.partition('@/')[2].partition('?')[0]}'"
        )

    def start(self) -> None:
        """It never went away."""


class OverNats(Between):
    def __init__(self) -> None:
        super().__init__()
        self.server = Nats()

    def carrier(self) -> NatsCarrier:
        return NatsCarrier([self.server.url], "probe.signals")

    def source(self) -> str:
        url = self.server.url
        return f"from volano.backends.events.nats import *; C = NatsCarrier([{url!r}], 'probe.signals')"

    def kill(self) -> None:
        self.server.kill()

    def start(self) -> None:
        self.server.start()


@pytest.fixture
async def over(request: pytest.FixtureRequest, called: Called) -> AsyncIterator[object]:
    if request.param == "local":
        yield Within()
        return
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        url = await server.create_database_async()

        def execute(sql: str) -> None:
            background.append(asyncio.ensure_future(server._execute(sql)))

        background: list[asyncio.Future[None]] = []
        line: Between = OverPostgres(url, execute)
    else:
        line = OverNats()
    yield line
    await line.close()
    if isinstance(line, OverNats):
        line.server.kill()


everywhere = pytest.mark.parametrize("over", ["local", "postgres", "nats"], indirect=True)
between = pytest.mark.parametrize("over", ["postgres", "nats"], indirect=True)


@everywhere
async def test_a_topic_is_heard_in_order_whatever_it_carries(over):
    one, two = await over.feeds()
    heard, others = [], []
    two.attach("t", heard.append)
    two.attach("other", others.append)
    sent = [b"%d:" % number + os.urandom(number * 37 % 5000) for number in range(300)]
    sent[100] = b"\x00large" + os.urandom(300_000)
    for payload in sent:
        one.signal("t", payload)
        one.signal("other", b"x" + payload[:4])
    await until(lambda: len(heard) + len(others) >= 600)
    assert heard == sent
    assert len(others) == 300


@everywhere
async def test_own_listeners_hear_at_once_and_once(over):
    one, two = await over.feeds()
    heard = []
    one.attach("t", heard.append)
    one.signal("t", b"1")
    assert heard == [b"1"]
    one.signal_here(["t", "nobody's"], b"2")
    assert heard == [b"1", b"2"]
    two.signal("t", b"3")
    await until(lambda: b"3" in heard)
    assert heard == [b"1", b"2", b"3"]


@everywhere
async def test_a_listener_that_is_too_far_behind_is_closed(over):
    one, two = await over.feeds()
    listening = two.listen("t")
    first = asyncio.ensure_future(anext(listening))
    await asyncio.sleep(0)
    last = []
    two.attach("t", last.append)
    for number in range(signals.MAX_BEHIND + 6):
        one.signal("t", b"%d" % number)
    await until(lambda: len(last) == signals.MAX_BEHIND + 6)
    heard = [await first, *[item async for item in listening]]
    assert heard == [b"%d" % number for number in range(len(heard))]
    assert len(heard) <= signals.MAX_BEHIND + 6


@everywhere
async def test_who_left_hears_nothing_more(over):
    one, two = await over.feeds()
    left, stayed = [], []
    two.attach("t", left.append)
    two.attach("t", stayed.append)
    one.signal("t", b"1")
    await until(lambda: stayed == [b"1"])
    two.detach("t", left.append)
    one.signal("t", b"2")
    await until(lambda: stayed == [b"1", b"2"])
    assert left == [b"1"]


@between
async def test_other_processes_run_what_they_are_called_for_in_order(over, called):
    one, two = await over.feeds()
    for number in range(50):
        one.relay("probe.called", number)
        one.relay("probe.unknown", "")
    await until(lambda: len(called.payloads) >= 50)
    await over.meet(two, one)
    assert called.payloads == [b"%d" % number for number in range(50)], "the other one, and only it"
    called.error = Unavailable("The database is away.")
    one.relay("probe.called", "failing")
    await until(lambda: two.losses)
    called.error = None
    one.relay("probe.called", "after")
    await until(lambda: called.payloads[-1] == b'"after"')


@between
async def test_a_commit_here_wakes_the_process_that_delivers(over):
    one, two = await over.feeds()
    before = two._wakes
    one.wake()
    await until(lambda: two._wakes > before)


@between
async def test_what_a_broken_line_lost_is_told_and_the_rest_comes_in_order(over):
    one, two = await over.feeds()
    heard, lost = [], []
    two.attach("t", lambda payload: heard.append(int(payload)), lambda: lost.append(len(heard)))
    listening = two.listen("t")
    closed = asyncio.ensure_future(_count(listening))
    await asyncio.sleep(0)
    number = 0

    def say() -> int:
        nonlocal number
        number += 1
        one.signal("t", b"%d" % number)
        return number

    for _ in range(20):
        say()
    over.kill()
    for _ in range(20):
        say()
        await asyncio.sleep(0.01)
    over.start()
    async with asyncio.timeout(LONG_S):
        while not await _comes(say(), heard):
            pass
    assert heard == sorted(set(heard))
    if len(heard) < number:
        assert lost, "a hole is told of"
        assert await closed >= 0
    closed.cancel()


async def _comes(number: int, heard: list[int]) -> bool:
    """Whether it is heard within a second."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            while number not in heard:
                await asyncio.sleep(0.01)
    return number in heard


async def _count(listening: AsyncIterator[bytes]) -> int:
    return len([item async for item in listening])


@between
async def test_a_process_that_stops_says_goodbye(over):
    feed, stopping = await _hear_another(over)
    before = feed.losses
    stopping.send_signal(signal.SIGTERM)
    await stopping.wait()
    await until(lambda: not over.relays[0].peers)
    assert feed.losses == before


@between
async def test_a_process_that_is_killed_is_missed(over, monkeypatch):
    monkeypatch.setattr(relay, "BEAT_S", 0.5)
    feed, dying = await _hear_another(over)
    monkeypatch.setattr(relay, "SILENT_S", 5.0)
    before = feed.losses
    dying.send_signal(signal.SIGKILL)
    await dying.wait()
    await until(lambda: feed.losses > before)
    await over.meet(over.join(), feed)


async def _hear_another(over: Between) -> tuple[LocalEventFeed, asyncio.subprocess.Process]:
    """A feed that hears a process which says something ten times a second."""
    feed, heard = over.join(), []
    feed.attach("t", heard.append)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    text = SPEAK.format(source=over.source())
    speaking = await asyncio.create_subprocess_exec(sys.executable, "-c", text, env=environment)
    await until(lambda: heard)
    return feed, speaking


SPEAK = """
import asyncio, os, signal
from volano.backends.events.relay import *
from volano.kernel.clock import SystemClock
from volano.kernel.log import StreamLog
{source}
async def main():
    made = Relay(C, os.urandom(16), StreamLog(SystemClock()))
    running = asyncio.ensure_future(made.run(lambda *heard: None, lambda: None))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    while not running.done():
        made.send(Kind.SIGNAL, "t", b"here")
        await asyncio.sleep(0.1)
asyncio.run(main())
"""


@between
async def test_a_process_alone_keeps_silent_and_who_comes_later_hears_of_it(over, monkeypatch):
    monkeypatch.setattr(relay, "SILENT_S", 0.0)
    alone = Relay(over.carrier(), os.urandom(SENDER_BYTES), ENV.log)
    await asyncio.sleep(0.01)
    alone.send(relay.Kind.SIGNAL, "t", b"to nobody")
    assert not alone._waiting
    monkeypatch.setattr(relay, "SILENT_S", 20.0)
    feed = over.join()
    await until(lambda: over.relays[0]._number)  # it listens now
    task = asyncio.create_task(alone.run(lambda *heard: None, lambda: None))
    over.tasks.append(task)
    await until(lambda: feed.losses)


@between
async def test_more_than_can_wait_is_lost_and_told(over, monkeypatch):
    one, two = await over.feeds()
    monkeypatch.setattr(relay, "MAX_WAITING_BYTES", 100_000)
    before = two.losses
    for _ in range(30):
        one.signal("t", bytes(20_000))
    await until(lambda: two.losses > before)
    await over.meet(one, two)
