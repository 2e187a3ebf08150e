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
    mentions_key,
)
from volano.services.kms.logic.errors import (
    AccessDenied,
    DisabledException,
    InvalidArn,
    KmsInvalidState,
    NotFoundException,
)
from volano.services.kms.logic.granting import add_grants, find_grants
from volano.services.kms.logic.specs import algorithms_of
from volano.services.kms.model import MAX_ALIASES_PER_KEY, KeyState, default_policy
from volano.services.kms.store import aliases as alias_rows
from volano.services.kms.store import keys as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader
    from volano.services.kms.model import Grant, Key

_NAME = re.compile(r"[\w/:-]{1,2048}\Z", re.ASCII)
_ID = re.compile(r"(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z")
ALIAS = "alias/"
_ALIASES = "kms:resourcealiases"
"""The condition key; aliases are read only where a policy asks for them."""


async def find_named_key(env: Env, reader: Reader, call: Call, name: str) -> Key:
    """The key that a caller means; raises NotFoundException, InvalidArn and, for a key of another
    account that is not there, AccessDenied."""
    account, local = _parts(env, call, name)
    key_id = local.removeprefix("key/")
    if local.startswith(ALIAS):
        alias = await alias_rows.select_alias(reader, account, local)
        key_id = alias.key_id if alias else ""
    key = await rows.select_key(reader, account, key_id, region=env.region.name)
    if key is not None:
        return key
    if account != call.account:
        raise _unknown(call, name)
    if local.startswith(ALIAS):
        arn = f"arn:aws:kms:{env.region.name}:{account}:{local}"
        raise NotFoundException(f"Alias {arn} is not found.")
    if not _ID.match(key_id):
        raise NotFoundException(f"Invalid keyId '{name[:80]}'")
    raise NotFoundException(
        f"Key 'arn:aws:kms:{env.region.name}:{account}:key/{key_id}' does not exist"
    )


def require_key_name(name: str) -> None:
    """Operations on the key itself take its id or ARN, no alias. Raises NotFoundException."""
    if ALIAS in name:
        raise NotFoundException(f"Invalid keyId '{name[:80]}'")


def _parts(env: Env, call: Call, name: str) -> tuple[str, str]:
    """Account and `key/…`, `alias/…` or bare id."""
    if not _NAME.match(name):
        raise NotFoundException(f"Invalid keyId '{name[:80]}'")
    if not name.startswith("arn:"):
        return call.account, name
    arn = parse_arn(name)
    if arn is None or arn.service != "kms" or not arn.resource.startswith(("key/", ALIAS)):
        raise InvalidArn(f"Invalid arn {name[:200]}")
    if arn.region != env.region.name and not env.config.test_mode:
        raise NotFoundException(f"Invalid arn {arn.region}")
    return arn.account, arn.resource


def _unknown(call: Call, name: str) -> AccessDenied:
    return AccessDenied(
        f"User: {call.principal.arn} is not authorized to perform this on resource: {name[:200]} "
        "because no resource-based policy allows it"
    )


def require_usable(env: Env, key: Key) -> None:
    """Raises DisabledException and KmsInvalidState."""
    if key.state is KeyState.DISABLED:
        raise DisabledException(f"{key.arn} is disabled.")
    require_not_deleted(key)
    expired = key.expires_us is not None and key.expires_us <= env.clock.now_us()
    if key.state is KeyState.PENDING_IMPORT or expired:
        raise KmsInvalidState(f"{key.arn} is pending import.")


def require_not_deleted(key: Key) -> None:
    """Raises KmsInvalidState."""
    if key.state is KeyState.PENDING_DELETION:
        raise KmsInvalidState(f"{key.arn} is pending deletion.")


async def key_facts(
    env: Env,
    call: Call,
    key: Key,
    *,
    context: Mapping[str, str] | None = None,
    via: str = "",
    child: Grant | None = None,
) -> dict[str, str]:
    """Condition keys of a request on `key`: no policy but the key's own and its grants open it.

    `via` is the service that asks for the caller (`secretsmanager`); `child` the grant to be made.
    """
    policy = default_policy(key.account) if is_placeholder(key.policy) else key.policy
    grants = await find_grants(env, call, key, context or {}, child)
    facts = {
        RESOURCE_ACCOUNT: str(key.account),
        RESOURCE_POLICY: add_grants(policy, grants) if grants else policy,
        RESOURCE_DECIDES: "yes",
        "kms:CallerAccount": str(call.account),
        "kms:KeySpec": key.spec,
        "kms:KeyUsage": key.usage,
        "kms:KeyOrigin": key.origin,
        "kms:MultiRegion": str(key.multi_region).lower(),
    }
    if len(algorithms_of(key)) == 1 and key.usage == "ENCRYPT_DECRYPT":
        facts["kms:EncryptionAlgorithm"] = algorithms_of(key)[0]
    if via:
        facts["kms:ViaService"] = f"{via}.{env.region.name}.amazonaws.com"
    if _ALIASES in policy.lower() or await mentions_key(env, call.principal, _ALIASES):
        held = await alias_rows.select_aliases(
            env.store.reader, key.account, key_id=key.id, after="", limit=MAX_ALIASES_PER_KEY
        )
        facts["kms:ResourceAliases"] = "\n".join(alias.name for alias in held)
    facts |= {f"aws:ResourceTag/{tag}": value for tag, value in key.tags.items()}
    facts |= {f"kms:EncryptionContext:{name}": value for name, value in (context or {}).items()}
    if context:
        facts["kms:EncryptionContextKeys"] = "\n".join(context)
    return facts


async def require_access(
    env: Env,
    call: Call,
    permission: str,
    key: Key,
    context: Mapping[str, str] | None = None,
    *,
    via: str = "",
) -> None:
    """Raises Denied; for logic that touches a key its action did not name."""
    facts = await key_facts(env, call, key, context=context, via=via)
    await env.authority.authorize(call, permission, key.arn, facts)
