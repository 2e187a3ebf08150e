"""What topics need not remember: old deduplication ids, subscriptions that nobody confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.topics.model import PENDING_US
from volano.services.topics.store import subscriptions as subscription_rows
from volano.services.topics.store import topics as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx


async def forget_old(env: Env) -> None:
    now_us = env.clock.now_us()

    async def forget(tx: Tx) -> None:
        await rows.delete_expired_seen(tx, now_us=now_us)
        await subscription_rows.delete_pending(tx, before_us=now_us - PENDING_US)

    await env.store.transact(forget)
