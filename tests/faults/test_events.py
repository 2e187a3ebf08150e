"""Two processes on one PostgreSQL: each event is handled once, in order, whoever dies when.

Both are wired as `volano up` wires them (their own pools, holders and feeds), in this process, so
that a seed decides when one is stopped or loses its lease.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import random
import shutil

import pytest

from volano.app.build import open_process
from volano.backends.events import local
from volano.kernel.config import Config
from volano.kernel.events import Event, Subscription, event

SEEDS = (1, 20261122, 77)


@event("probe.faulted")
class Faulted(Event, frozen=True, kw_only=True):
    number: int


@pytest.fixture
async def processes(postgres, tmp_path):
    url = await postgres.create_database_async()
    base = Config(data_dir=tmp_path / "one", store=url, runtime="process", log_level="error")
    async with open_process(base) as one:
        (tmp_path / "two").mkdir()
        shutil.copy(tmp_path / "one" / "root.key", tmp_path / "two" / "root.key")
        async with open_process(dataclasses.replace(base, data_dir=tmp_path / "two")) as two:
            yield [one, two]


async def _publish(process, *numbers):
    async def work(tx):
        for number in numbers:
            tx.publish(Faulted(number=number))

    await process.env.store.transact(work)


def _subscribe(monkeypatch, handler):
    found = (Subscription(name="probe", types=(Faulted,), handler=handler),)
    monkeypatch.setattr(local, "subscriptions", lambda: found)


async def _stop(task):
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(local, "POLL_S", 0.02)
    monkeypatch.setattr(local, "LEASE_RENEW_S", 0.02)


async def test_two_processes_deliver_each_event_once(processes, monkeypatch):
    heard = []

    async def handler(env, faulted):
        heard.append(faulted.number)

    _subscribe(monkeypatch, handler)
    tasks = [asyncio.create_task(p.feed.run(p.env, p.store)) for p in processes]
    for number in range(100):
        await _publish(processes[number % 2], number)
    while len(heard) < 100:
        await asyncio.sleep(0.01)
    await asyncio.gather(*(p.feed.settle() for p in processes))
    assert heard == list(range(100))
    for task in tasks:
        await _stop(task)


@pytest.mark.parametrize("seed", SEEDS)
async def test_stopping_either_at_any_time_loses_and_reorders_nothing(processes, monkeypatch, seed):
    print("seed", seed)
    dice = random.Random(seed)
    heard: list[int] = []

    async def handler(env, faulted):
        heard.append(faulted.number)
        await asyncio.sleep(dice.random() * 0.003)

    _subscribe(monkeypatch, handler)
    tasks = [asyncio.create_task(p.feed.run(p.env, p.store)) for p in processes]
    for number in range(120):
        await _publish(processes[number % 2], number)
        if dice.random() < 0.1:
            which = dice.randrange(2)
            await _stop(tasks[which])
            await asyncio.sleep(dice.random() * 0.02)
            process = processes[which]
            tasks[which] = asyncio.create_task(process.feed.run(process.env, process.store))
    await asyncio.wait_for(_until(lambda: 119 in heard), 120)
    await asyncio.gather(*(p.feed.settle() for p in processes))
    for task in tasks:
        await _stop(task)
    assert set(heard) == set(range(120))
    # Repeats go back to an earlier event and on from there in order: never is one skipped.
    seen = -1
    for number in heard:
        assert number <= seen + 1, (seed, heard)
        seen = max(seen, number)


async def _until(true):
    while not true():
        await asyncio.sleep(0.01)


async def _cursor_beyond(process, place):
    """The probe's place once it is written down and beyond `place`."""
    while True:
        rows = await process.env.store.reader.rows("SELECT position FROM event_cursor")
        found = tuple(map(int, rows[0][0].split(":"))) if rows else place
        if found > place:
            return found
        await asyncio.sleep(0.01)


async def test_a_process_whose_lease_was_taken_moves_no_cursor_back(processes, monkeypatch):
    one, two = processes
    begun, go_on, heard = asyncio.Event(), asyncio.Event(), []
    monkeypatch.setattr(local, "LEASE_TTL_S", 300.0)  # no slow machine gives it back

    async def handler(env, faulted):
        heard.append((env is one.env, faulted.number))
        if env is one.env and faulted.number == 0:
            begun.set()
            await go_on.wait()

    _subscribe(monkeypatch, handler)
    first = asyncio.create_task(one.feed.run(one.env, one.store))
    await _publish(one, 0, 1, 2)
    await begun.wait()

    async def steal(tx):
        await tx.execute(
            "UPDATE lease SET holder = ?, token = token + 1 WHERE name = 'events'", two.work._holder
        )

    await one.env.store.transact(steal)
    second = asyncio.create_task(two.feed.run(two.env, two.store))
    await asyncio.wait_for(_until(lambda: (False, 2) in heard), 120)
    before = await _cursor_beyond(two, (0, 0))
    await asyncio.wait_for(_until(lambda: one.feed._lease is None), 120)
    go_on.set()
    await _publish(two, 3)
    await asyncio.wait_for(_until(lambda: (False, 3) in heard), 120)
    after = await _cursor_beyond(two, before)
    await asyncio.gather(one.feed.settle(), two.feed.settle())
    assert await _cursor_beyond(two, before) >= after
    assert [number for mine, number in heard if mine] == [0]
    for task in (first, second):
        await _stop(task)


async def test_another_root_key_is_refused(processes, tmp_path):
    from volano.kernel.errors import Internal

    config = dataclasses.replace(processes[0].env.config, data_dir=tmp_path / "three")
    with pytest.raises(Internal, match=r"root\.key is missing"):
        async with open_process(config):
            pass
    (tmp_path / "three" / "root.key").write_bytes(b"k" * 32)
    with pytest.raises(Internal, match="not the key"):
        async with open_process(config):
            pass
