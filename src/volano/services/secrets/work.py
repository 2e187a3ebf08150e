"""What Secrets Manager does later: delete secrets whose window is over, rotate."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.kernel.work import reconciler
from volano.services.secrets.logic.rotation import advance, begin_due_rotations, select_rotations
from volano.services.secrets.logic.secrets import delete_due_secrets

if TYPE_CHECKING:
    from volano.kernel.call import Env

LEASE_S = 120.0
"""Longer than the slowest step of a hook may take."""
MAX_ROUNDS = 100
"""Steps of one run; what is due then waits for the next."""


@reconciler("secrets:deletion", every_s=60.0)
async def delete_secrets(env: Env) -> None:
    deleted = await delete_due_secrets(env)
    if deleted:
        env.log.info("secrets deleted", count=deleted)


@reconciler("secrets:rotation", every_s=10.0)
async def rotate_secrets(env: Env) -> None:
    """One process at a time, so that no hook is asked twice for a step."""
    await begin_due_rotations(env)
    for _ in range(MAX_ROUNDS):
        due = await select_rotations(env)
        lease = await env.work.acquire_lease("secrets:rotation", ttl_s=LEASE_S) if due else None
        if lease is None:
            return
        async with asyncio.TaskGroup() as group:
            for rotation in due:
                group.create_task(advance(env, rotation))
        await env.work.release_lease(lease)
