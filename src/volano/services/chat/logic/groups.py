"""User groups: people who are mentioned together (`<!subteam^S…>`)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.services.chat.logic.access import known_people, require_regular
from volano.services.chat.logic.errors import conflict, refused
from volano.services.chat.logic.names import slug_of
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model import to_ts
from volano.services.chat.model.apps import WorkspaceTold
from volano.services.chat.model.items import UserGroup
from volano.services.chat.store import groups as rows
from volano.services.chat.store import users as user_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json, Workspace

MAX_GROUP_USERS = 1000
MAX_NAME_CHARACTERS = 100
_HANDLE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of a group; None leaves a part as it is."""

    name: str | None = None
    handle: str | None = None
    description: str | None = None
    channels: Sequence[str] | None = None


async def create_group(env: Env, call: Call, wanted: Wanted) -> tuple[Here, UserGroup]:
    """Raises missing_subteam_name, name_already_exists, handle_already_exists, bad_handle."""
    here = await enter(env, call)
    require_regular(here.me)
    if not wanted.name:
        raise refused("missing_subteam_name", "name is needed.")
    handle = wanted.handle or slug_of(wanted.name)
    now_us = env.clock.now_us()
    made = UserGroup(
        id=env.ids.slack("S"),
        account=call.account,
        name=wanted.name,
        handle=handle,
        description=wanted.description or "",
        channels=tuple(wanted.channels or ()),
        created_by=here.me.id,
        updated_by=here.me.id,
        created_us=now_us,
        updated_us=now_us,
    )

    async def write(tx: Tx) -> None:
        await _require(tx, made)
        await rows.upsert_group(tx, made)
        _tell(tx, env, here, made, "subteam_created")

    await env.store.transact(write)
    return here, made


async def _require(tx: Tx, group: UserGroup) -> None:
    if not 1 <= len(group.name) <= MAX_NAME_CHARACTERS or "\x00" in group.name:
        raise refused("name_too_long", f"A name has 1 to {MAX_NAME_CHARACTERS} characters.")
    if not _HANDLE.match(group.handle):
        raise refused("bad_handle", "A handle has a-z, 0-9, '.', '_' and '-' only.")
    for other in await rows.select_groups(tx, group.account):
        if other.id == group.id:
            continue
        if other.name.lower() == group.name.lower():
            raise conflict("name_already_exists", "Another group has this name.")
        if other.handle == group.handle:
            raise conflict("handle_already_exists", "Another group has this handle.")


def _tell(tx: Tx, env: Env, here: Here, group: UserGroup, what: str) -> None:
    told: Json = {
        "type": what,
        "subteam": group_json(here.workspace, group, with_users=True),
        "event_ts": to_ts(env.clock.now_us()),
    }
    tx.publish(WorkspaceTold(account=group.account, what=json.dumps(told)))


async def _change(env: Env, call: Call, group_id: str, **changes: object) -> tuple[Here, UserGroup]:
    here = await enter(env, call)
    require_regular(here.me)

    async def write(tx: Tx) -> UserGroup:
        old = await rows.find_group(tx, call.account, group_id)
        if old is None:
            raise refused("no_such_subteam", f"There is no user group {group_id[:40]}.")
        group = replace(
            old,
            updated_by=here.me.id,
            updated_us=env.clock.now_us(),
            **changes,  # type: ignore[arg-type]
        )
        await _require(tx, group)
        await rows.upsert_group(tx, group)
        _tell(tx, env, here, group, "subteam_updated")
        _tell_members(tx, here, old, group)
        return group

    return here, await env.store.transact(write)


async def update_group(
    env: Env, call: Call, group_id: str, wanted: Wanted
) -> tuple[Here, UserGroup]:
    """Change what is given. Raises no_such_subteam and what making one raises."""
    parts = {
        "name": wanted.name,
        "handle": wanted.handle,
        "description": wanted.description,
        "channels": None if wanted.channels is None else tuple(wanted.channels),
    }
    given = {name: value for name, value in parts.items() if value is not None}
    return await _change(env, call, group_id, **given)


async def set_enabled(
    env: Env, call: Call, group_id: str, *, enabled: bool
) -> tuple[Here, UserGroup]:
    return await _change(env, call, group_id, disabled_us=0 if enabled else env.clock.now_us())


async def set_users(
    env: Env, call: Call, group_id: str, users: Sequence[str]
) -> tuple[Here, UserGroup]:
    """These and nobody else. Raises invalid_users and no_users_provided."""
    wanted = list(dict.fromkeys(users))
    if not wanted:
        raise refused("no_users_provided", "users names nobody.")
    if len(wanted) > MAX_GROUP_USERS:
        raise refused("user_limit_exceeded", f"A group has at most {MAX_GROUP_USERS} people.")
    known = await user_rows.select_users_by_id(env.store.reader, call.account, wanted)
    if len(known) < len(wanted):
        raise refused("invalid_users", "Somebody of users is not in the workspace.")
    return await _change(env, call, group_id, users=tuple(wanted))


def _tell_members(tx: Tx, here: Here, old: UserGroup, group: UserGroup) -> None:
    """`subteam_members_changed`, when people came or went."""
    added = [user for user in group.users if user not in old.users]
    removed = [user for user in old.users if user not in group.users]
    if not (added or removed):
        return
    told: Json = {
        "type": "subteam_members_changed",
        "subteam_id": group.id,
        "team_id": here.workspace.team_id,
        "date_previous_update": old.updated_us // 1_000_000,
        "date_update": group.updated_us // 1_000_000,
        "added_users": added,
        "added_users_count": len(added),
        "removed_users": removed,
        "removed_users_count": len(removed),
        "event_ts": to_ts(group.updated_us),
    }
    tx.publish(WorkspaceTold(account=group.account, what=json.dumps(told)))


async def get_group(env: Env, call: Call, group_id: str) -> UserGroup:
    """Raises no_such_subteam."""
    here = await enter(env, call)
    found = await rows.find_group(env.store.reader, call.account, group_id)
    if found is None:
        raise refused("no_such_subteam", f"There is no user group {group_id[:40]}.")
    return _as_known(found, await known_people(env.store.reader, here.me))


async def list_groups(env: Env, call: Call, *, disabled: bool) -> tuple[Here, list[UserGroup]]:
    here = await enter(env, call)
    found = await rows.select_groups(env.store.reader, call.account)
    known = await known_people(env.store.reader, here.me)
    return here, [_as_known(group, known) for group in found if disabled or not group.disabled_us]


def _as_known(group: UserGroup, known: set[str] | None) -> UserGroup:
    """The group with those of its people whom the asker may know of."""
    if known is None:
        return group
    return replace(group, users=tuple(user for user in group.users if user in known))


def group_json(
    workspace: Workspace, group: UserGroup, *, with_users: bool = False, counted: bool = True
) -> Json:
    """Slack's usergroup object."""
    found: Json = {
        "id": group.id,
        "team_id": workspace.team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": group.description,
        "handle": group.handle,
        "is_external": False,
        "date_create": group.created_us // 1_000_000,
        "date_update": group.updated_us // 1_000_000,
        "date_delete": group.disabled_us // 1_000_000,
        "auto_type": None,
        "auto_provision": False,
        "enterprise_subteam_id": "",
        "created_by": group.created_by,
        "updated_by": group.updated_by,
        "deleted_by": group.updated_by if group.disabled_us else None,
        "prefs": {"channels": list(group.channels), "groups": []},
        "channel_count": len(group.channels),
    }
    if with_users:
        found["users"] = list(group.users)
    if counted:
        found["user_count"] = len(group.users)
    return found
