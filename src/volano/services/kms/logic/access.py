"""Which key is meant, and what the policy engine must know of it.

A key is named by its id, its ARN, an alias or an alias's ARN. Names without an account mean the
caller's own; another account's key opens only where its policy and the caller's own both allow,
and without that it cannot be told from one that does not exist.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.kernel.ids import parse_arn
from volano.services.identity.interface import (
    RESOURCE_ACCOUNT,
    RESOURCE_DECIDES,
    RESOURCE_POLICY,
    is_placeholder,
)
from volano.services.kms import store as rows
from volano.services.kms.logic.errors import AccessDenied, InvalidArn, NotFoundException
from volano.services.kms.model import default_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader
    from volano.services.kms.model import Key

_NAME = re.compile(r"[\w/:-]{1,2048}\Z", re.ASCII)
ALIAS = "alias/"


async def find_named_key(env: Env, reader: Reader, call: Call, name: str) -> Key:
    """The key that a caller means; raises NotFoundException, InvalidArn and, for a key of another
    account that is not there, AccessDenied."""
    account, local = _parts(env, call, name)
    key_id = local.removeprefix("key/")
    if local.startswith(ALIAS):
        alias = await rows.select_alias(reader, account, local)
        key_id = alias.key_id if alias else ""
    key = await rows.select_key(reader, account, key_id, region=env.region.name)
    if key is not None:
        return key
    if account != call.account:
        raise _unknown(call, name)
    if local.startswith(ALIAS):
        arn = f"arn:aws:kms:{env.region.name}:{account}:{local}"
        raise NotFoundException(f"Alias {arn} is not found.")
    raise NotFoundException(
        f"Key 'arn:aws:kms:{env.region.name}:{account}:key/{key_id}' does not exist"
    )


def _parts(env: Env, call: Call, name: str) -> tuple[str, str]:
    """Account and `key/…`, `alias/…` or bare id."""
    if not _NAME.match(name):
        raise NotFoundException(f"Invalid keyId '{name[:80]}'")
    if not name.startswith("arn:"):
        return call.account, name
    arn = parse_arn(name)
    if arn is None or arn.service != "kms" or not arn.resource.startswith(("key/", ALIAS)):
        raise InvalidArn(f"Invalid arn {name[:200]}")
    if arn.region != env.region.name:
        raise NotFoundException(f"Invalid arn {arn.region}")
    return arn.account, arn.resource


def _unknown(call: Call, name: str) -> AccessDenied:
    return AccessDenied(
        f"User: {call.principal.arn} is not authorized to perform this on resource: {name[:200]} "
        "because no resource-based policy allows it"
    )


def key_facts(call: Call, key: Key, *, context: Mapping[str, str] | None = None) -> dict[str, str]:
    """Condition keys of a request on `key`: no policy but the key's own opens it."""
    facts = {
        RESOURCE_ACCOUNT: str(key.account),
        RESOURCE_POLICY: default_policy(key.account) if is_placeholder(key.policy) else key.policy,
        RESOURCE_DECIDES: "yes",
        "kms:CallerAccount": str(call.account),
        "kms:KeySpec": "SYMMETRIC_DEFAULT",
        "kms:KeyUsage": "ENCRYPT_DECRYPT",
    }
    facts |= {f"aws:ResourceTag/{tag}": value for tag, value in key.tags.items()}
    facts |= {f"kms:EncryptionContext:{name}": value for name, value in (context or {}).items()}
    if context:
        facts["kms:EncryptionContextKeys"] = "\n".join(context)
    return facts


async def require_access(
    env: Env, call: Call, permission: str, key: Key, context: Mapping[str, str] | None = None
) -> None:
    """Raises Denied; for logic that touches a key its action did not name."""
    await env.authority.authorize(call, permission, key.arn, key_facts(call, key, context=context))
