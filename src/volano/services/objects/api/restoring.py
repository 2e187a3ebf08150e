"""S3: RestoreObject, and how answers tell of it."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from volano.services.objects.api.facts import facts_of_object
from volano.services.objects.logic import restoring as logic
from volano.services.objects.logic.storage_classes import ARCHIVES
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.model import StoredObject

Request = dict[str, Any]
Result = dict[str, Any]


@action(
    "s3:RestoreObject",
    permission="s3:RestoreObject",
    resource="arn:aws:s3:::{Bucket}/{Key}",
    facts=facts_of_object("s3:RestoreObject", versioned="s3:RestoreObject"),
    partial="No select queries, and every tier is served at once.",
)
async def restore_object(env: Env, call: Call, request: Request) -> Result:
    wanted = request.get("RestoreRequest") or {}
    was_restored = await logic.restore_object(
        env,
        call,
        request["Bucket"],
        request["Key"],
        request.get("VersionId"),
        days=wanted.get("Days"),
        kind=wanted.get("Type"),
    )
    return {"_status": 200 if was_restored else 202}


def restore_member(env: Env, item: StoredObject) -> Result:
    """Until when an archived object can be read, where it can."""
    if item.description.storage_class not in ARCHIVES or logic.is_archived(env, item):
        return {}
    until = formatdate(item.description.restored_until_us // 1_000_000, usegmt=True)
    return {"Restore": f'ongoing-request="false", expiry-date="{until}"'}
