"""Slack's users.profile.*, users.setPresence and dnd.*."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.chat.logic import profiles
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.payloads import user_json
from volano.services.chat.logic.profiles import quiet_json, with_profile
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

USER = "arn:aws:chat:{region}:{account}:user/{user}"
USERS = "arn:aws:chat:{region}:{account}:user/*"
SET = "chat:SetProfile"
READ = "chat:GetUser"
MAX_DND_USERS = 50


class ProfileArguments(msgspec.Struct, kw_only=True):
    user: str = ""
    include_labels: bool = False


class SetProfile(msgspec.Struct, kw_only=True):
    user: str = ""
    profile: dict[str, Any] | None = None
    name: str = ""
    value: str = ""


class PresenceArguments(msgspec.Struct, kw_only=True):
    presence: str = ""


class UserArguments(msgspec.Struct, kw_only=True):
    user: str = ""
    team_id: str = ""


class TeamArguments(msgspec.Struct, kw_only=True):
    users: list[str] = msgspec.field(default_factory=list)
    team_id: str = ""


class SnoozeArguments(msgspec.Struct, kw_only=True):
    num_minutes: int = 0


class NoArguments(msgspec.Struct):
    pass


@action(
    "slack:users.profile.get",
    permission=READ,
    resource=USER,
    scopes=("users.profile:read",),
    read_only=True,
)
async def get_profile(env: Env, call: Call, request: ProfileArguments) -> Json:
    here, user, profile = await profiles.get_profile(env, call, request.user)
    shown = with_profile(env, user_json(here.workspace, user), profile)
    return {"profile": _with_fields(shown["profile"])}


def _with_fields(profile: object) -> Json:
    """A profile asked for by itself always has its own fields, be there none."""
    assert isinstance(profile, dict)
    return {"fields": {}, **profile}


@action(
    "slack:users.profile.set",
    permission=SET,
    resource=USER,
    scopes=("users.profile:write",),
    read_only=False,
)
async def set_profile(env: Env, call: Call, request: SetProfile) -> Json:
    changes = request.profile
    if changes is None:
        if not request.name:
            raise refused("invalid_profile", "profile, or name and value, is needed.")
        changes = {request.name: request.value}
    here, user, profile = await profiles.set_profile(env, call, request.user, changes)
    shown = with_profile(env, user_json(here.workspace, user), profile)
    return {"username": user.name, "profile": _with_fields(shown["profile"])}


@action(
    "slack:users.setPresence",
    permission=SET,
    resource=USERS,
    scopes=("users:write",),
    read_only=False,
)
async def set_presence(env: Env, call: Call, request: PresenceArguments) -> None:
    if request.presence not in ("auto", "away"):
        raise refused("invalid_presence", "presence is auto or away.")
    await profiles.set_away(env, call, away=request.presence == "away")


@action("slack:users.setActive", permission=SET, resource=USERS, read_only=False)
async def set_active(env: Env, call: Call, request: NoArguments) -> None:
    """Kept by Slack for old clients: it does nothing."""


@action("slack:dnd.info", permission=READ, resource=USER, scopes=("dnd:read",), read_only=True)
async def dnd_info(env: Env, call: Call, request: UserArguments) -> Json:
    _, user, _ = await profiles.get_profile(env, call, request.user)
    found = await profiles.quiet_until(env, call, [user.id])
    return quiet_json(env, found[user.id])


@action("slack:dnd.teamInfo", permission=READ, resource=USERS, scopes=("dnd:read",), read_only=True)
async def dnd_team_info(env: Env, call: Call, request: TeamArguments) -> Json:
    if len(request.users) > MAX_DND_USERS:
        raise refused("too_many_users", f"At most {MAX_DND_USERS} users are asked for at once.")
    found = await profiles.quiet_until(env, call, request.users)
    shown = {user: quiet_json(env, until) for user, until in found.items()}
    names = ("dnd_enabled", "next_dnd_start_ts", "next_dnd_end_ts")
    return {"users": {user: {n: item[n] for n in names} for user, item in shown.items()}}


@action(
    "slack:dnd.setSnooze", permission=SET, resource=USERS, scopes=("dnd:write",), read_only=False
)
async def set_snooze(env: Env, call: Call, request: SnoozeArguments) -> Json:
    if request.num_minutes < 1:
        raise refused("missing_duration", "num_minutes is needed.")
    shown = quiet_json(env, await profiles.snooze(env, call, request.num_minutes))
    return {name: shown[name] for name in _SNOOZE}


_SNOOZE = ("snooze_enabled", "snooze_endtime", "snooze_remaining", "snooze_is_indefinite")


@action(
    "slack:dnd.endSnooze", permission=SET, resource=USERS, scopes=("dnd:write",), read_only=False
)
async def end_snooze(env: Env, call: Call, request: NoArguments) -> Json:
    return quiet_json(env, await profiles.snooze(env, call, 0))


@action("slack:dnd.endDnd", permission=SET, resource=USERS, scopes=("dnd:write",), read_only=False)
async def end_dnd(env: Env, call: Call, request: NoArguments) -> None:
    await profiles.snooze(env, call, 0)
