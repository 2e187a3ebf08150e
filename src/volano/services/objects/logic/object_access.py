"""Who may touch an object that is there: its owner, its access list and its tags count too.

An object belongs to the account that wrote it where the bucket has access lists, and a bucket's
policy opens only what belongs to the bucket's owner (S3 user guide, "Access policy guidelines").
Rows are read only where they can matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import Denied
from volano.services.identity.interface import (
    RESOURCE_ACCOUNT,
    RESOURCE_GRANT,
    RESOURCE_GRANT_ANYONE,
    RESOURCE_ONLY_DENIES,
    mentions_key,
)
from volano.services.objects.logic.access import (
    bucket_facts,
    granted_facts,
    object_arn,
    open_bucket,
    require_listing,
)
from volano.services.objects.logic.acl import FULL_CONTROL
from volano.services.objects.logic.versions import find_version, get_item
from volano.services.objects.model import Acl, Grant

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.ids import AccountId
    from volano.services.objects.model import Bucket, StoredObject, Upload

EXISTING_TAG = "s3:ExistingObjectTag/"


def acl_of(bucket: Bucket, item: StoredObject) -> Acl:
    """Who owns an object, and its list; under BucketOwnerEnforced what was written is ignored."""
    if bucket.access.has_lists and item.description.acl is not None:
        return item.description.acl
    return Acl(bucket.account, (Grant(bucket.account, FULL_CONTROL),))


def owner_of_upload(bucket: Bucket, upload: Upload) -> AccountId:
    """Who will own the object that an upload makes."""
    acl = upload.description.acl
    return bucket.account if acl is None or not bucket.access.has_lists else acl.owner


async def object_facts(
    env: Env, call: Call, bucket: Bucket, key: str, version_id: str | None = None
) -> dict[str, str]:
    """What the policy engine must know of an object.

    Raises NoSuchKey and NoSuchVersion for those who may list the bucket, whatever else they may.
    """
    facts = await bucket_facts(env, call, bucket)
    lists, tag = bucket.access.has_lists, EXISTING_TAG.lower()
    tags = tag in bucket.policy.lower() or await mentions_key(env, call.principal, tag)
    if not lists and not tags and (call.account == bucket.account or not bucket.policy):
        return facts
    item = await find_version(env.store.reader, bucket, key, version_id)
    if item is None:
        await _tell_listers(env, call, bucket, key, version_id)
        return facts
    facts |= {EXISTING_TAG + name: value for name, value in item.description.tags.items()}
    if not lists:
        return facts
    acl = acl_of(bucket, item)
    if acl.owner != bucket.account:
        facts |= {RESOURCE_ACCOUNT: str(acl.owner), RESOURCE_ONLY_DENIES: "true"}
    for name in (RESOURCE_GRANT, RESOURCE_GRANT_ANYONE):
        facts.pop(name, None)
    return facts | await granted_facts(env, call, bucket, acl.grants, of_bucket=False)


async def _tell_listers(
    env: Env, call: Call, bucket: Bucket, key: str, version_id: str | None
) -> None:
    """Raise what is missing to those who may know it (GetObject, "Permissions")."""
    try:
        await require_listing(env, call, bucket, key)
    except Denied:
        return
    await get_item(env.store.reader, bucket, key, version_id)


async def require_object_access(
    env: Env, call: Call, permission: str, bucket_name: str, key: str, version_id: str | None = None
) -> Bucket:
    """The bucket, when the caller may do `permission` on an object in it.

    Raises NoSuchBucket and Denied.
    """
    bucket = await open_bucket(env, bucket_name)
    facts = await object_facts(env, call, bucket, key, version_id)
    await env.authority.authorize(call, permission, object_arn(bucket_name, key), facts)
    return bucket
