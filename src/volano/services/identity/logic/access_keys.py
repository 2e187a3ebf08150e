"""AWS access keys: made once, shown once, sealed ever after."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from volano.services.identity.logic.access import forget
from volano.services.identity.logic.quotas import require_iam_quota
from volano.services.identity.logic.users import get_user_or_self
from volano.services.identity.model.credentials import AccessKeyRow
from volano.services.identity.model.errors import NoSuchEntity, ValidationError
from volano.services.identity.store import keys as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.identity.model.principals import User

STATUSES = {"Active": True, "Inactive": False}


def make_secret(env: Env) -> str:
    """Forty characters of base64, as AWS's secret access keys."""
    return base64.b64encode(env.ids.bytes(30)).decode()


async def add_access_key(
    tx: Tx, env: Env, user: User, *, key_id: str | None = None, secret: str | None = None
) -> tuple[AccessKeyRow, str]:
    """Store a key in the caller's transaction; returns it and the plain secret."""
    secret = secret or make_secret(env)
    key_id = key_id or env.ids.unique("AKIA")
    key = AccessKeyRow(
        id=key_id,
        account=user.account,
        user_id=user.id,
        secret=env.secrets.seal(secret.encode(), context=key_id),
        active=True,
        created_us=env.clock.now_us(),
    )
    await rows.insert_access_key(tx, key)
    return key, secret


async def create_access_key(
    env: Env, call: Call, user_name: str | None
) -> tuple[User, AccessKeyRow, str]:
    """A new key of a user, and its plain secret, which cannot be had again."""

    async def write(tx: Tx) -> tuple[User, AccessKeyRow, str]:
        user = await get_user_or_self(tx, call, user_name)
        used = len(await rows.select_access_keys(tx, user.id))
        await require_iam_quota(tx, user.account, "iam.access-keys-per-user", used)
        return (user, *await add_access_key(tx, env, user))

    return await env.store.transact(write)


async def list_access_keys(
    env: Env, call: Call, user_name: str | None
) -> tuple[User, list[AccessKeyRow]]:
    user = await get_user_or_self(env.store.reader, call, user_name)
    return user, await rows.select_access_keys(env.store.reader, user.id)


async def get_access_key(reader: Reader, user: User, key_id: str) -> AccessKeyRow:
    key = await rows.find_access_key(reader, key_id)
    if key is None or key.user_id != user.id:
        raise NoSuchEntity(f"The Access Key with id {key_id[:128]} cannot be found.")
    return key


async def update_access_key(
    env: Env, call: Call, user_name: str | None, key_id: str, *, status: str
) -> None:
    if status not in STATUSES:
        raise ValidationError(
            f"1 validation error detected: Value '{status[:80]}' at 'status' failed to satisfy "
            "constraint: Member must satisfy enum value set: [Active, Inactive]"
        )

    async def write(tx: Tx) -> None:
        user = await get_user_or_self(tx, call, user_name)
        await get_access_key(tx, user, key_id)
        await rows.update_access_key_active(tx, key_id, active=STATUSES[status])

    await env.store.transact(write)
    forget(env)


async def delete_access_key(env: Env, call: Call, user_name: str | None, key_id: str) -> None:
    async def write(tx: Tx) -> None:
        user = await get_user_or_self(tx, call, user_name)
        await get_access_key(tx, user, key_id)
        await rows.delete_access_key(tx, key_id)

    await env.store.transact(write)
    forget(env)


async def find_access_key_of_account(env: Env, account: str, key_id: str) -> AccessKeyRow | None:
    key = await rows.find_access_key(env.store.reader, key_id)
    return key if key is not None and key.account == account else None
