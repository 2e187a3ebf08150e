"""Work in one process: a task per reconciler, a task per job, leases as rows.

Jobs found queued or running at start are run again: their functions repeat safely. Progress is
written at most four times a second. On a shared database a running job has a lease, which its
process renews; a job whose lease ran out (its process died) is taken over by another process. What
a job did is written again and again until the database takes it.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from volano.kernel.errors import DeadlineExceeded, Invalid, NotFound, QuotaExceeded, VolanoError
from volano.kernel.events import woken_by
from volano.kernel.work import Job, Lease, find_job_kind, reconcilers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Env
    from volano.kernel.clock import Clock
    from volano.kernel.ids import Ids
    from volano.kernel.store import Row, Store, Tx
    from volano.kernel.work import Reconciler

PROGRESS_EVERY_S = 0.25
MAX_ACTIVE_JOBS = 16
MAX_WAITING_JOBS = 100
"""Queued and running jobs of one account; more are refused."""
JOB_LEASE_S = 20.0
ORPHANS_EVERY_S = 10.0
"""How often to look for jobs that nobody runs: their process died, or they could not begin."""
WAIT_POLL_S = 1.0
"""How often who waits for a job reads its row: another process may be running it."""
RETRY_S = 1.0
KEEP_JOBS_US = 30 * 24 * 3600 * 1_000_000
MAX_RESUMED = 1000
_COLUMNS = "id, kind, key, account, state, fraction, text, result, created_us, updated_us"


class LocalWork:
    """Runs reconcilers and jobs of this process."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, *, exclusive: bool = True) -> None:
        """`exclusive` says that no other process shares the database."""
        self._store = store
        self._exclusive = exclusive
        self._clock = clock
        self._holder = ids.uuid()
        self._ids = ids
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Condition()
        self._env: Env | None = None
        self._slots = asyncio.Semaphore(MAX_ACTIVE_JOBS)

    def wake(self, reconciler_name: str) -> None:
        if self._env is not None:  # in every process: one of them holds the reconciler's lease
            self._env.events.signal(_topic_of(reconciler_name), b"")

    async def run(self, env: Env) -> None:
        """Run reconcilers and left-over jobs until cancelled."""
        self._env = env
        try:
            async with asyncio.TaskGroup() as group:
                for item in reconcilers():
                    group.create_task(self._repeat(env, item), name=item.name)
                group.create_task(self._resume_jobs(env))
        finally:
            self._env = None
            tasks = list(self._jobs.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _repeat(self, env: Env, item: Reconciler) -> None:
        with woken_by(env.events, _topic_of(item.name)) as wake:
            await self._repeat_when(env, item, wake)

    async def _repeat_when(self, env: Env, item: Reconciler, wake: asyncio.Event) -> None:
        while True:
            wake.clear()
            try:
                await item.run(env)
            except Exception as error:  # noqa: BLE001 - work loop: log and go on
                env.log.warning("reconciler failed", reconciler=item.name, error=repr(error))
                env.metrics.count("volano_reconcile_failures_total", (("name", item.name),))
                await asyncio.sleep(min(item.every_s, RETRY_S))
            try:
                async with asyncio.timeout(item.every_s):
                    await wake.wait()
            except TimeoutError:
                continue

    async def acquire_lease(self, name: str, *, ttl_s: float) -> Lease | None:
        now = self._clock.now_us()
        expires = now + int(ttl_s * 1e6)

        async def write(tx: Tx) -> Lease | None:
            row = await tx.row("SELECT holder, token, expires_us FROM lease WHERE name = ?", name)
            if row is None:
                await tx.execute(
                    "INSERT INTO lease (name, holder, token, expires_us) VALUES (?, ?, 1, ?)",
                    name,
                    self._holder,
                    expires,
                )
                return Lease(name=name, token=1, expires_us=expires)
            holder, token, held_until = row
            if holder != self._holder and held_until > now:
                return None
            token += 0 if holder == self._holder else 1
            await tx.execute(
                "UPDATE lease SET holder = ?, token = ?, expires_us = ? WHERE name = ?",
                self._holder,
                token,
                expires,
                name,
            )
            return Lease(name=name, token=token, expires_us=expires)

        return await self._store.transact(write)

    async def release_lease(self, lease: Lease) -> None:
        async def write(tx: Tx) -> None:
            await tx.execute(
                "UPDATE lease SET expires_us = 0 WHERE name = ? AND holder = ? AND token = ?",
                lease.name,
                self._holder,
                lease.token,
            )

        await self._store.transact(write)

    async def submit(self, kind: str, *, key: str, account: str, payload: str = "{}") -> Job:
        if find_job_kind(kind) is None:
            raise Invalid(f"There is no job kind {kind}.")
        now = self._clock.now_us()
        job_id = "job-" + self._ids.hex(17)

        async def write(tx: Tx) -> tuple[Job, bool]:
            row = await tx.row(
                f"SELECT {_COLUMNS} FROM job WHERE kind = ? AND key = ? "
                "AND state IN ('queued', 'running') LIMIT 1",
                kind,
                key,
            )
            if row is not None:
                return _to_job(row), False
            waiting = await tx.row(
                "SELECT count(*) FROM job WHERE account = ? AND state IN ('queued', 'running')",
                account,
            )
            if waiting is not None and waiting[0] >= MAX_WAITING_JOBS:
                raise QuotaExceeded(f"{MAX_WAITING_JOBS} jobs are waiting; let some end first.")
            await tx.execute(
                "INSERT INTO job (id, kind, key, account, state, fraction, text, payload, result, "
                "created_us, updated_us) VALUES (?, ?, ?, ?, 'queued', 0.0, '', ?, '', ?, ?)",
                job_id,
                kind,
                key,
                account,
                payload,
                now,
                now,
            )
            fresh = await tx.row(f"SELECT {_COLUMNS} FROM job WHERE id = ?", job_id)
            assert fresh is not None
            return _to_job(fresh), True

        job, created = await self._store.transact(write)
        if created:
            self._start(job, payload)
        return job

    async def get_job(self, job_id: str) -> Job:
        row = await self._store.reader.row(f"SELECT {_COLUMNS} FROM job WHERE id = ?", job_id)
        if row is None:
            raise NotFound(f"There is no job {job_id}.")
        return _to_job(row)

    async def list_jobs(self, account: str, *, limit: int = 100) -> list[Job]:
        rows = await self._store.reader.rows(
            f"SELECT {_COLUMNS} FROM job WHERE account = ? ORDER BY created_us DESC, id LIMIT ?",
            account,
            min(limit, 1000),
        )
        return [_to_job(row) for row in rows]

    async def wait_job(self, job_id: str, *, timeout_s: float) -> Job:
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    job = await self.get_job(job_id)
                    if job.state in ("done", "failed"):
                        return job
                    await self._wait_for_change()
        except TimeoutError as error:
            raise DeadlineExceeded(
                f"Job {job_id} is still running after {timeout_s:g} s."
            ) from error

    async def _wait_for_change(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_POLL_S), self._changed:
                await self._changed.wait()

    async def _resume_jobs(self, env: Env) -> None:
        """Run what was left by a process that ended; forget jobs that are long done."""
        while True:
            try:
                await self._start_left_jobs()
                await self._forget_old_jobs()
            except VolanoError as error:
                env.log.warning("jobs are waiting", error=error.message)
                await asyncio.sleep(RETRY_S)
                continue
            await asyncio.sleep(ORPHANS_EVERY_S)

    async def _start_left_jobs(self) -> None:
        rows = await self._store.reader.rows(
            f"SELECT {_COLUMNS}, payload FROM job WHERE state IN ('queued', 'running') "
            "ORDER BY created_us LIMIT ?",
            MAX_RESUMED,
        )
        for row in rows:
            self._start(_to_job(row[:-1]), row[-1])

    async def _forget_old_jobs(self) -> None:
        before_us = self._clock.now_us() - KEEP_JOBS_US

        async def forget(tx: Tx) -> None:
            await tx.execute(
                "DELETE FROM job WHERE state IN ('done', 'failed') AND updated_us < ?", before_us
            )

        await self._store.transact(forget)

    def _start(self, job: Job, payload: str) -> None:
        if self._env is None or job.id in self._jobs:
            return  # picked up when `run` begins
        task = asyncio.get_running_loop().create_task(self._run_job(self._env, job, payload))
        self._jobs[job.id] = task
        task.add_done_callback(lambda _: self._jobs.pop(job.id, None))

    async def _run_job(self, env: Env, job: Job, payload: str) -> None:
        try:
            await self._run_once(env, job, payload)
        except VolanoError as error:  # it could not begin; it is found again
            env.log.warning("job is waiting", job=job.id, error=error.message)

    async def _run_once(self, env: Env, job: Job, payload: str) -> None:
        async with self._slots, self._job_lease(env, job) as mine:
            if not mine or (await self.get_job(job.id)).state in ("done", "failed"):
                return
            run = find_job_kind(job.kind)
            if run is None:
                await self._end(env, job, "failed", "This version has no such kind of job.")
                return
            try:
                await self.write(job.id, state="running")
                result = await run(env, _Context(self, job), payload)
            except VolanoError as error:
                await self._end(env, job, "failed", error.message)
            except Exception as error:  # noqa: BLE001 - work loop: the row tells what happened
                env.log.error("job failed", job=job.id, kind=job.kind, error=repr(error))
                await self._end(env, job, "failed", "An internal error happened; see the log.")
            else:
                await self._end(env, job, "done", result)

    @asynccontextmanager
    async def _job_lease(self, env: Env, job: Job) -> AsyncIterator[bool]:
        """Whether this process may run the job; it is renewed until the block ends."""
        if self._exclusive:
            yield True
            return
        name = f"job:{job.id}"
        if await self.acquire_lease(name, ttl_s=JOB_LEASE_S) is None:
            yield False
            return
        renewing = asyncio.create_task(self._renew(env, name))
        try:
            yield True
        finally:
            renewing.cancel()
            await asyncio.wait({renewing})  # a renewal under way must not come after the end
            with suppress(VolanoError):
                await self._forget_lease(name)

    async def _renew(self, env: Env, name: str) -> None:
        while True:
            await asyncio.sleep(JOB_LEASE_S / 4)
            try:
                await self.acquire_lease(name, ttl_s=JOB_LEASE_S)
            except VolanoError as error:
                env.log.warning("lease not renewed", name=name, error=error.message)

    async def _forget_lease(self, name: str) -> None:
        async def forget(tx: Tx) -> None:
            await tx.execute("DELETE FROM lease WHERE name = ? AND holder = ?", name, self._holder)

        await self._store.transact(forget)

    async def _end(self, env: Env, job: Job, state: str, result: str) -> None:
        """Write how the job ended; while the database is away, again and again."""
        fraction = 1.0 if state == "done" else None
        text = result[:500] if state == "failed" else None
        while True:
            try:
                await self.write(job.id, state=state, result=result, fraction=fraction, text=text)
            except VolanoError as error:
                env.log.warning("job's end is not written yet", job=job.id, error=error.message)
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def write(
        self,
        job_id: str,
        *,
        state: str | None = None,
        fraction: float | None = None,
        text: str | None = None,
        result: str | None = None,
    ) -> None:
        """Change what is given in the job's row and tell those who wait."""

        async def change(tx: Tx) -> None:
            await tx.execute(
                "UPDATE job SET state = COALESCE(CAST(? AS TEXT), state), "
                "fraction = COALESCE(CAST(? AS DOUBLE PRECISION), fraction), "
                "text = COALESCE(CAST(? AS TEXT), text), "
                "result = COALESCE(CAST(? AS TEXT), result), updated_us = ? WHERE id = ?",
                state,
                fraction,
                text,
                result,
                self._clock.now_us(),
                job_id,
            )

        await self._store.transact(change)
        async with self._changed:
            self._changed.notify_all()


def _topic_of(reconciler_name: str) -> str:
    return f"work:{reconciler_name}"


class _Context:
    """What a job function is given."""

    def __init__(self, work: LocalWork, job: Job) -> None:
        self._work = work
        self.job = job
        self._last_s = -1.0

    async def progress(self, fraction: float, text: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._last_s < PROGRESS_EVERY_S and fraction < 1.0:
            return
        self._last_s = now
        await self._work.write(self.job.id, fraction=fraction, text=text[:500])


def _to_job(row: Row) -> Job:
    names = ("id", "kind", "key", "account", "state", "fraction", "text", "result")
    values = dict(zip(names, row[:8], strict=True))
    return Job(**values, created_us=row[8], updated_us=row[9])
