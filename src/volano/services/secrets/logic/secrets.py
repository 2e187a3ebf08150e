"""Secrets: make, describe, update, list, delete after a waiting time, restore; tags."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from volano.services.identity.interface import declare_quota, quota_value
from volano.services.secrets.logic.access import (
    find_secret,
    get_live_secret,
    get_secret,
    require_name,
)
from volano.services.secrets.logic.errors import (
    InvalidParameter,
    InvalidRequest,
    LimitExceeded,
    ResourceExists,
    ResourceNotFound,
)
from volano.services.secrets.logic.sealing import require_key, rewrap, seal
from volano.services.secrets.logic.values import add_version, require_token
from volano.services.secrets.model import (
    DEFAULT_SECRETS,
    MAX_TAGS,
    MAX_WINDOW_DAYS,
    MIN_WINDOW_DAYS,
    Secret,
    Version,
)
from volano.services.secrets.store import secrets as rows
from volano.services.secrets.store import versions as version_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

SECRETS_QUOTA = "secrets.secrets"
DAY_US = 86_400_000_000
DELETE_BATCH = 100
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
declare_quota(SECRETS_QUOTA, DEFAULT_SECRETS)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecret:
    """What CreateSecret asks for; `value` is bytes and whether they are binary."""

    name: str
    description: str = ""
    kms_key: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    value: tuple[bytes, bool] | None = None
    token: str | None = None


async def create_secret(env: Env, call: Call, wanted: NewSecret) -> tuple[Secret, str | None]:
    """The secret and the id of its first version, if it has one. Raises ResourceExists,
    InvalidRequest, LimitExceeded."""
    require_name(wanted.name)
    require_tags(wanted.tags)
    token = require_token(wanted.token)
    now_us = env.clock.now_us()
    found = await find_secret(env, env.store.reader, call, wanted.name)
    secret = found or Secret(
        account=call.account,
        region=env.region.name,
        name=wanted.name,
        suffix=_suffix(env),
        description=wanted.description,
        kms_key=wanted.kms_key,
        tags=dict(wanted.tags),
        created_us=now_us,
        changed_us=now_us,
    )
    version = None
    if wanted.value is not None:
        value, is_binary = wanted.value
        version_id = token or env.ids.uuid()
        version = await seal(env, call, secret, version_id, value, is_binary=is_binary)
    elif found is None:
        await require_key(env, call, secret)

    async def write(tx: Tx) -> tuple[Secret, str | None]:
        return await _insert(tx, env, secret, version, token)

    return await env.store.transact(write)


async def _insert(
    tx: Tx, env: Env, secret: Secret, version: Version | None, token: str | None
) -> tuple[Secret, str | None]:
    old = await rows.find_secret(tx, secret.account, secret.name, region=secret.region)
    if old is not None:
        return await _repeated(tx, old, version, token)
    held = await rows.count_secrets(tx, secret.account)
    if held >= await quota_value(tx, secret.account, SECRETS_QUOTA):
        raise LimitExceeded(f"The quota {SECRETS_QUOTA} of this account is used up: {held}.")
    await rows.insert_secret(tx, secret)
    if version is not None:
        secret, version = await add_version(tx, env, secret, version, stages=None)
    return secret, None if version is None else version.id


async def _repeated(
    tx: Tx, old: Secret, version: Version | None, token: str | None
) -> tuple[Secret, str | None]:
    """The same request again brings the same secret; anything else is refused."""
    if old.deleted_us is not None:
        raise InvalidRequest(
            "You can't create this secret because a secret with this name is already scheduled "
            "for deletion."
        )
    held = None if token is None else await version_rows.find_version(tx, old, token)
    if held is not None and version is not None:
        if held.digest == version.digest:
            return old, held.id
        raise ResourceExists(
            f"You can't use ClientRequestToken {held.id} because that value is already in use for "
            f"a version of secret {old.arn}."
        )
    raise ResourceExists(f"The operation failed because the secret {old.name} already exists.")


async def update_secret(
    env: Env,
    call: Call,
    secret_id: str,
    *,
    description: str | None,
    kms_key: str | None,
    value: tuple[bytes, bool] | None,
    token: str | None,
) -> tuple[Secret, str | None]:
    """Change what is given; a value makes a new current version. With another KMS key the versions
    that have a stage are wrapped under it."""
    token = require_token(token)
    secret = await get_live_secret(env, env.store.reader, call, secret_id)
    changed = replace(
        secret,
        description=secret.description if description is None else description,
        kms_key=secret.kms_key if kms_key is None else kms_key,
    )
    moved: list[Version] = []
    if kms_key is not None:
        await require_key(env, call, changed)
        for old in await version_rows.select_versions(env.store.reader, secret):
            if old.stages and old.sealed:
                moved.append(await rewrap(env, call, changed, old))
    version = None
    if value is not None:
        version_id = token or env.ids.uuid()
        version = await seal(env, call, changed, version_id, value[0], is_binary=value[1])

    async def write(tx: Tx) -> tuple[Secret, str | None]:
        found = await get_live_secret(env, tx, call, secret_id)
        found = replace(
            found,
            description=changed.description,
            kms_key=changed.kms_key,
            changed_us=env.clock.now_us(),
        )
        await rows.update_secret(tx, found)
        for old in moved:
            await version_rows.put_version(tx, found, old)
        if version is None:
            return found, None
        found, made = await add_version(tx, env, found, version, stages=None)
        return found, made.id

    return await env.store.transact(write)


async def delete_secret(
    env: Env, call: Call, secret_id: str, *, days: int | None, force: bool
) -> Secret:
    """Mark for deletion after `days`, or delete at once with `force`."""
    if days is not None and not MIN_WINDOW_DAYS <= days <= MAX_WINDOW_DAYS:
        raise InvalidParameter(
            "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
        )
    if force and days is not None:
        raise InvalidParameter(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
        )

    async def write(tx: Tx) -> Secret:
        now_us = env.clock.now_us()
        if force:
            secret = await find_secret(env, tx, call, secret_id) or _absent(env, call, secret_id)
            await rows.delete_secret(tx, secret)
            return replace(secret, deletion_us=now_us)
        secret = await get_live_secret(env, tx, call, secret_id)
        due_us = now_us + (days or MAX_WINDOW_DAYS) * DAY_US
        secret = replace(secret, deleted_us=now_us, deletion_us=due_us, rotation_us=None)
        await rows.update_secret(tx, secret)
        await rows.delete_rotation(tx, secret.account, secret.name)
        return secret

    return await env.store.transact(write)


def _absent(env: Env, call: Call, secret_id: str) -> Secret:
    """What is deleted by force need not be there (DeleteSecret, ForceDeleteWithoutRecovery)."""
    if secret_id.startswith("arn:"):
        raise ResourceNotFound
    require_name(secret_id)
    return Secret(
        account=call.account,
        region=env.region.name,
        name=secret_id,
        suffix=_suffix(env),
        created_us=0,
        changed_us=0,
    )


def _suffix(env: Env) -> str:
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in env.ids.bytes(6))


async def restore_secret(env: Env, call: Call, secret_id: str) -> Secret:
    """Take the mark away; what was never marked stays as it is."""

    async def write(tx: Tx) -> Secret:
        secret = await get_secret(env, tx, call, secret_id)
        secret = replace(secret, deleted_us=None, deletion_us=None)
        await rows.update_secret(tx, secret)
        return secret

    return await env.store.transact(write)


async def delete_due_secrets(env: Env) -> int:
    """Delete the secrets whose window is over; returns how many."""

    async def remove(tx: Tx) -> int:
        due = await rows.select_due(
            tx,
            "deletion_us",
            before_us=env.clock.now_us(),
            limit=DELETE_BATCH,
            region=env.region.name,
        )
        for secret in due:
            assert secret.deleted_us is not None, f"{secret.arn} is due but not marked"
            await rows.delete_secret(tx, secret)
        return len(due)

    deleted = 0
    while batch := await env.store.transact(remove):
        deleted += batch
    return deleted


async def tag_secret(
    env: Env, call: Call, secret_id: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    require_tags(add)

    async def write(tx: Tx) -> None:
        secret = await get_live_secret(env, tx, call, secret_id)
        tags = {k: v for k, v in {**secret.tags, **add}.items() if k not in remove}
        require_tags(tags)
        await rows.update_secret(tx, replace(secret, tags=tags))

    await env.store.transact(write)


def require_tags(tags: Mapping[str, str]) -> None:
    """Raises LimitExceeded and InvalidParameter."""
    if len(tags) > MAX_TAGS:
        raise LimitExceeded(f"A secret has at most {MAX_TAGS} tags.")
    for name, value in tags.items():
        if not 1 <= len(name) <= 128 or len(value) > 256 or "\x00" in name + value:
            raise InvalidParameter("A tag's key has 1 to 128 characters and its value up to 256.")
        if name.lower().startswith("aws:"):
            raise InvalidParameter("Tag keys may not begin with aws:.")
