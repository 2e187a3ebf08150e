"""Instance profiles: how an instance gets a role. One role each, as in IAM."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.identity.logic.names import (
    cut_page,
    parse_marker,
    require_name,
    require_page_size,
    require_path,
    require_tags,
)
from volano.services.identity.logic.quotas import require_iam_quota
from volano.services.identity.logic.roles import get_role
from volano.services.identity.model.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    LimitExceeded,
    NoSuchEntity,
)
from volano.services.identity.model.principals import InstanceProfile, Role
from volano.services.identity.store import roles as rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx

ProfileWithRole = tuple[InstanceProfile, Role | None]


async def create_instance_profile(
    env: Env, call: Call, name: str, *, path: str = "/", tags: Mapping[str, str] | None = None
) -> InstanceProfile:
    require_name(name, field="instanceProfileName", limit=128)
    require_path(path, bare=env.config.test_mode)
    require_tags(tags or {})
    profile = InstanceProfile(
        id=env.ids.unique("AIPA", 17),
        account=call.account,
        name=name,
        path=path,
        role_id=None,
        tags=dict(tags or {}),
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        if await rows.is_instance_profile_name_taken(tx, call.account, name):
            raise EntityAlreadyExists(f"Instance Profile {name} already exists.")
        used = await rows.count_instance_profiles(tx, call.account)
        await require_iam_quota(tx, call.account, "iam.instance-profiles", used)
        await rows.insert_instance_profile(tx, profile)

    await env.store.transact(write)
    return profile


async def get_instance_profile(reader: Reader, account: str, name: str) -> ProfileWithRole:
    """A profile by exact name and its role, if it has one; raises NoSuchEntity."""
    profile = await rows.find_instance_profile(reader, account, name)
    if profile is None:
        raise NoSuchEntity(f"Instance Profile {name[:128]} cannot be found.")
    return await _with_role(reader, profile)


async def _with_role(reader: Reader, profile: InstanceProfile) -> ProfileWithRole:
    role = await rows.find_role(reader, profile.role_id) if profile.role_id else None
    return profile, role


async def list_instance_profiles(
    env: Env,
    call: Call,
    *,
    path_prefix: str = "/",
    marker: str | None = None,
    max_items: int | None = None,
) -> tuple[list[ProfileWithRole], str | None]:
    reader, limit = env.store.reader, require_page_size(max_items)
    found = await rows.select_instance_profiles(
        reader,
        call.account,
        path_prefix=path_prefix,
        after=parse_marker(marker),
        limit=limit + 1,
    )
    page, following = cut_page(found, limit, lambda profile: profile.name.lower())
    return [await _with_role(reader, profile) for profile in page], following


async def list_instance_profiles_of(
    env: Env, call: Call, role_name: str, *, marker: str | None, max_items: int | None
) -> tuple[list[ProfileWithRole], str | None]:
    reader, limit = env.store.reader, require_page_size(max_items)
    role = await get_role(reader, call.account, role_name)
    found = await rows.select_instance_profiles_of(
        reader, role.id, after=parse_marker(marker), limit=limit + 1
    )
    page, following = cut_page(found, limit, lambda profile: profile.name.lower())
    return [(profile, role) for profile in page], following


async def add_role_to_profile(env: Env, call: Call, name: str, role_name: str) -> None:
    async def write(tx: Tx) -> None:
        profile, _ = await get_instance_profile(tx, call.account, name)
        role = await get_role(tx, call.account, role_name)
        if profile.role_id is not None:
            raise LimitExceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
        await rows.update_instance_profile(tx, replace(profile, role_id=role.id))

    await env.store.transact(write)


async def remove_role_from_profile(env: Env, call: Call, name: str, role_name: str) -> None:
    async def write(tx: Tx) -> None:
        profile, role = await get_instance_profile(tx, call.account, name)
        if role is None or role.name != role_name:
            raise NoSuchEntity(f"The role with name {role_name[:128]} cannot be found.")
        await rows.update_instance_profile(tx, replace(profile, role_id=None))

    await env.store.transact(write)


async def delete_instance_profile(env: Env, call: Call, name: str) -> None:
    """Raises DeleteConflict while it has a role."""

    async def write(tx: Tx) -> None:
        profile, role = await get_instance_profile(tx, call.account, name)
        if role is not None:
            raise DeleteConflict(
                "Cannot delete entity, must remove roles from instance profile first."
            )
        await rows.delete_instance_profile(tx, profile.id)

    await env.store.transact(write)


async def tag_instance_profile(
    env: Env, call: Call, name: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    async def write(tx: Tx) -> None:
        profile, _ = await get_instance_profile(tx, call.account, name)
        tags = {k: v for k, v in {**profile.tags, **add}.items() if k not in remove}
        require_tags(tags)
        await rows.update_instance_profile(tx, replace(profile, tags=tags))

    await env.store.transact(write)
