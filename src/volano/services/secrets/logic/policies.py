"""Policies of secrets: who else may, and a check that they do not open it to everyone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.errors import Invalid
from volano.services.identity.interface import PolicyKind, is_placeholder, require_policy
from volano.services.secrets.logic.access import get_live_secret
from volano.services.secrets.logic.errors import MalformedPolicy, PublicPolicy
from volano.services.secrets.model import MAX_POLICY_BYTES
from volano.services.secrets.store import secrets as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.secrets.model import Secret


def require_secret_policy(env: Env, policy: str) -> None:
    """Raises MalformedPolicy."""
    if env.config.test_mode and is_placeholder(policy):
        return
    try:
        require_policy(policy, PolicyKind.RESOURCE, limit=MAX_POLICY_BYTES)
    except Invalid as error:
        raise MalformedPolicy(
            f"This resource policy contains an invalid element: {error.message}"
        ) from error


def is_public(policy: str) -> bool:
    """Whether a statement without a condition allows everyone."""
    if is_placeholder(policy):
        return False
    document = msgspec.json.decode(policy)
    statements = document.get("Statement", [])
    listed = [statements] if isinstance(statements, dict) else statements
    return any(
        statement.get("Effect") == "Allow"
        and not statement.get("Condition")
        and ("NotPrincipal" in statement or _anyone(statement.get("Principal")))
        for statement in listed
    )


def _anyone(principal: Any) -> bool:
    if isinstance(principal, dict):
        named = principal.get("AWS", [])
        return "*" in ([named] if isinstance(named, str) else named)
    return bool(principal == "*")


async def put_policy(
    env: Env, call: Call, secret_id: str, policy: str, *, block_public: bool
) -> Secret:
    """Raises MalformedPolicy, PublicPolicy."""
    secret = await get_live_secret(env, env.store.reader, call, secret_id)
    require_secret_policy(env, policy)
    if block_public and is_public(policy):
        raise PublicPolicy("This resource policy grants broad access to the secret.")
    await _write(env, call, secret_id, policy)
    return secret


async def delete_policy(env: Env, call: Call, secret_id: str) -> Secret:
    return await _write(env, call, secret_id, "")


async def _write(env: Env, call: Call, secret_id: str, policy: str) -> Secret:
    async def write(tx: Tx) -> Secret:
        secret = await get_live_secret(env, tx, call, secret_id)
        secret = replace(secret, policy=policy)
        await rows.update_secret(tx, secret)
        return secret

    return await env.store.transact(write)
