"""Changes of how a bucket is opened: list, ownership controls, public access block, who pays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.objects.logic.access import forget_bucket, get_bucket
from volano.services.objects.logic.acl import FULL_CONTROL
from volano.services.objects.logic.errors import AclNotSupported, InvalidRequest
from volano.services.objects.logic.public_access import ALL_BLOCKED, require_private_grants
from volano.services.objects.model import ENFORCED, Access, Grant
from volano.services.objects.store import buckets as rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.kernel.call import Env
    from volano.kernel.ids import AccountId
    from volano.kernel.store import Tx
    from volano.services.objects.model import Bucket, PublicBlock

OWNERSHIPS = (ENFORCED, "BucketOwnerPreferred", "ObjectWriter")


def access_of_new(
    env: Env, account: AccountId, ownership: str | None, grants: tuple[Grant, ...] | None
) -> Access:
    """How a new bucket is opened: as on AWS since April 2023, lists off and all public blocked.

    In test mode as before that, because public suites give buckets lists without further ado.
    Raises InvalidRequest for a list on a bucket that is to have none.
    """
    if env.config.test_mode:
        access = Access(ownership=ownership or "")
    else:
        access = Access(ownership=ownership or ENFORCED, block=ALL_BLOCKED)
    if grants is None:
        return access
    require_list_allowed(access, account, grants)
    if access.block is not None and any(grant.to != account for grant in grants):
        _refuse_public(grants)
    return replace(access, grants=own_list(account, grants))


def _refuse_public(grants: tuple[Grant, ...]) -> None:
    if any(grant.to.startswith("http") for grant in grants):
        raise InvalidRequest(
            "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
            code="InvalidBucketAclWithBlockPublicAccessError",
        )


def require_list_allowed(access: Access, account: AccountId, grants: tuple[Grant, ...]) -> None:
    """Raises InvalidRequest for a list that BucketOwnerEnforced does not go with."""
    if not access.has_lists and own_list(account, grants) is not None:
        raise InvalidRequest(
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
            code="InvalidBucketAclWithObjectOwnership",
        )


def own_list(account: AccountId, grants: tuple[Grant, ...] | None) -> tuple[Grant, ...] | None:
    """None for the list that every bucket has from the beginning."""
    return None if grants == (Grant(account, FULL_CONTROL),) else grants


async def change_access(
    env: Env, name: str, change: Callable[[Bucket], Access], *, expected_owner: str | None = None
) -> None:
    """Change how a bucket is opened, in one transaction. Raises NoSuchBucket."""

    async def write(tx: Tx) -> None:
        bucket = await get_bucket(tx, name, expected_owner)
        await rows.update_access(tx, bucket.id, change(bucket))

    await env.store.transact(write)
    forget_bucket(env, name)


async def change_flags(
    tx: Tx, bucket: Bucket, *, cors: bool | None = None, website: bool | None = None
) -> None:
    """Note on the bucket's row that there are CORS rules or a website."""
    access = bucket.access
    if cors is not None:
        access = replace(access, cors=cors)
    if website is not None:
        access = replace(access, website=website)
    await rows.update_access(tx, bucket.id, access)


async def put_bucket_acl(env: Env, bucket: Bucket, grants: tuple[Grant, ...]) -> None:
    """Replace the bucket's list. Raises AclNotSupported, and AccessDenied for a public one that is
    blocked.
    """
    await require_private_grants(env, bucket, grants)

    def change(found: Bucket) -> Access:
        if not found.access.has_lists:
            raise AclNotSupported("The bucket does not allow ACLs")
        return replace(found.access, grants=own_list(found.account, grants))

    await change_access(env, bucket.name, change)


async def put_ownership(
    env: Env, name: str, ownership: str, *, expected_owner: str | None = None
) -> None:
    """Set the bucket's ownership controls; '' removes them."""

    def change(bucket: Bucket) -> Access:
        access = replace(bucket.access, ownership=ownership)
        if bucket.access.grants is not None:
            require_list_allowed(access, bucket.account, bucket.access.grants)
        return access

    await change_access(env, name, change, expected_owner=expected_owner)


async def put_public_block(
    env: Env, name: str, block: PublicBlock | None, *, expected_owner: str | None = None
) -> None:
    """Set the bucket's public access block; None removes it."""

    def change(bucket: Bucket) -> Access:
        return replace(bucket.access, block=block)

    await change_access(env, name, change, expected_owner=expected_owner)


async def put_payer(
    env: Env, name: str, *, requester: bool, expected_owner: str | None = None
) -> None:
    """Say who pays for requests and bytes out."""

    def change(bucket: Bucket) -> Access:
        return replace(bucket.access, requester_pays=requester)

    await change_access(env, name, change, expected_owner=expected_owner)
