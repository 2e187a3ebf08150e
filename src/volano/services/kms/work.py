"""What KMS does later: delete keys whose waiting time is over, hand over its meters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.work import reconciler
from volano.services.kms.logic.keys import delete_due_keys
from volano.services.kms.logic.metering import hand_over_uses

if TYPE_CHECKING:
    from volano.kernel.call import Env


@reconciler("kms:deletion", every_s=60.0)
async def delete_keys(env: Env) -> None:
    deleted = await delete_due_keys(env)
    if deleted:
        env.log.info("keys deleted", count=deleted)


@reconciler("kms:requests", every_s=5.0)
async def hand_over_requests(env: Env) -> None:
    hand_over_uses(env)
