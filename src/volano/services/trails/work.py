"""What CloudTrail does later: put log files and digests into buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.work import reconciler
from volano.services.trails.logic.delivery import deliver
from volano.services.trails.logic.digests import deliver_digests
from volano.services.trails.store import trails as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.trails.model import Trail

PAGE = 200
LEASE_S = 60.0
"""How long a process that died keeps the others from delivering."""


@reconciler("trails:delivery", every_s=30.0)
async def deliver_trails(env: Env) -> None:
    """One process at a time: a file is cut and put by its owner alone."""
    after, lease = ("", ""), None
    while page := await rows.select_all(
        env.store.reader, after=after, limit=PAGE, region=env.region.name
    ):
        for trail in page:
            lease = await env.work.acquire_lease("trails:delivery", ttl_s=LEASE_S)
            if lease is None:
                return
            await deliver(env, trail)
            await _deliver_digests(env, trail)
        after = (page[-1].account, page[-1].name)
    if lease is not None:
        await env.work.release_lease(lease)


async def _deliver_digests(env: Env, trail: Trail) -> None:
    """Each digest moves the trail on, so it is read again for the next."""
    start_us = -1
    found: Trail | None = trail
    while found is not None and found.digest_start_us not in (None, start_us):
        start_us = found.digest_start_us or 0
        await deliver_digests(env, found)
        found = await rows.find_trail(
            env.store.reader, trail.account, trail.name, region=trail.region
        )
