"""Tells identity the policies of buckets, for explanations of who may do what (no API action).

Lines of access lists are statements of the bucket's policy there, where lists count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from volano.services.identity.interface import (
    RESOURCE_ACCOUNT,
    RESOURCE_POLICY,
    declare_resource_policy,
)
from volano.services.objects.logic.acl import PUBLIC_GROUPS, granted_actions
from volano.services.objects.logic.object_access import acl_of
from volano.services.objects.logic.versions import find_version
from volano.services.objects.store import buckets as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.objects.model import Bucket, Grant


async def _bucket_policy(env: Env, arn: str) -> Mapping[str, str] | None:
    name, _, key = arn.removeprefix("arn:aws:s3:::").partition("/")
    bucket = await rows.select_bucket(env.store.reader, name) if "\x00" not in arn else None
    if bucket is None:
        return None
    statements = await _list_statements(env, bucket, key) if bucket.access.has_lists else []
    found = {RESOURCE_ACCOUNT: str(bucket.account)}
    if statements:
        return found | {RESOURCE_POLICY: _with_statements(bucket.policy, statements)}
    return found | {RESOURCE_POLICY: bucket.policy} if bucket.policy else found


async def _list_statements(env: Env, bucket: Bucket, key: str) -> list[dict[str, object]]:
    """What the lists of the bucket, and of the object if one is meant, let others do."""
    arn = f"arn:aws:s3:::{bucket.name}"
    block = bucket.access.block
    public = block is None or not block.ignore_acls
    found = [
        _statement(grant, [arn, f"{arn}/*"], of_bucket=True)
        for grant in bucket.access.grants or ()
        if _counts(grant, bucket.account, public=public)
    ]
    item = await find_version(env.store.reader, bucket, key, None) if key else None
    if item is not None:
        acl = acl_of(bucket, item)
        found += [
            _statement(grant, [f"{arn}/{key}"], of_bucket=False)
            for grant in acl.grants
            if _counts(grant, bucket.account, public=public)
        ]
    return [statement for statement in found if statement["Action"]]


def _counts(grant: Grant, owner: str, *, public: bool) -> bool:
    """Whether a line lets in somebody beside the bucket's own account."""
    return public if grant.to in PUBLIC_GROUPS else grant.to.isdigit() and grant.to != owner


def _statement(grant: Grant, resources: list[str], *, of_bucket: bool) -> dict[str, object]:
    everyone = grant.to in PUBLIC_GROUPS
    return {
        "Sid": f"access list {grant.permission}",
        "Effect": "Allow",
        "Principal": "*" if everyone else {"AWS": f"arn:aws:iam::{grant.to}:root"},
        "Action": sorted(granted_actions(grant, of_bucket=of_bucket)),
        "Resource": resources,
    }


def _with_statements(policy: str, more: list[dict[str, object]]) -> str:
    document = json.loads(policy) if policy else {"Version": "2012-10-17"}
    known = document.get("Statement", [])
    known = [known] if isinstance(known, dict) else list(known)
    return json.dumps({**document, "Statement": [*known, *more]}, indent=2)


declare_resource_policy("s3", _bucket_policy)
