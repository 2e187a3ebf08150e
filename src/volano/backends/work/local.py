"""Work in one process: a task per reconciler, a task per job, leases as rows.

Jobs found queued or running at start are run again: their functions repeat safely. Progress is
written at most four times a second. On a shared database only the process that submitted a job
runs it, unless its holder's lease on the job is gone.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.kernel.errors import DeadlineExceeded, Invalid, NotFound, VolanoError
from volano.kernel.work import Job, Lease, find_job_kind, reconcilers

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.clock import Clock
    from volano.kernel.ids import Ids
    from volano.kernel.store import Row, Store, Tx
    from volano.kernel.work import Reconciler

PROGRESS_EVERY_S = 0.25
MAX_ACTIVE_JOBS = 16
_COLUMNS = "id, kind, key, account, state, fraction, text, result, created_us, updated_us"


class LocalWork:
    """Runs reconcilers and jobs of this process."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._holder = ids.uuid()
        self._ids = ids
        self._wakes: dict[str, asyncio.Event] = {}
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Condition()
        self._env: Env | None = None
        self._slots = asyncio.Semaphore(MAX_ACTIVE_JOBS)

    def wake(self, reconciler_name: str) -> None:
        event = self._wakes.get(reconciler_name)
        if event is not None:
            event.set()

    async def run(self, env: Env) -> None:
        """Run reconcilers and left-over jobs until cancelled."""
        self._env = env
        self._wakes = {item.name: asyncio.Event() for item in reconcilers()}
        try:
            async with asyncio.TaskGroup() as group:
                for item in reconcilers():
                    group.create_task(self._repeat(env, item), name=item.name)
                group.create_task(self._resume_jobs())
        finally:
            for task in self._jobs.values():
                task.cancel()
            await asyncio.gather(*self._jobs.values(), return_exceptions=True)
            self._env = None

    async def _repeat(self, env: Env, item: Reconciler) -> None:
        wake = self._wakes[item.name]
        while True:
            wake.clear()
            try:
                await item.run(env)
            except Exception as error:  # noqa: BLE001 - work loop: log and go on
                env.log.warning("reconciler failed", reconciler=item.name, error=repr(error))
                env.metrics.count("volano_reconcile_failures_total", (("name", item.name),))
                await asyncio.sleep(min(item.every_s, 1.0))
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
            async with asyncio.timeout(timeout_s), self._changed:
                while True:
                    job = await self.get_job(job_id)
                    if job.state in ("done", "failed"):
                        return job
                    await self._changed.wait()
        except TimeoutError as error:
            raise DeadlineExceeded(
                f"Job {job_id} is still running after {timeout_s:g} s."
            ) from error

    async def _resume_jobs(self) -> None:
        rows = await self._store.reader.rows(
            f"SELECT {_COLUMNS}, payload FROM job WHERE state IN ('queued', 'running') "
            "ORDER BY created_us LIMIT 1000"
        )
        for row in rows:
            if row[0] not in self._jobs:
                self._start(_to_job(row[:-1]), row[-1])

    def _start(self, job: Job, payload: str) -> None:
        if self._env is None:
            return  # picked up when `run` begins
        task = asyncio.get_running_loop().create_task(self._run_job(self._env, job, payload))
        self._jobs[job.id] = task
        task.add_done_callback(lambda _: self._jobs.pop(job.id, None))

    async def _run_job(self, env: Env, job: Job, payload: str) -> None:
        run = find_job_kind(job.kind)
        if run is None:
            await self.write(job.id, state="failed", result="this version has no such job kind")
            return
        async with self._slots:
            await self.write(job.id, state="running")
            try:
                result = await run(env, _Context(self, job), payload)
            except VolanoError as error:
                await self.write(job.id, state="failed", result=error.message, text=error.message)
            except Exception as error:  # noqa: BLE001 - work loop: the row tells what happened
                env.log.error("job failed", job=job.id, kind=job.kind, error=repr(error))
                await self.write(job.id, state="failed", result="an internal error; see the log")
            else:
                await self.write(job.id, state="done", result=result, fraction=1.0)

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
