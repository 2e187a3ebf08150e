"""Keys: make, show, enable and disable, delete after a waiting time; their tags and policy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from volano.kernel.errors import Denied, Invalid, NotBuilt
from volano.services.identity.interface import (
    PolicyKind,
    declare_quota,
    is_placeholder,
    quota_value,
    require_policy,
)
from volano.services.kms import store as rows
from volano.services.kms.logic.access import find_named_key, require_access
from volano.services.kms.logic.errors import (
    KmsInvalidState,
    LimitExceeded,
    MalformedPolicy,
    TagError,
    ValidationException,
)
from volano.services.kms.logic.materials import make_material
from volano.services.kms.model import (
    DEFAULT_KEYS,
    MAX_POLICY_BYTES,
    MAX_TAGS,
    MAX_WINDOW_DAYS,
    MIN_WINDOW_DAYS,
    Key,
    KeyState,
    default_policy,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.ids import AccountId
    from volano.kernel.store import Tx

KEYS_QUOTA = "kms.keys"
DAY_US = 86_400_000_000
DELETE_BATCH = 100
POLICY_NAME = "default"
declare_quota(KEYS_QUOTA, DEFAULT_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What CreateKey asks for."""

    description: str = ""
    policy: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    spec: str = "SYMMETRIC_DEFAULT"
    usage: str = "ENCRYPT_DECRYPT"
    origin: str = "AWS_KMS"
    multi_region: bool = False
    skip_lockout_check: bool = False


async def create_key(env: Env, call: Call, wanted: NewKey) -> Key:
    """Raises NotBuilt for any but a symmetric key made here, MalformedPolicy, TagError and
    LimitExceeded."""
    _require_built(wanted)
    require_tags(wanted.tags)
    key = Key(
        account=call.account,
        region=env.region.name,
        id=env.ids.uuid(),
        description=wanted.description,
        policy=wanted.policy or default_policy(call.account),
        tags=dict(wanted.tags),
        created_us=env.clock.now_us(),
    )
    if wanted.policy is not None:
        await _require_policy(env, call, key, skip_lockout_check=wanted.skip_lockout_check)
    await env.store.transact(partial(add_key, env=env, key=key))
    return key


def _require_built(wanted: NewKey) -> None:
    for value, built, name in (
        (wanted.spec, "SYMMETRIC_DEFAULT", "KeySpec"),
        (wanted.usage, "ENCRYPT_DECRYPT", "KeyUsage"),
        (wanted.origin, "AWS_KMS", "Origin"),
    ):
        if value != built:
            raise NotBuilt(f"{name} {value} is not built yet; {built} is.")
    if wanted.multi_region:
        raise NotBuilt("Multi-Region keys are not built yet.")


async def add_key(tx: Tx, env: Env, key: Key) -> None:
    """Store a key with its first material, in the caller's transaction."""
    held = await rows.count_keys(tx, key.account)
    if held >= await quota_value(tx, key.account, KEYS_QUOTA):
        raise LimitExceeded(f"The quota {KEYS_QUOTA} of this account is used up: {held} keys.")
    await rows.insert_key(tx, key)
    await rows.insert_material(tx, key, make_material(env, key, version=1))


