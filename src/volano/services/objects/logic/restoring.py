"""Objects of the archive classes: not read before RestoreObject, and only for the days it says.

The bytes stay where they are; what a restore changes is the row. So it is done when it is answered.
Specified in the S3 user guide, "Restoring an archived object".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.errors import NotBuilt
from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.contents import cause_of, publish_changed
from volano.services.objects.logic.errors import (
    InvalidObjectState,
    MalformedXml,
    ObjectNotInActiveTier,
)
from volano.services.objects.logic.lifecycle import after_days
from volano.services.objects.logic.metering import WRITE, count_request
from volano.services.objects.logic.storage_classes import ARCHIVES
from volano.services.objects.logic.versions import get_item
from volano.services.objects.store import versions as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.objects.model import StoredObject

MAX_DAYS = 36_500


def is_archived(env: Env, item: StoredObject) -> bool:
    """Whether the object must be restored before it can be read."""
    said = item.description
    return said.storage_class in ARCHIVES and said.restored_until_us <= env.clock.now_us()


def require_readable(env: Env, item: StoredObject) -> None:
    """Raises InvalidObjectState for an archived object."""
    if is_archived(env, item):
        raise _invalid_state(item)


def require_copyable(env: Env, item: StoredObject) -> None:
    """Raises ObjectNotInActiveTier for an archived source."""
    if is_archived(env, item):
        raise ObjectNotInActiveTier(
            "The source object of the COPY action is not in the active tier and is only stored in "
            "Amazon S3 Glacier.",
            fields={"Key": item.key},
        )


def _invalid_state(item: StoredObject) -> InvalidObjectState:
    return InvalidObjectState(
        "The operation is not valid for the object's storage class",
        fields={"StorageClass": item.description.storage_class},
    )


async def restore_object(
    env: Env,
    call: Call,
    bucket_name: str,
    key: str,
    version_id: str | None,
    *,
    days: int | None,
    kind: str | None,
) -> bool:
    """Make an archived object readable for so many days; True when it was so already.

    Raises NoSuchKey, InvalidObjectState for an object of another class, MalformedXml, NotBuilt.
    """
    if kind:
        raise NotBuilt("Select queries on archived objects are not built.")
    bucket = await open_bucket(env, bucket_name)
    count_request(env, bucket, WRITE)

    async def write(tx: Tx) -> bool:
        item = await get_item(tx, bucket, key, version_id)
        if item.description.storage_class not in ARCHIVES:
            raise _invalid_state(item)
        if days is None or not 1 <= days <= MAX_DAYS:
            raise MalformedXml()
        now_us = env.clock.now_us()
        until_us = after_days(now_us, days, env.config.lifecycle_day_s)
        changed = replace(item, description=replace(item.description, restored_until_us=until_us))
        await rows.update_description(tx, changed)
        publish_changed(
            tx,
            bucket,
            changed,
            name="ObjectRestore:Completed",
            now_us=now_us,
            cause=cause_of(call),
        )
        return not is_archived(env, item)

    return await env.store.transact(write)
