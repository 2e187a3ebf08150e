"""Tells identity the policies of buckets, for explanations of who may do what (no API action)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from volano.services.identity.interface import (
    RESOURCE_ACCOUNT,
    RESOURCE_POLICY,
    declare_resource_policy,
)
from volano.services.objects.store import buckets as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env


async def _bucket_policy(env: Env, arn: str) -> Mapping[str, str] | None:
    name = arn.removeprefix("arn:aws:s3:::").partition("/")[0]
    bucket = await rows.select_bucket(env.store.reader, name) if "\x00" not in name else None
    if bucket is None:
        return None
    found = {RESOURCE_ACCOUNT: str(bucket.account)}
    return found | {RESOURCE_POLICY: bucket.policy} if bucket.policy else found


declare_resource_policy("s3", _bucket_policy)
