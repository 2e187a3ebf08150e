"""What topics do later: deliver to webhooks, forget what is over, hand over their meters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.work import reconciler
from volano.services.topics.logic.metering import hand_over_uses
from volano.services.topics.logic.subscriptions import DELIVERIES
from volano.services.topics.logic.upkeep import forget_old
from volano.services.topics.logic.webhooks import deliver_due

if TYPE_CHECKING:
    from volano.kernel.call import Env


@reconciler(DELIVERIES, every_s=1.0)
async def deliver(env: Env) -> None:
    """Send what is due to webhooks."""
    await deliver_due(env)


@reconciler("topics:upkeep", every_s=60.0)
async def keep_up(env: Env) -> None:
    await forget_old(env)


@reconciler("topics:requests", every_s=5.0)
async def hand_over_requests(env: Env) -> None:
    hand_over_uses(env)
