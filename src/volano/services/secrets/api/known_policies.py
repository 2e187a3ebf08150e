"""Tells identity the policies of secrets, for explanations of who may do what (no API action)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from volano.services.identity.interface import declare_resource_policy
from volano.services.secrets.logic.access import find_secret_by_arn, secret_facts

if TYPE_CHECKING:
    from volano.kernel.call import Env


async def _secret_policy(env: Env, arn: str) -> Mapping[str, str] | None:
    secret = await find_secret_by_arn(env, env.store.reader, arn)
    return None if secret is None else secret_facts(secret)


declare_resource_policy("secretsmanager", _secret_policy)
