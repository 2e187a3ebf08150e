"""What queues do later: forget old messages, move dead letters, hand over their meters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.work import reconciler
from volano.services.queues.logic.metering import hand_over_uses
from volano.services.queues.logic.moving import advance_moves
from volano.services.queues.logic.upkeep import delete_gone, expire_messages, forget_old

if TYPE_CHECKING:
    from volano.kernel.call import Env


@reconciler("queues:expiry", every_s=60.0)
async def expire(env: Env) -> None:
    """Delete messages that are older than their queue keeps."""
    deleted = await expire_messages(env)
    await forget_old(env)
    if deleted:
        env.log.info("messages expired", count=deleted)


@reconciler("queues:gone", every_s=15.0)
async def delete_unowned(env: Env) -> None:
    """Delete what deleted and purged queues held."""
    await delete_gone(env)


@reconciler("queues:moves", every_s=1.0)
async def move_dead_letters(env: Env) -> None:
    """Advance the moves of dead letters."""
    await advance_moves(env)


@reconciler("queues:requests", every_s=5.0)
async def hand_over_requests(env: Env) -> None:
    hand_over_uses(env)
