"""Slack's usergroups.*."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.logic import groups
from volano.services.chat.logic.groups import Wanted, group_json
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.logic.workspaces import Here
    from volano.services.chat.model import Json
    from volano.services.chat.model.items import UserGroup

GROUPS = "arn:aws:chat:{region}:{account}:usergroup/*"
GROUP = "arn:aws:chat:{region}:{account}:usergroup/{usergroup}"
EDIT = "chat:EditUserGroups"
WRITE = ("usergroups:write",)
READ = ("usergroups:read",)


class GroupArguments(msgspec.Struct, kw_only=True):
    usergroup: str = ""
    name: str | None = None
    handle: str | None = None
    description: str | None = None
    channels: list[str] | None = None
    include_count: bool = False
    team_id: str = ""

    def wanted(self) -> Wanted:
        return Wanted(
            name=self.name,
            handle=self.handle,
            description=self.description,
            channels=self.channels,
        )


class ListGroups(msgspec.Struct, kw_only=True):
    include_users: bool = False
    include_count: bool = False
    include_disabled: bool = False
    team_id: str = ""


class GroupUsers(msgspec.Struct, kw_only=True):
    usergroup: str
    users: list[str] = msgspec.field(default_factory=list)
    include_count: bool = False
    include_disabled: bool = False
    team_id: str = ""


def _shown(found: tuple[Here, UserGroup], *, counted: bool) -> Json:
    here, group = found
    shown = group_json(here.workspace, group, with_users=True, counted=counted)
    return {"usergroup": shown}


@action("slack:usergroups.create", permission=EDIT, resource=GROUPS, scopes=WRITE, read_only=False)
async def create_group(env: Env, call: Call, request: GroupArguments) -> Json:
    made = await groups.create_group(env, call, request.wanted())
    return _shown(made, counted=request.include_count)


@action("slack:usergroups.update", permission=EDIT, resource=GROUP, scopes=WRITE, read_only=False)
async def update_group(env: Env, call: Call, request: GroupArguments) -> Json:
    changed = await groups.update_group(env, call, request.usergroup, request.wanted())
    return _shown(changed, counted=request.include_count)


@action("slack:usergroups.disable", permission=EDIT, resource=GROUP, scopes=WRITE, read_only=False)
async def disable_group(env: Env, call: Call, request: GroupArguments) -> Json:
    changed = await groups.set_enabled(env, call, request.usergroup, enabled=False)
    return _shown(changed, counted=request.include_count)


@action("slack:usergroups.enable", permission=EDIT, resource=GROUP, scopes=WRITE, read_only=False)
async def enable_group(env: Env, call: Call, request: GroupArguments) -> Json:
    changed = await groups.set_enabled(env, call, request.usergroup, enabled=True)
    return _shown(changed, counted=request.include_count)


@action(
    "slack:usergroups.list",
    permission="chat:ListUsers",
    resource=GROUPS,
    scopes=READ,
    read_only=True,
)
async def list_groups(env: Env, call: Call, request: ListGroups) -> Json:
    here, found = await groups.list_groups(env, call, disabled=request.include_disabled)
    shown = [
        group_json(
            here.workspace,
            group,
            with_users=request.include_users,
            counted=request.include_count,
        )
        for group in found
    ]
    return {"usergroups": shown}


@action(
    "slack:usergroups.users.list",
    permission="chat:ListUsers",
    resource=GROUP,
    scopes=READ,
    read_only=True,
)
async def list_group_users(env: Env, call: Call, request: GroupUsers) -> Json:
    group = await groups.get_group(env, call, request.usergroup)
    return {"users": list(group.users)}


@action(
    "slack:usergroups.users.update", permission=EDIT, resource=GROUP, scopes=WRITE, read_only=False
)
async def update_group_users(env: Env, call: Call, request: GroupUsers) -> Json:
    """Replace the group's people."""
    changed = await groups.set_users(env, call, request.usergroup, request.users)
    return _shown(changed, counted=request.include_count)
