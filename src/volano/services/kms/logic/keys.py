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
from volano.services.kms.logic.access import (
    ALIAS,
    find_named_key,
    require_access,
    require_not_deleted,
)
from volano.services.kms.logic.errors import (
    KmsInvalidState,
    LimitExceeded,
    MalformedPolicy,
    TagError,
)
from volano.services.kms.logic.materials import new_bytes, seal_material
from volano.services.kms.logic.specs import resolve_usage
from volano.services.kms.model import (
    DEFAULT_KEYS,
    MANAGED_SERVICES,
    MAX_POLICY_BYTES,
    MAX_TAGS,
    SYMMETRIC,
    Alias,
    Key,
    KeyState,
    Material,
    default_policy,
    managed_policy,
)
from volano.services.kms.store import aliases as alias_rows
from volano.services.kms.store import keys as rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.ids import AccountId
    from volano.kernel.store import Tx

KEYS_QUOTA = "kms.keys"
POLICY_NAME = "default"
declare_quota(KEYS_QUOTA, DEFAULT_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What CreateKey asks for."""

    description: str = ""
    policy: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    spec: str = SYMMETRIC
    usage: str | None = None
    origin: str = "AWS_KMS"
    multi_region: bool = False
    skip_lockout_check: bool = False


async def create_key(env: Env, call: Call, wanted: NewKey) -> Key:
    """Raises NotBuilt for specs and origins that are not there, MalformedPolicy, TagError and
    LimitExceeded."""
    usage = resolve_usage(wanted.spec, wanted.usage)
    if wanted.origin not in ("AWS_KMS", "EXTERNAL"):
        raise NotBuilt(f"Origin {wanted.origin} is not built: there are no custom key stores.")
    require_tags(wanted.tags)
    external = wanted.origin == "EXTERNAL"
    key = Key(
        account=call.account,
        region=env.region.name,
        id=f"mrk-{env.ids.hex(32)}" if wanted.multi_region else env.ids.uuid(),
        description=wanted.description,
        policy=wanted.policy or default_policy(call.account),
        tags=dict(wanted.tags),
        created_us=env.clock.now_us(),
        state=KeyState.PENDING_IMPORT if external else KeyState.ENABLED,
        spec=wanted.spec,
        usage=usage,
        origin=wanted.origin,
        multi_region=wanted.multi_region,
    )
    if wanted.policy is not None:
        await _require_policy(env, call, key, skip_lockout_check=wanted.skip_lockout_check)
    await _add_key(env, key)
    return key


async def _add_key(env: Env, key: Key, *, alias: str = "") -> Key:
    """Store a key with its first material. With `alias`, the key that has it already wins."""
    material = None
    if key.origin != "EXTERNAL":
        material = seal_material(env, key, await new_bytes(env, key.spec))
    return await env.store.transact(
        partial(_write_key, env=env, key=key, material=material, alias=alias)
    )


async def _write_key(tx: Tx, env: Env, key: Key, material: Material | None, alias: str) -> Key:
    if alias:
        found = await alias_rows.select_alias(tx, key.account, alias)
        old_id = found.key_id if found else ""
        old = await rows.select_key(tx, key.account, old_id, region=env.region.name)
        if old is not None:
            return old
        now_us = env.clock.now_us()
        name = Alias(
            account=key.account, name=alias, key_id=key.id, created_us=now_us, updated_us=now_us
        )
        await alias_rows.insert_alias(tx, name)
    held = 0 if alias else await rows.count_keys(tx, key.account)
    if held >= await quota_value(tx, key.account, KEYS_QUOTA):
        raise LimitExceeded(f"The quota {KEYS_QUOTA} of this account is used up: {held} keys.")
    await rows.insert_key(tx, key)
    if material is not None:
        await rows.insert_material(tx, key, material)
    return key


async def managed_key(env: Env, account: AccountId, service: str) -> Key:
    """The key `alias/aws/SERVICE` that a service keeps for an account, made on first use.

    It encrypts only for requests that name the service (`via` of `require_access`).
    """
    alias = f"{ALIAS}aws/{service}"
    found = await alias_rows.select_alias(env.store.reader, account, alias)
    if found is not None:
        key = await rows.select_key(env.store.reader, account, found.key_id, region=env.region.name)
        assert key is not None, "a managed key is never deleted"
        return key
    return await _add_key(env, new_managed_key(env, account, service), alias=alias)


def new_managed_key(env: Env, account: AccountId, service: str) -> Key:
    """The key that `managed_key` would make."""
    return Key(
        account=account,
        region=env.region.name,
        id=env.ids.uuid(),
        description=f"Default key that protects my {service} data when no other key is defined",
        policy=managed_policy(account, env.region.name, service),
        created_us=env.clock.now_us(),
        key_manager="AWS",
    )


def managed_service(env: Env, call: Call, name: str) -> str:
    """The service whose key `alias/aws/…` of the caller's account is; empty for other names."""
    own = f"arn:aws:kms:{env.region.name}:{call.account}:"
    head, _, service = name.removeprefix(own).rpartition("/")
    return service if head == f"{ALIAS}aws" and service in MANAGED_SERVICES else ""


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
    reader = env.store.reader
    if await rows.select_key(reader, account, key_id, region=env.region.name) is None:
        await _add_key(env, key)


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


async def set_key_enabled(env: Env, call: Call, name: str, *, enabled: bool) -> None:
    def change(key: Key) -> Key:
        require_not_deleted(key)
        if key.state is KeyState.PENDING_IMPORT:
            raise KmsInvalidState(f"{key.arn} is pending import.")
        return replace(key, state=KeyState.ENABLED if enabled else KeyState.DISABLED)

    await change_key(env, call, name, change)


async def update_key_description(env: Env, call: Call, name: str, description: str) -> None:
    def change(key: Key) -> Key:
        require_not_deleted(key)
        return replace(key, description=description)

    await change_key(env, call, name, change)


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
    if skip_lockout_check or env.config.test_mode:
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
        require_not_deleted(key)
        tags = {k: v for k, v in {**key.tags, **add}.items() if k not in remove}
        require_tags(tags)
        return replace(key, tags=tags)

    await change_key(env, call, name, change)


def require_tags(tags: Mapping[str, str]) -> None:
    """Raises TagError."""
    if len(tags) > MAX_TAGS:
        raise TagError("Too many tags")
    for name, value in tags.items():
        if not 1 <= len(name) <= 128 or len(value) > 256 or "\x00" in name + value:
            raise TagError("A tag's key has 1 to 128 characters and its value up to 256.")
        if name.lower().startswith("aws:"):
            raise TagError("Tags beginning with aws: are reserved")
