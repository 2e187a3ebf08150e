"""Reconcilers never overlap, wakes join, leases fence, jobs end and are found again."""

import asyncio
import contextlib

import pytest

from volano.backends.work import local
from volano.backends.work.local import LocalWork
from volano.kernel.errors import (
    Conflict,
    DeadlineExceeded,
    Invalid,
    NotFound,
    QuotaExceeded,
    Unavailable,
)
from volano.kernel.work import Reconciler


@pytest.fixture
async def work_of(process, monkeypatch):
    """Start a LocalWork with the given reconcilers and job kinds; stopped at the end."""
    tasks = []

    async def start(reconcilers=(), kinds=None, store=None):
        monkeypatch.setattr(local, "reconcilers", lambda: tuple(reconcilers))
        monkeypatch.setattr(local, "find_job_kind", (kinds or {}).get)
        env = process.env
        made = LocalWork(store or env.store, env.clock, env.ids, exclusive=process.store.exclusive)
        made.task = asyncio.create_task(made.run(env))
        tasks.append(made.task)
        await asyncio.sleep(0)
        return made

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def stop(work):
    work.task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work.task


async def test_a_reconciler_never_overlaps_itself_and_wakes_join(work_of):
    runs, running, let_go = 0, 0, asyncio.Event()

    async def run(env):
        nonlocal runs, running
        assert running == 0
        running += 1
        runs += 1
        await let_go.wait()
        running -= 1

    work = await work_of([Reconciler(name="r", every_s=3600, run=run)])
    while runs < 1:
        await asyncio.sleep(0)
    for _ in range(20):
        work.wake("r")
        await asyncio.sleep(0)
    assert runs == 1
    let_go.set()
    for _ in range(50):
        await asyncio.sleep(0)
    assert runs == 2
    work.wake("nobody is called this")


async def test_a_failing_reconciler_is_run_again_and_spares_others(work_of, monkeypatch):
    monkeypatch.setattr(local, "RETRY_S", 0.01)
    runs = []

    async def bad(env):
        runs.append("bad")
        raise RuntimeError("broken")

    async def good(env):
        runs.append("good")

    await work_of(
        [
            Reconciler(name="bad", every_s=0.01, run=bad),
            Reconciler(name="good", every_s=0.01, run=good),
        ]
    )
    while runs.count("bad") < 3 or runs.count("good") < 3:
        await asyncio.sleep(0.01)


async def test_a_lease_has_one_holder_and_a_growing_token(process):
    env = process.env
    one, two = (LocalWork(env.store, env.clock, env.ids) for _ in range(2))
    first = await one.acquire_lease("l", ttl_s=60)
    assert first.token == 1
    assert await two.acquire_lease("l", ttl_s=60) is None
    renewed = await one.acquire_lease("l", ttl_s=60)
    assert renewed.token == 1
    assert renewed.expires_us >= first.expires_us
    await one.release_lease(renewed)
    second = await two.acquire_lease("l", ttl_s=60)
    assert second.token == 2
    await one.release_lease(renewed)  # an old token releases nothing
    assert await one.acquire_lease("l", ttl_s=60) is None


async def test_of_many_who_want_a_lease_at_once_one_gets_it(process):
    env = process.env
    works = [LocalWork(env.store, env.clock, env.ids) for _ in range(12)]
    got = await asyncio.gather(*(w.acquire_lease("l", ttl_s=60) for w in works))
    assert sum(lease is not None for lease in got) == 1


async def test_a_job_is_done_once_per_key_with_progress_and_a_result(work_of):
    let_go, runs = asyncio.Event(), []

    async def run(env, context, payload):
        runs.append(payload)
        await context.progress(0.5, "half way")
        await let_go.wait()
        return '{"made": 1}'

    work = await work_of(kinds={"k": run})
    first = await work.submit("k", key="same", account="1", payload='{"n": 1}')
    again = await work.submit("k", key="same", account="1", payload='{"n": 2}')
    assert first.id == again.id
    while (await work.get_job(first.id)).text != "half way":
        await asyncio.sleep(0.01)
    assert (await work.get_job(first.id)).fraction == 0.5
    let_go.set()
    done = await work.wait_job(first.id, timeout_s=10)
    assert (done.state, done.result, done.fraction) == ("done", '{"made": 1}', 1.0)
    assert runs == ['{"n": 1}']
    assert [job.id for job in await work.list_jobs("1")] == [first.id]
    assert await work.list_jobs("2") == []
    later = await work.submit("k", key="same", account="1")
    assert later.id != first.id


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Conflict("the disk is in use"), "the disk is in use"),
        (RuntimeError("secret detail"), "An internal error happened; see the log."),
    ],
)
async def test_a_failed_job_says_why_without_internals(work_of, error, text):
    async def run(env, context, payload):
        raise error

    work = await work_of(kinds={"k": run})
    job = await work.submit("k", key="a", account="1")
    failed = await work.wait_job(job.id, timeout_s=10)
    assert (failed.state, failed.result) == ("failed", text)


