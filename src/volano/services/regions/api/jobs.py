"""Long jobs over REST: what runs, how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import NotFound
from volano.kernel.work import Job
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env


class NoFields(msgspec.Struct):
    pass


class JobId(msgspec.Struct):
    id: str


class JobList(msgspec.Struct, kw_only=True):
    items: list[Job]
    next_cursor: str | None = None


@action(
    "volano:listJobs",
    method="GET",
    path="/volano/v1/jobs",
    permission="volano:ListJobs",
    resource="arn:aws:volano:{region}:{account}:job/*",
)
async def list_jobs(env: Env, call: Call, request: NoFields) -> JobList:
    """The account's jobs, newest first."""
    return JobList(items=await env.work.list_jobs(call.account))


@action(
    "volano:getJob",
    method="GET",
    path="/volano/v1/jobs/{id}",
    permission="volano:ListJobs",
    resource="arn:aws:volano:{region}:{account}:job/{id}",
)
async def get_job(env: Env, call: Call, request: JobId) -> Job:
    """One job; poll it until `state` is done or failed."""
    job = await env.work.get_job(request.id)
    if job.account != call.account:
        raise NotFound(f"There is no job {request.id}.")
    return job
