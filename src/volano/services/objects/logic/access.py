"""Who may touch a bucket: every decision names the bucket's owner, its policy and access list.

A bucket belongs to one account. `wire/action.py` authorizes the action with the facts given here;
logic that touches a second bucket (CopyObject), and other services that come through
`interface.py`, ask `require_access` themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from volano.kernel.identity import PrincipalKind
from volano.services.identity.interface import (
    RESOURCE_ACCOUNT,
    RESOURCE_GRANT,
    RESOURCE_GRANT_ANYONE,
    RESOURCE_ONLY_DENIES,
    RESOURCE_POLICY,
)
from volano.services.objects.logic.acl import FULL_CONTROL, opened_actions
from volano.services.objects.logic.errors import AccessDenied, InvalidBucketOwner, NoSuchBucket
from volano.services.objects.logic.public_access import effective_block, forget_blocks
from volano.services.objects.logic.public_policy import is_public_policy
from volano.services.objects.model import Grant
from volano.services.objects.store import buckets as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Store
    from volano.services.objects.model import Bucket


LOGGED = "volano:access-log"
"""In a call's context when its bucket has access logs: the bucket's account."""
ACCOUNT_DIGITS = 12
MAX_TOLD_OWNER = 64
"""Of an owner that is none, in the refusal."""
MAX_KNOWN = 10_000
"""Buckets kept in memory."""

_KNOWN: WeakKeyDictionary[Store, dict[str, Bucket]] = WeakKeyDictionary()
"""Buckets by the database that holds them, and by name."""


def bucket_arn(name: str) -> str:
    return f"arn:aws:s3:::{name}"


def object_arn(bucket: str, key: str) -> str:
    return f"arn:aws:s3:::{bucket}/{key}"


async def open_bucket(env: Env, name: str, expected_owner: str | None = None) -> Bucket:
    """As `get_bucket`, from memory where this process alone writes the database.

    Every request asks twice for its bucket, once to decide and once to act.
    """
    if not getattr(env.store, "exclusive", False):
        return await get_bucket(env.store.reader, name, expected_owner)
    known = _KNOWN.setdefault(env.store, {})
    bucket = known.get(name)
    if bucket is None:
        bucket = await get_bucket(env.store.reader, name)
        if len(known) >= MAX_KNOWN:
            known.clear()
        known[name] = bucket
    _require_owner(bucket, expected_owner)
    return bucket


def forget_bucket(env: Env, name: str) -> None:
    """Called after each commit that changed a bucket."""
    _KNOWN.get(env.store, {}).pop(name, None)


def forget_buckets(env: Env) -> None:
    """Called when rows were changed by others than logic (test mode's reset)."""
    _KNOWN.pop(env.store, None)
    forget_blocks(env)


async def get_bucket(reader: Reader, name: str, expected_owner: str | None = None) -> Bucket:
    """Raises NoSuchBucket, and AccessDenied or InvalidBucketOwner when it is not
    `expected_owner`'s.
    """
    bucket = await rows.select_bucket(reader, name) if "\x00" not in name else None
    if bucket is None:
        raise no_such_bucket(name)
    _require_owner(bucket, expected_owner)
    return bucket


def _require_owner(bucket: Bucket, expected_owner: str | None) -> None:
    if not expected_owner or expected_owner == bucket.account:
        return
    if len(expected_owner) != ACCOUNT_DIGITS or not expected_owner.isdigit():
        raise InvalidBucketOwner(
            "The value of the expected bucket owner parameter must be an AWS Account ID... "
            f"[{expected_owner[:MAX_TOLD_OWNER]}]"
        )
    raise AccessDenied("Access Denied")


def no_such_bucket(name: str) -> NoSuchBucket:
    return NoSuchBucket("The specified bucket does not exist", fields={"BucketName": name})


async def bucket_facts(env: Env, call: Call, bucket: Bucket) -> dict[str, str]:
    """What the policy engine must know of a bucket: owner, policy, and what its list opens."""
    if bucket.access.log_bucket:
        call.context[LOGGED] = str(bucket.account)
    facts = {RESOURCE_ACCOUNT: str(bucket.account)}
    if bucket.policy:
        facts[RESOURCE_POLICY] = bucket.policy
        if call.account != bucket.account and is_public_policy(bucket.policy):
            block = await effective_block(env, bucket)
            if block.restrict:
                facts[RESOURCE_ONLY_DENIES] = "true"
    if bucket.access.has_lists:
        grants = bucket_grants(bucket)
        facts |= await granted_facts(env, call, bucket, grants, of_bucket=True)
    return facts


def bucket_grants(bucket: Bucket) -> tuple[Grant, ...]:
    """The lines of a bucket's access list."""
    grants = bucket.access.grants if bucket.access.has_lists else None
    return (Grant(str(bucket.account), FULL_CONTROL),) if grants is None else grants


async def granted_facts(
    env: Env, call: Call, bucket: Bucket, grants: tuple[Grant, ...], *, of_bucket: bool
) -> dict[str, str]:
    """What an access list opens to the caller, as facts for the policy engine."""
    block = await effective_block(env, bucket)
    is_anonymous = call.principal.kind is PrincipalKind.ANONYMOUS
    anyone, account = opened_actions(
        grants,
        None if is_anonymous else call.account,
        of_bucket=of_bucket,
        public=not block.ignore_acls,
    )
    facts: dict[str, str] = {}
    if anyone:
        facts[RESOURCE_GRANT_ANYONE] = " ".join(sorted(anyone))
    if account:
        facts[RESOURCE_GRANT] = " ".join(sorted(account))
    return facts


async def require_listing(env: Env, call: Call, bucket: Bucket, key: str) -> None:
    """Return when the caller may list keys like `key`; raises Denied."""
    facts = await bucket_facts(env, call, bucket) | {"s3:prefix": key}
    await env.authority.authorize(call, "s3:ListBucket", bucket_arn(bucket.name), facts)


async def require_access(
    env: Env, call: Call, permission: str, bucket_name: str, key: str = ""
) -> Bucket:
    """The bucket, when the caller may do `permission` on it or on a key to be written in it.

    What concerns an object that is there is asked in object_access.py. Raises NoSuchBucket and
    Denied.
    """
    bucket = await open_bucket(env, bucket_name)
    resource = object_arn(bucket_name, key) if key else bucket_arn(bucket_name)
    facts = await bucket_facts(env, call, bucket)
    await env.authority.authorize(call, permission, resource, facts)
    return bucket
