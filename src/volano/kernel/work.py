"""Port `work`: reconcilers, leases and long jobs.

A reconciler makes the world match the rows. It takes no input but the rows, may run twice or on
two processes, and is called every `every_s` and whenever it is woken. A lease makes one process
the owner of a name for a while; its token guards the final write. A job is long work that a
person waits for (build a root file system, install an extra, pull a model): it has a row, shows
progress and survives a restart by being run again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.call import Env

    Reconcile = Callable[[Env], Awaitable[None]]
    RunJob = Callable[[Env, "JobContext", str], Awaitable[str]]


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Ownership of `name` until `expires_us`; `token` grows with every new owner."""

    name: str
    token: int
    expires_us: int


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A long piece of work. `state` is queued, running, done or failed.

    `fraction` is 0.0 to 1.0; `text` says what is being done now; `result` is the job's answer as
    JSON text, or the error message when it failed.
    """

    id: str
    kind: str
    key: str
    account: str
    state: str
    fraction: float
    text: str
    result: str
    created_us: int
    updated_us: int


class JobContext(Protocol):
    """What a running job is given."""

    @property
    def job(self) -> Job: ...

    async def progress(self, fraction: float, text: str) -> None:
        """Say how far it is; written to the row at most four times a second."""
        ...


class Reconciler(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    every_s: float
    run: Callable[[Env], Awaitable[None]]


_RECONCILERS: dict[str, Reconciler] = {}
_JOBS: dict[str, Callable[..., Awaitable[str]]] = {}


def reconciler(name: str, *, every_s: float) -> Callable[[Reconcile], Reconcile]:
    """Make `async def f(env)` of a `work.py` a reconciler."""

    def register(run: Reconcile) -> Reconcile:
        if name in _RECONCILERS:
            raise ValueError(f"two reconcilers are called {name}")
        _RECONCILERS[name] = Reconciler(name=name, every_s=every_s, run=run)
        return run

    return register


def job_kind(kind: str) -> Callable[[RunJob], RunJob]:
    """Make `async def f(env, context, payload) -> result` the way to run jobs of `kind`."""

    def register(run: RunJob) -> RunJob:
        if kind in _JOBS:
            raise ValueError(f"two job kinds are called {kind}")
        _JOBS[kind] = run
        return run

    return register


def reconcilers() -> tuple[Reconciler, ...]:
    return tuple(_RECONCILERS[name] for name in sorted(_RECONCILERS))


def find_job_kind(kind: str) -> Callable[..., Awaitable[str]] | None:
    return _JOBS.get(kind)


class Work(Protocol):
    """Runs reconcilers and jobs, and grants leases."""

    def wake(self, reconciler_name: str) -> None:
        """Run that reconciler soon; calls while it runs are joined into one more run."""
        ...

    async def acquire_lease(self, name: str, *, ttl_s: float) -> Lease | None:
        """The lease, renewed when this process holds it already, or None when another does."""
        ...

    async def release_lease(self, lease: Lease) -> None: ...

    async def submit(self, kind: str, *, key: str, account: str, payload: str = "{}") -> Job:
        """Start a job, or return the queued or running one of the same kind and key."""
        ...

    async def get_job(self, job_id: str) -> Job:
        """Raises NotFound."""
        ...

    async def list_jobs(self, account: str, *, limit: int = 100) -> list[Job]:
        """Newest first; jobs of the cloud itself have account ''."""
        ...

    async def wait_job(self, job_id: str, *, timeout_s: float) -> Job:
        """The job once it is done or failed; raises DeadlineExceeded."""
        ...
