"""Access lists on the wire: canned names, `x-amz-grant-…` headers and XML, in and out.

Specified on the pages of PutBucketAcl and PutObjectAcl in the S3 API reference.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.kernel.ids import AccountId
from volano.services.objects.api.owners import (
    canonical_id,
    find_account_by_canonical_id,
    find_account_by_email,
    owner_of,
)
from volano.services.objects.logic.acl import (
    FULL_CONTROL,
    GROUPS,
    MAX_GRANTS,
    OWNER_FULL_CONTROL,
    PERMISSIONS,
    canned_grants,
    require_canned,
)
from volano.services.objects.logic.errors import (
    AccessDenied,
    AclNotSupported,
    InvalidArgument,
    InvalidRequest,
    MalformedAcl,
    UnresolvableEmail,
)
from volano.services.objects.logic.public_access import require_private_grants
from volano.services.objects.model import Acl, Grant

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result
    from volano.services.objects.model import Bucket

GRANT_MEMBERS = {
    "GrantFullControl": FULL_CONTROL,
    "GrantRead": "READ",
    "GrantReadACP": "READ_ACP",
    "GrantWrite": "WRITE",
    "GrantWriteACP": "WRITE_ACP",
}
_GRANTEES = {
    "CanonicalUser": ("id", "ID"),
    "Group": ("uri", "URI"),
    "AmazonCustomerByEmail": ("emailaddress", "EmailAddress"),
}
"""What a grantee's type is called in headers, and the member that names it."""
_GRANTEE = re.compile(
    r'\s*(id|uri|emailaddress)\s*=\s*(?:"([^"]*)"|([^",\s]*))\s*(?:,|$)', re.IGNORECASE
)


async def acl_of_write(env: Env, call: Call, bucket: Bucket, request: Request) -> Acl | None:
    """The owner and list of an object that is being written; None for the bucket owner's alone.

    Raises AclNotSupported, InvalidArgument, and AccessDenied for a public list where blocked.
    """
    canned = request.get("ACL")
    if not bucket.access.has_lists:
        # What the bucket's owner writes for himself alone is what the bucket does (rclone asks so).
        same = (None, OWNER_FULL_CONTROL, *(("private",) if call.account == bucket.account else ()))
        if canned not in same or has_grant_headers(request):
            raise acl_not_supported()
        return None
    owner = call.account or bucket.account  # what nobody wrote is the bucket owner's
    if bucket.access.ownership == "BucketOwnerPreferred" and canned == OWNER_FULL_CONTROL:
        owner = bucket.account
    grants = await requested_grants(env, request, owner, bucket.account, of_bucket=False)
    await require_private_grants(env, bucket, grants)
    private = (Grant(owner, FULL_CONTROL),)
    if owner == bucket.account and grants in (None, private):
        return None
    return Acl(owner, private if grants is None else grants)


def has_grant_headers(request: Request) -> bool:
    return any(request.get(member) for member in GRANT_MEMBERS)


async def requested_grants(
    env: Env, request: Request, owner: AccountId, bucket_owner: AccountId, *, of_bucket: bool
) -> tuple[Grant, ...] | None:
    """The lines that a request asks for by canned name, headers or XML; None when by none."""
    canned, policy = request.get("ACL"), request.get("AccessControlPolicy")
    headers = has_grant_headers(request)
    if canned and headers:
        raise InvalidRequest("Specifying both Canned ACLs and Header Grants is not allowed")
    if policy is not None and (canned or headers):
        raise InvalidRequest("This request does not support content", code="UnexpectedContent")
    if canned:
        name = require_canned(canned, of_bucket=of_bucket)
        return canned_grants(name, owner, bucket_owner)
    if headers:
        return await _header_grants(env, request)
    return None if policy is None else await _policy_grants(env, policy, owner)


async def _header_grants(env: Env, request: Request) -> tuple[Grant, ...]:
    grants = []
    for member, permission in GRANT_MEMBERS.items():
        for kind, value in _parse_grantees(request.get(member) or "", member):
            grants.append(Grant(await _resolve(env, kind, value), permission))
    return _limited(grants)


def _parse_grantees(header: str, member: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(header):
        match = _GRANTEE.match(header, at)
        if match is None:
            raise InvalidArgument(
                "Argument format not recognized",
                fields={"ArgumentName": member, "ArgumentValue": header[:256]},
            )
        found.append((match[1].lower(), match[2] if match[2] is not None else match[3]))
        at = match.end()
    return found


async def _policy_grants(env: Env, policy: Request, owner: AccountId) -> tuple[Grant, ...]:
    given = (policy.get("Owner") or {}).get("ID")
    if given is None:
        raise MalformedAcl()
    if given != canonical_id(env, owner):
        raise AccessDenied("Access Denied")
    grants = []
    for each in policy.get("Grants") or []:
        grantee, permission = each.get("Grantee") or {}, each.get("Permission")
        if permission not in PERMISSIONS:
            raise MalformedAcl()
        kind, member = _GRANTEES.get(str(grantee.get("Type")), ("", ""))
        if not grantee.get(member):
            raise MalformedAcl()
        grants.append(Grant(await _resolve(env, kind, grantee[member]), permission))
    return _limited(grants)


def _limited(grants: list[Grant]) -> tuple[Grant, ...]:
    if len(grants) > MAX_GRANTS:
        raise MalformedAcl()
    return tuple(grants)


async def _resolve(env: Env, kind: str, value: str) -> str:
    """The account or group that a grantee names."""
    if kind == "uri":
        if value not in GROUPS:
            raise InvalidArgument(
                "Invalid group uri", fields={"ArgumentName": "uri", "ArgumentValue": value}
            )
        return value
    if kind == "emailaddress":
        account = await find_account_by_email(env, value)
        if account is None:
            raise UnresolvableEmail(
                "The e-mail address you provided does not match any account on record.",
            )
        return account
    account = await find_account_by_canonical_id(env, value)
    if account is None:
        raise InvalidArgument(
            "Invalid id", fields={"ArgumentName": "id", "ArgumentValue": value[:256]}
        )
    return account


async def acl_result(env: Env, acl: Acl) -> Result:
    """An access list as members of a result, the lines for groups first (ceph/s3-tests)."""
    grants = sorted(acl.grants, key=lambda grant: grant.to not in GROUPS)
    return {
        "Owner": await owner_of(env, acl.owner),
        "Grants": [await _grant_result(env, grant) for grant in grants],
    }


async def _grant_result(env: Env, grant: Grant) -> Result:
    if grant.to in GROUPS:
        grantee: Result = {"Type": "Group", "URI": grant.to}
    else:
        grantee = {"Type": "CanonicalUser", **await owner_of(env, AccountId(grant.to))}
    return {"Grantee": grantee, "Permission": grant.permission}


def acl_not_supported() -> AclNotSupported:
    return AclNotSupported("The bucket does not allow ACLs")