async def test_a_job_cut_short_by_a_stop_is_run_again(work_of):
    runs, stuck = [], asyncio.Event()

    async def run(env, context, payload):
        runs.append(payload)
        if len(runs) == 1:
            stuck.set()
            await asyncio.Event().wait()
        return "{}"

    work = await work_of(kinds={"k": run})
    job = await work.submit("k", key="a", account="1", payload='{"x": 1}')
    await stuck.wait()
    await stop(work)
    assert (await work.get_job(job.id)).state == "running"
    again = await work_of(kinds={"k": run})
    assert (await again.wait_job(job.id, timeout_s=10)).state == "done"
    assert runs == ['{"x": 1}'] * 2


async def test_a_job_submitted_before_the_loops_run_is_picked_up(process, work_of):
    async def run(env, context, payload):
        return "{}"

    env = process.env
    early = LocalWork(env.store, env.clock, env.ids)
    with pytest.raises(Invalid):
        await early.submit("no such kind", key="a", account="1")
    work = await work_of(kinds={"k": run})
    await stop(work)
    job = await work.submit("k", key="a", account="1")
    again = await work_of(kinds={"k": run})
    assert (await again.wait_job(job.id, timeout_s=10)).state == "done"


async def test_two_processes_run_a_job_once(process, work_of, monkeypatch):
    monkeypatch.setattr(local, "ORPHANS_EVERY_S", 0.01)
    runs, let_go = [], asyncio.Event()

    async def run(env, context, payload):
        runs.append(1)
        await let_go.wait()
        return "{}"

    if process.store.exclusive:
        return  # a SQLite folder has one process
    one = await work_of(kinds={"k": run})
    await work_of(kinds={"k": run})
    job = await one.submit("k", key="a", account="1")
    while not runs:
        await asyncio.sleep(0.01)
    for _ in range(30):
        await asyncio.sleep(0.01)
    let_go.set()
    assert (await one.wait_job(job.id, timeout_s=10)).state == "done"
    assert len(runs) == 1
    while await process.env.store.reader.rows("SELECT 1 FROM lease WHERE name LIKE 'job:%'"):
        await asyncio.sleep(0.01)


class FailingStore:
    """A store that cannot be written while `away`."""

    def __init__(self, store):
        self.store, self.reader, self.away = store, store.reader, False

    async def transact(self, work):
        if self.away:
            raise Unavailable("away")
        return await self.store.transact(work)


async def test_the_end_of_a_job_is_written_when_the_database_is_back(process, work_of, monkeypatch):
    monkeypatch.setattr(local, "RETRY_S", 0.01)
    store = FailingStore(process.env.store)

    async def run(env, context, payload):
        store.away = True
        return '{"kept": true}'

    work = await work_of(kinds={"k": run}, store=store)
    job = await work.submit("k", key="a", account="1")
    while not store.away:
        await asyncio.sleep(0.01)
    for _ in range(10):
        await asyncio.sleep(0.01)
    assert (await work.get_job(job.id)).state == "running"
    store.away = False
    assert (await work.wait_job(job.id, timeout_s=10)).result == '{"kept": true}'


async def test_an_account_cannot_queue_jobs_without_end(work_of, monkeypatch):
    monkeypatch.setattr(local, "MAX_WAITING_JOBS", 3)

    async def run(env, context, payload):
        await asyncio.Event().wait()

    work = await work_of(kinds={"k": run})
    for number in range(3):
        await work.submit("k", key=f"{number}", account="1")
    with pytest.raises(QuotaExceeded):
        await work.submit("k", key="more", account="1")
    await work.submit("k", key="0", account="1")
    await work.submit("k", key="theirs", account="2")


async def test_waiting_for_a_job_ends_in_time_and_unknown_jobs_are_not_found(work_of):
    async def run(env, context, payload):
        await asyncio.Event().wait()

    work = await work_of(kinds={"k": run})
    job = await work.submit("k", key="a", account="1")
    with pytest.raises(DeadlineExceeded):
        await work.wait_job(job.id, timeout_s=0.05)
    with pytest.raises(NotFound):
        await work.get_job("job-none")
