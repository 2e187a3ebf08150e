"""The access list of an object's version."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.contents import publish_changed
from volano.services.objects.logic.errors import AclNotSupported
from volano.services.objects.logic.metering import READ, WRITE, count_request
from volano.services.objects.logic.object_access import acl_of
from volano.services.objects.logic.public_access import require_private_grants
from volano.services.objects.logic.versions import get_item
from volano.services.objects.model import Acl, Grant
from volano.services.objects.store import versions as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.objects.model import Bucket, StoredObject


async def get_object_acl(
    env: Env, bucket_name: str, key: str, version_id: str | None = None
) -> tuple[Acl, StoredObject]:
    """Who owns an object, and its list. Raises NoSuchKey and NoSuchVersion."""
    bucket = await open_bucket(env, bucket_name)
    count_request(env, bucket, READ)
    item = await get_item(env.store.reader, bucket, key, version_id)
    return acl_of(bucket, item), item


async def put_object_acl(
    env: Env, bucket: Bucket, key: str, grants: tuple[Grant, ...], version_id: str | None = None
) -> StoredObject:
    """Replace the list; owner and time of the object stay. Raises AclNotSupported and NoSuchKey."""
    if not bucket.access.has_lists:
        raise AclNotSupported("The bucket does not allow ACLs")
    count_request(env, bucket, WRITE)
    await require_private_grants(env, bucket, grants)

    now_us = env.clock.now_us()

    async def write(tx: Tx) -> StoredObject:
        item = await get_item(tx, bucket, key, version_id)
        acl = Acl(acl_of(bucket, item).owner, grants)
        changed = replace(item, description=replace(item.description, acl=acl))
        await rows.update_description(tx, changed)
        publish_changed(tx, bucket, changed, name="ObjectAcl:Put", now_us=now_us)
        return changed

    return await env.store.transact(write)
