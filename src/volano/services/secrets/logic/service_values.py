"""Values that other services keep here for an account (the keys of its upstreams), as the account's
own service would: the caller was authorized for the thing that the value belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.services.secrets.logic.access import find_secret, get_live_secret, secret_facts
from volano.services.secrets.logic.errors import ResourceNotFound
from volano.services.secrets.logic.secrets import NewSecret, create_secret, delete_secret
from volano.services.secrets.logic.values import put_value

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env


async def put_text(env: Env, call: Call, name: str, text: str) -> str:
    """Keep a text as the current value of that secret, made when it is not there; its ARN."""
    keeping = system_call(env, call.account)
    value = (text.encode(), False)
    if await find_secret(env, env.store.reader, keeping, name) is None:
        secret, _ = await create_secret(env, keeping, NewSecret(name=name, value=value))
    else:
        secret, _ = await put_value(env, keeping, name, value)
    return secret.arn


async def delete_text(env: Env, call: Call, arn: str) -> None:
    """Delete a secret that `put_text` made; one that is gone already is no error."""
    keeping = system_call(env, call.account)
    if await find_secret(env, env.store.reader, keeping, arn) is not None:
        await delete_secret(env, keeping, arn, days=None, force=True)


async def require_readable(env: Env, call: Call, secret_id: str) -> str:
    """The ARN of a secret of the caller's account that the caller may read. Raises Denied and
    ResourceNotFound."""
    secret = await get_live_secret(env, env.store.reader, call, secret_id)
    if secret.account != call.account:
        raise ResourceNotFound
    facts = secret_facts(secret)
    await env.authority.authorize(call, "secretsmanager:GetSecretValue", secret.arn, facts)
    return secret.arn