async def seed_key(env: Env, account: AccountId, key_id: str, description: str) -> None:
    """A key of a chosen id, unless it is there (test mode)."""
    key = Key(
        account=account,
        region=env.region.name,
        id=key_id,
        description=description,
        policy=default_policy(account),
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        if await rows.select_key(tx, account, key_id, region=env.region.name) is None:
            await add_key(tx, env, key)

    await env.store.transact(write)


async def list_keys(
    env: Env, call: Call, *, after: str, limit: int
) -> tuple[list[Key], str | None]:
    """The account's keys by id, and where the next page begins."""
    found = await rows.select_keys(
        env.store.reader, call.account, after=after, limit=limit + 1, region=env.region.name
    )
    return found[:limit], found[limit - 1].id if len(found) > limit else None


async def change_key(env: Env, call: Call, name: str, change: Callable[[Key], Key]) -> Key:
    """Read, change and write one key; `change` may raise."""

    async def write(tx: Tx) -> Key:
        key = change(await find_named_key(env, tx, call, name))
        await rows.update_key(tx, key)
        return key

    return await env.store.transact(write)


def _require_not_deleted(key: Key) -> None:
    if key.state is KeyState.PENDING_DELETION:
        raise KmsInvalidState(f"{key.arn} is pending deletion.")


async def set_key_enabled(env: Env, call: Call, name: str, *, enabled: bool) -> None:
    def change(key: Key) -> Key:
        _require_not_deleted(key)
        return replace(key, state=KeyState.ENABLED if enabled else KeyState.DISABLED)

    await change_key(env, call, name, change)


async def update_key_description(env: Env, call: Call, name: str, description: str) -> None:
    def change(key: Key) -> Key:
        _require_not_deleted(key)
        return replace(key, description=description)

    await change_key(env, call, name, change)


async def schedule_key_deletion(env: Env, call: Call, name: str, days: int) -> Key:
    """The key can do nothing from now on, and is deleted when the window is over."""
    if not MIN_WINDOW_DAYS <= days <= MAX_WINDOW_DAYS:
        raise ValidationException(
            f"PendingWindowInDays must be between {MIN_WINDOW_DAYS} and {MAX_WINDOW_DAYS}."
        )

    def change(key: Key) -> Key:
        _require_not_deleted(key)
        due_us = env.clock.now_us() + days * DAY_US
        return replace(key, state=KeyState.PENDING_DELETION, deletion_us=due_us)

    return await change_key(env, call, name, change)


async def cancel_key_deletion(env: Env, call: Call, name: str) -> Key:
    """The key is there again, disabled."""

    def change(key: Key) -> Key:
        if key.state is not KeyState.PENDING_DELETION:
            raise KmsInvalidState(f"{key.arn} is not pending deletion.")
        return replace(key, state=KeyState.DISABLED, deletion_us=None)

    return await change_key(env, call, name, change)


async def delete_due_keys(env: Env) -> int:
    """Delete the keys whose window is over; returns how many."""

    async def remove(tx: Tx) -> int:
        due = await rows.select_keys_due(
            tx, before_us=env.clock.now_us(), limit=DELETE_BATCH, region=env.region.name
        )
        for key in due:
            assert key.state is KeyState.PENDING_DELETION, f"{key.arn} is due but in use"
            await rows.delete_key(tx, key)
        return len(due)

    deleted = 0
    while batch := await env.store.transact(remove):
        deleted += batch
    return deleted


async def rotate_key(env: Env, call: Call, name: str) -> Key:
    """New material for what is encrypted from now on; the old still decrypts."""

    async def write(tx: Tx) -> Key:
        key = await find_named_key(env, tx, call, name)
        if key.state is not KeyState.ENABLED:
            raise KmsInvalidState(f"{key.arn} is {key.state.value}.")
        key = replace(key, version=key.version + 1)
        await rows.insert_material(tx, key, make_material(env, key, version=key.version))
        await rows.update_key(tx, key)
        return key

    return await env.store.transact(write)


async def put_key_policy(
    env: Env, call: Call, name: str, policy: str, *, skip_lockout_check: bool
) -> None:
    """Replace the key's policy. Raises MalformedPolicy, also when the caller could not change
    the new one again."""
    key = await find_named_key(env, env.store.reader, call, name)
    wanted = replace(key, policy=policy)
    await _require_policy(env, call, wanted, skip_lockout_check=skip_lockout_check)
    await change_key(env, call, name, lambda found: replace(found, policy=policy))


async def _require_policy(env: Env, call: Call, key: Key, *, skip_lockout_check: bool) -> None:
    if env.config.test_mode and is_placeholder(key.policy):
        return
    try:
        require_policy(key.policy, PolicyKind.RESOURCE, limit=MAX_POLICY_BYTES)
    except Invalid as error:
        raise MalformedPolicy(error.message) from error
    if skip_lockout_check:
        return
    try:
        await require_access(env, call, "kms:PutKeyPolicy", key)
    except Denied as error:
        raise MalformedPolicy(
            "The new key policy will not allow you to update the key policy in the future."
        ) from error


async def tag_key(
    env: Env, call: Call, name: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    require_tags(add)

    def change(key: Key) -> Key:
        _require_not_deleted(key)
        tags = {k: v for k, v in {**key.tags, **add}.items() if k not in remove}
        require_tags(tags)
        return replace(key, tags=tags)

    await change_key(env, call, name, change)


def require_tags(tags: Mapping[str, str]) -> None:
    """Raises TagError."""
    if len(tags) > MAX_TAGS:
        raise TagError(f"A key has at most {MAX_TAGS} tags.")
    for name, value in tags.items():
        if not 1 <= len(name) <= 128 or len(value) > 256 or "\x00" in name + value:
            raise TagError("A tag's key has 1 to 128 characters and its value up to 256.")
        if name.lower().startswith("aws:"):
            raise TagError("Tag keys may not begin with aws:.")
