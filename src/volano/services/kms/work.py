"""What KMS does later: delete keys whose waiting time is over, rotate, expire imported material,
hand over its meters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.work import reconciler
from volano.services.kms.logic.deletion import delete_due_keys
from volano.services.kms.logic.imports import delete_expired_material
from volano.services.kms.logic.metering import hand_over_uses
from volano.services.kms.logic.rotation import rotate_due_keys

if TYPE_CHECKING:
    from volano.kernel.call import Env


@reconciler("kms:deletion", every_s=60.0)
async def delete_keys(env: Env) -> None:
    deleted = await delete_due_keys(env)
    if deleted:
        env.log.info("keys deleted", count=deleted)


@reconciler("kms:rotation", every_s=60.0)
async def rotate_keys(env: Env) -> None:
    rotated = await rotate_due_keys(env)
    if rotated:
        env.log.info("keys rotated", count=rotated)


@reconciler("kms:imports", every_s=60.0)
async def expire_imports(env: Env) -> None:
    expired = await delete_expired_material(env)
    if expired:
        env.log.info("imported key material expired", count=expired)


@reconciler("kms:requests", every_s=5.0)
async def hand_over_requests(env: Env) -> None:
    hand_over_uses(env)
