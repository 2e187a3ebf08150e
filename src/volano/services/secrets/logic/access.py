"""Which secret is meant, and what the policy engine must know of it.

A secret is named by its name, its ARN, or its ARN without the six random characters. Names mean the
caller's own account; another account's secret opens only by its policy. Whether a secret exists is
told only to those who may ask.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.kernel.ids import AccountId, parse_arn
from volano.services.identity.interface import RESOURCE_ACCOUNT, RESOURCE_POLICY, is_placeholder
from volano.services.secrets.logic.errors import InvalidName, ResourceNotFound, marked_deleted
from volano.services.secrets.store import secrets as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader
    from volano.services.secrets.model import Secret

_SUFFIX = re.compile(r"(.+)-([A-Za-z0-9]{6})\Z")
_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]{1,512}\Z")


def require_name(name: str) -> None:
    """Raises InvalidName."""
    if not _NAME.match(name):
        raise InvalidName(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the "
            "following: -/_+=.@!"
        )


async def find_secret(env: Env, reader: Reader, call: Call, secret_id: str) -> Secret | None:
    """The secret that a caller means. Raises InvalidName."""
    if secret_id.startswith("arn:"):
        return await find_secret_by_arn(env, reader, secret_id)
    require_name(secret_id)
    return await rows.find_secret(reader, call.account, secret_id, region=env.region.name)


async def find_secret_by_arn(env: Env, reader: Reader, text: str) -> Secret | None:
    """The secret of this region with that ARN, with or without its random characters."""
    arn = parse_arn(text)
    name = arn.resource.removeprefix("secret:") if arn else ""
    if arn is None or arn.service != "secretsmanager" or name == arn.resource or "\x00" in text:
        return None
    region = env.region.name
    if arn.region != region and not env.config.test_mode:
        return None
    account = AccountId(arn.account)
    parts = _SUFFIX.match(name)
    if parts is not None:
        found = await rows.find_secret(reader, account, parts[1], region=region)
        if found is not None and found.suffix == parts[2]:
            return found
    return await rows.find_secret(reader, account, name, region=region)


async def get_secret(env: Env, reader: Reader, call: Call, secret_id: str) -> Secret:
    """Raises ResourceNotFound."""
    found = await find_secret(env, reader, call, secret_id)
    if found is None:
        raise ResourceNotFound
    return found


async def get_live_secret(env: Env, reader: Reader, call: Call, secret_id: str) -> Secret:
    """Raises ResourceNotFound, and InvalidRequest for one that is marked for deletion."""
    found = await get_secret(env, reader, call, secret_id)
    if found.deleted_us is not None:
        raise marked_deleted()
    return found


def secret_facts(secret: Secret) -> dict[str, str]:
    """Condition keys of a request on `secret` (service authorization reference)."""
    facts = {
        RESOURCE_ACCOUNT: str(secret.account),
        "secretsmanager:SecretId": secret.arn,
        "secretsmanager:resource/AllowRotationLambdaArn": secret.rotation_hook,
    }
    if secret.policy and not is_placeholder(secret.policy):
        facts[RESOURCE_POLICY] = secret.policy
    for tag, value in secret.tags.items():
        facts[f"aws:ResourceTag/{tag}"] = value
        facts[f"secretsmanager:ResourceTag/{tag}"] = value
    return facts
