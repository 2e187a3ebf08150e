"""Groups: policies for several users at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.identity.logic.access import forget
from volano.services.identity.logic.names import (
    cut_page,
    parse_marker,
    require_name,
    require_page_size,
    require_path,
)
from volano.services.identity.logic.quotas import require_iam_quota
from volano.services.identity.logic.users import get_user
from volano.services.identity.model.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    NoSuchEntity,
)
from volano.services.identity.model.principals import Group, User
from volano.services.identity.store import groups as rows
from volano.services.identity.store import policies as policy_rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx

MAX_GROUP_NAME = 128


async def create_group(env: Env, call: Call, name: str, *, path: str = "/") -> Group:
    require_name(name, field="groupName", limit=MAX_GROUP_NAME)
    require_path(path, bare=env.config.test_mode)
    group = Group(
        id=env.ids.unique("AGPA", 17),
        account=call.account,
        name=name,
        path=path,
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        if await rows.is_group_name_taken(tx, call.account, name):
            raise EntityAlreadyExists(f"Group with name {name} already exists.")
        used = await rows.count_groups(tx, call.account)
        await require_iam_quota(tx, call.account, "iam.groups", used)
        await rows.insert_group(tx, group)

    await env.store.transact(write)
    return group


async def get_group(reader: Reader, account: str, name: str) -> Group:
    """By exact name; raises NoSuchEntity."""
    group = await rows.find_group_by_name(reader, account, name)
    if group is None:
        raise NoSuchEntity(f"The group with name {name[:128]} cannot be found.")
    return group


async def list_members(
    env: Env, call: Call, name: str, *, marker: str | None = None, max_items: int | None = None
) -> tuple[Group, list[User], str | None]:
    """A group and a page of its users."""
    reader, limit = env.store.reader, require_page_size(max_items)
    group = await get_group(reader, call.account, name)
    found = await rows.select_member_ids(
        reader, group.id, after=parse_marker(marker), limit=limit + 1
    )
    ids, following = cut_page(found, limit, lambda row: row[1])
    users = [await user_rows.find_user(reader, user_id) for user_id, _ in ids]
    return group, [user for user in users if user is not None], following


async def list_groups(
    env: Env,
    call: Call,
    *,
    path_prefix: str = "/",
    marker: str | None = None,
    max_items: int | None = None,
) -> tuple[list[Group], str | None]:
    limit = require_page_size(max_items)
    found = await rows.select_groups(
        env.store.reader,
        call.account,
        path_prefix=path_prefix,
        after=parse_marker(marker),
        limit=limit + 1,
    )
    return cut_page(found, limit, lambda group: group.name.lower())


async def list_groups_of(
    env: Env, call: Call, user_name: str, *, marker: str | None, max_items: int | None
) -> tuple[list[Group], str | None]:
    reader, limit = env.store.reader, require_page_size(max_items)
    user = await get_user(reader, call.account, user_name)
    found = await rows.select_groups_of(
        reader, user.id, after=parse_marker(marker), limit=limit + 1
    )
    return cut_page(found, limit, lambda group: group.name.lower())


async def update_group(
    env: Env, call: Call, name: str, *, new_name: str | None, new_path: str | None
) -> None:
    if new_name is not None:
        require_name(new_name, field="newGroupName", limit=MAX_GROUP_NAME)
    if new_path is not None:
        require_path(new_path, field="newPath", bare=env.config.test_mode)

    async def write(tx: Tx) -> None:
        group = await get_group(tx, call.account, name)
        renamed = new_name is not None and new_name.lower() != name.lower()
        if renamed and await rows.is_group_name_taken(tx, call.account, new_name or ""):
            raise EntityAlreadyExists(f"Group with name {new_name} already exists.")
        await rows.update_group(
            tx, replace(group, name=new_name or group.name, path=new_path or group.path)
        )

    await env.store.transact(write)
    forget(env)


async def delete_group(env: Env, call: Call, name: str) -> None:
    """Raises DeleteConflict while it has users or policies."""

    async def write(tx: Tx) -> None:
        group = await get_group(tx, call.account, name)
        if await rows.select_member_ids(tx, group.id, limit=1):
            raise DeleteConflict("Cannot delete entity, must remove users from group first.")
        if await policy_rows.select_attached_arns(tx, group.id):
            raise DeleteConflict("Cannot delete entity, must detach all policies first.")
        if await policy_rows.select_inline(tx, group.id):
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
        await rows.delete_group(tx, group.id)

    await env.store.transact(write)
    forget(env)


async def add_user_to_group(env: Env, call: Call, name: str, user_name: str) -> None:
    """A user who is in the group already stays in it."""

    async def write(tx: Tx) -> None:
        group = await get_group(tx, call.account, name)
        user = await get_user(tx, call.account, user_name)
        known = await rows.select_groups_of(tx, user.id, limit=1000)
        if group.id in {one.id for one in known}:
            return
        await require_iam_quota(tx, call.account, "iam.groups-per-user", len(known))
        await rows.insert_membership(tx, user.id, group.id)

    await env.store.transact(write)
    forget(env)


async def remove_user_from_group(env: Env, call: Call, name: str, user_name: str) -> None:
    async def write(tx: Tx) -> None:
        group = await get_group(tx, call.account, name)
        user = await get_user(tx, call.account, user_name)
        if not await rows.delete_membership(tx, user.id, group.id):
            raise NoSuchEntity(f"User {user_name} is not in group {name}.")

    await env.store.transact(write)
    forget(env)
