"""Access lists: what canned ones mean, which actions a line opens, and when lists are public.

Pure. A list names accounts (by account id; the wire shows canonical ids) and three groups. Sources:
S3 user guide, "Access control list (ACL) overview" and "Canned ACL".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.logic.errors import InvalidArgument
from volano.services.objects.model import Grant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from volano.kernel.ids import AccountId

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"
GROUPS = frozenset({ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY})
PUBLIC_GROUPS = frozenset({ALL_USERS, AUTHENTICATED_USERS})

FULL_CONTROL = "FULL_CONTROL"
PERMISSIONS = (FULL_CONTROL, "READ", "WRITE", "READ_ACP", "WRITE_ACP")
MAX_GRANTS = 100

BUCKET_CANNED = frozenset(
    {"private", "public-read", "public-read-write", "authenticated-read", "log-delivery-write"}
)
OBJECT_CANNED = frozenset(
    {
        "private",
        "public-read",
        "public-read-write",
        "authenticated-read",
        "aws-exec-read",
        "bucket-owner-read",
        "bucket-owner-full-control",
    }
)
OWNER_FULL_CONTROL = "bucket-owner-full-control"

_GROUP_LINES: dict[str, tuple[Grant, ...]] = {
    "public-read": (Grant(ALL_USERS, "READ"),),
    "public-read-write": (Grant(ALL_USERS, "READ"), Grant(ALL_USERS, "WRITE")),
    "authenticated-read": (Grant(AUTHENTICATED_USERS, "READ"),),
    "log-delivery-write": (Grant(LOG_DELIVERY, "WRITE"), Grant(LOG_DELIVERY, "READ_ACP")),
}
_BUCKET_OPENS: dict[str, tuple[str, ...]] = {
    "READ": ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
    "WRITE": (
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
    ),
    "READ_ACP": ("s3:GetBucketAcl",),
    "WRITE_ACP": ("s3:PutBucketAcl",),
}
_OBJECT_OPENS: dict[str, tuple[str, ...]] = {
    "READ": (
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:GetObjectAttributes",
        "s3:GetObjectVersionAttributes",
        "s3:GetObjectTorrent",
    ),
    "WRITE": (),
    "READ_ACP": ("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
    "WRITE_ACP": ("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
}


def canned_grants(name: str, owner: AccountId, bucket_owner: AccountId) -> tuple[Grant, ...]:
    """The lines that a canned list stands for, in the order in which S3 shows them."""
    own = Grant(owner, FULL_CONTROL)
    if name == "bucket-owner-read" and bucket_owner != owner:
        return (own, Grant(bucket_owner, "READ"))
    if name == OWNER_FULL_CONTROL and bucket_owner != owner:
        return (own, Grant(bucket_owner, FULL_CONTROL))
    return (own, *_GROUP_LINES.get(name, ()))


def require_canned(name: str, *, of_bucket: bool) -> str:
    """Raises InvalidArgument for a canned list that there is not."""
    if name not in (BUCKET_CANNED if of_bucket else OBJECT_CANNED):
        raise InvalidArgument("", fields={"ArgumentName": "x-amz-acl", "ArgumentValue": name})
    return name


def is_public(grants: Iterable[Grant]) -> bool:
    """Whether a list lets in others than named accounts."""
    return any(grant.to in PUBLIC_GROUPS for grant in grants)


def granted_actions(grant: Grant, *, of_bucket: bool) -> set[str]:
    """The actions that one line of a list opens."""
    opens = _BUCKET_OPENS if of_bucket else _OBJECT_OPENS
    names = PERMISSIONS[1:] if grant.permission == FULL_CONTROL else (grant.permission,)
    return {action for name in names for action in opens[name]}


def opened_actions(
    grants: Iterable[Grant], asker: AccountId | None, *, of_bucket: bool, public: bool
) -> tuple[set[str], set[str]]:
    """Which actions the list opens to everyone (or all who sign), and which to the asker's account.

    `asker` is None for anonymous; `public` False leaves out the lines for groups.
    """
    anyone: set[str] = set()
    account: set[str] = set()
    for grant in grants:
        found = granted_actions(grant, of_bucket=of_bucket)
        if grant.to == ALL_USERS or (grant.to == AUTHENTICATED_USERS and asker is not None):
            if public:
                anyone |= found
        elif asker is not None and grant.to == asker:
            account |= found
    return anyone, account
