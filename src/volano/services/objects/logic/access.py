"""Who may touch a bucket: every decision names the bucket's owner and its policy.

A bucket belongs to one account. `wire/action.py` authorizes the action with the facts given here;
logic that touches a second bucket (CopyObject), and other services that come through
`interface.py`, ask `require_access` themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.identity.interface import RESOURCE_ACCOUNT, RESOURCE_POLICY
from volano.services.objects.logic.errors import AccessDenied, NoSuchBucket
from volano.services.objects.store import buckets as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader
    from volano.services.objects.model import Bucket


def bucket_arn(name: str) -> str:
    return f"arn:aws:s3:::{name}"


def object_arn(bucket: str, key: str) -> str:
    return f"arn:aws:s3:::{bucket}/{key}"


async def get_bucket(reader: Reader, name: str, expected_owner: str | None = None) -> Bucket:
    """Raises NoSuchBucket, and AccessDenied when it is not `expected_owner`'s."""
    bucket = await rows.select_bucket(reader, name) if "\x00" not in name else None
    if bucket is None:
        raise no_such_bucket(name)
    if expected_owner and expected_owner != bucket.account:
        raise AccessDenied("The bucket does not belong to the expected account.")
    return bucket


def no_such_bucket(name: str) -> NoSuchBucket:
    return NoSuchBucket("The specified bucket does not exist", fields={"BucketName": name})


def bucket_facts(bucket: Bucket) -> dict[str, str]:
    """What the policy engine must know of a bucket."""
    facts = {RESOURCE_ACCOUNT: str(bucket.account)}
    if bucket.policy:
        facts[RESOURCE_POLICY] = bucket.policy
    return facts


async def require_listing(env: Env, call: Call, bucket: Bucket, key: str) -> None:
    """Return when the caller may list keys like `key`; raises Denied."""
    facts = bucket_facts(bucket) | {"s3:prefix": key}
    await env.authority.authorize(call, "s3:ListBucket", bucket_arn(bucket.name), facts)


async def require_access(
    env: Env, call: Call, permission: str, bucket_name: str, key: str = ""
) -> Bucket:
    """The bucket, when the caller may do `permission` on it or on a key in it.

    Raises NoSuchBucket and Denied.
    """
    bucket = await get_bucket(env.store.reader, bucket_name)
    resource = object_arn(bucket_name, key) if key else bucket_arn(bucket_name)
    await env.authority.authorize(call, permission, resource, bucket_facts(bucket))
    return bucket
