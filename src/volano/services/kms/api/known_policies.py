"""Tells identity the policies of keys, for explanations of who may do what (no API action).

Grants are statements of the key's policy there: constraints on the encryption context, which only
a request has, are conditions.
"""

from __future__ import annotations

import json
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
from volano.services.kms.store import grants as grant_rows
from volano.services.kms.store import keys as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.kms.model import Grant

MAX_GRANTS_TOLD = 1000


async def _key_policy(env: Env, arn: str) -> Mapping[str, str] | None:
    parsed = parse_arn(arn)
    if parsed is None or not parsed.resource.startswith("key/") or "\x00" in arn:
        return None
    key_id = parsed.resource.removeprefix("key/")
    reader = env.store.reader
    key = await rows.select_key(reader, parsed.account, key_id, region=env.region.name)
    if key is None:
        return None
    policy = default_policy(key.account) if is_placeholder(key.policy) else key.policy
    grants = await grant_rows.select_grants(
        reader, key, grantee="", grant_id="", after="", limit=MAX_GRANTS_TOLD
    )
    return {
        RESOURCE_ACCOUNT: str(key.account),
        RESOURCE_POLICY: _with_grants(policy, grants) if grants else policy,
        RESOURCE_DECIDES: "yes",
    }


def _with_grants(policy: str, grants: list[Grant]) -> str:
    document = json.loads(policy)
    statements = document.get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else list(statements)
    statements += [_statement(grant) for grant in grants]
    return json.dumps({**document, "Statement": statements}, indent=2)


def _statement(grant: Grant) -> dict[str, object]:
    found: dict[str, object] = {
        "Sid": f"grant {grant.id[:16]}",
        "Effect": "Allow",
        "Principal": {"AWS": grant.grantee},
        "Action": [f"kms:{name}" for name in grant.operations],
        "Resource": "*",
    }
    wanted = {**(grant.context_subset or {}), **(grant.context_equals or {})}
    if wanted:
        keys = {f"kms:EncryptionContext:{name}": value for name, value in wanted.items()}
        found["Condition"] = {"StringEquals": keys}
    return found


declare_resource_policy("kms", _key_policy)
