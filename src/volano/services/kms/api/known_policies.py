"""Tells identity the policies of keys, for explanations of who may do what (no API action)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from volano.kernel.ids import parse_arn
from volano.services.identity.interface import (
    RESOURCE_ACCOUNT,
    RESOURCE_DECIDES,
    RESOURCE_POLICY,
    declare_resource_policy,
    is_placeholder,
)
from volano.services.kms.model import default_policy
from volano.services.kms.store import keys as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env


async def _key_policy(env: Env, arn: str) -> Mapping[str, str] | None:
    parsed = parse_arn(arn)
    if parsed is None or not parsed.resource.startswith("key/") or "\x00" in arn:
        return None
    key_id = parsed.resource.removeprefix("key/")
    key = await rows.select_key(env.store.reader, parsed.account, key_id, region=env.region.name)
    if key is None:
        return None
    policy = default_policy(key.account) if is_placeholder(key.policy) else key.policy
    return {RESOURCE_ACCOUNT: str(key.account), RESOURCE_POLICY: policy, RESOURCE_DECIDES: "yes"}


declare_resource_policy("kms", _key_policy)
