"""Slack's admin.users.* about administrators, who comes and goes, and sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.logic import administrators
from volano.services.chat.logic.cursors import page_metadata, parse_cursor, to_cursor
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import Guest
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json
    from volano.services.identity.interface import Session

USER = "arn:aws:chat:{region}:{account}:user/{user_id}"
USERS = "arn:aws:chat:{region}:{account}:user/*"
SET = "chatadmin:SetAdministrators"
REMOVE = "chatadmin:RemoveUsers"
SESSIONS = "chatadmin:EndSessions"
WRITE = ("admin.users:write",)
READ = ("admin.users:read",)


class UserArguments(msgspec.Struct, kw_only=True):
    user_id: str
    team_id: str = ""


class AssignArguments(msgspec.Struct, kw_only=True):
    user_id: str
    team_id: str = ""
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    channel_ids: list[str] = msgspec.field(default_factory=list)


class SessionsOfSeveral(msgspec.Struct, kw_only=True):
    user_ids: list[str]


class SessionArguments(msgspec.Struct, kw_only=True):
    session_id: str
    team_id: str = ""
    user_id: str = ""


class ListArguments(msgspec.Struct, kw_only=True):
    user_id: str = ""
    team_id: str = ""
    cursor: str = ""
    limit: int = 0


@action(
    "slack:admin.users.setAdmin",
    permission=SET,
    resource=USER,
    scopes=WRITE,
    read_only=False,
)
async def set_admin(env: Env, call: Call, request: UserArguments) -> None:
    """A member gets the rights of an administrator of the workplace."""
    await administrators.set_administrator(env, call, request.user_id)


@action(
    "slack:admin.users.setOwner",
    permission=SET,
    resource=USER,
    scopes=WRITE,
    read_only=False,
    partial="Owners are administrators: there is one kind of both.",
)
async def set_owner(env: Env, call: Call, request: UserArguments) -> None:
    """As admin.users.setAdmin."""
    await administrators.set_administrator(env, call, request.user_id)


@action(
    "slack:admin.users.remove",
    permission=REMOVE,
    resource=USER,
    scopes=WRITE,
    read_only=False,
    partial="An account has one workspace: who is removed is switched off, and can be assigned.",
)
async def remove(env: Env, call: Call, request: UserArguments) -> None:
    """Their keys, tokens and sessions stop at once; what they wrote stays."""
    await administrators.remove_user(env, call, request.user_id)


@action(
    "slack:admin.users.assign",
    permission=REMOVE,
    resource=USER,
    scopes=WRITE,
    read_only=False,
    partial="Switches on who was removed; `channel_ids` is for guests.",
)
async def assign(env: Env, call: Call, request: AssignArguments) -> None:
    kind = Guest.MULTI if request.is_restricted else Guest.NO
    await administrators.assign_user(
        env,
        call,
        request.user_id,
        guest=Guest.SINGLE if request.is_ultra_restricted else kind,
        channels=request.channel_ids,
    )


@action(
    "slack:admin.users.session.reset",
    permission=SESSIONS,
    resource=USER,
    scopes=WRITE,
    read_only=False,
    partial="`mobile_only` and `web_only` are ignored; keys and tokens go on.",
)
async def reset_sessions(env: Env, call: Call, request: UserArguments) -> None:
    """Sign somebody out everywhere."""
    await administrators.reset_sessions(env, call, [request.user_id])


@action(
    "slack:admin.users.session.resetBulk",
    permission=SESSIONS,
    resource=USERS,
    scopes=WRITE,
    read_only=False,
    partial="`mobile_only` and `web_only` are ignored; keys and tokens go on.",
)
async def reset_sessions_of_several(env: Env, call: Call, request: SessionsOfSeveral) -> None:
    """Sign people out everywhere."""
    await administrators.reset_sessions(env, call, request.user_ids)


@action(
    "slack:admin.users.session.invalidate",
    permission=SESSIONS,
    resource=USER,
    scopes=WRITE,
    read_only=False,
)
async def invalidate_session(env: Env, call: Call, request: SessionArguments) -> None:
    await administrators.end_session(env, call, request.user_id, request.session_id)


@action(
    "slack:admin.users.session.list",
    permission=SESSIONS,
    resource=USERS,
    scopes=READ,
    read_only=True,
    partial="A page is the sessions of 100 people; `limit` is ignored.",
)
async def list_sessions(env: Env, call: Call, request: ListArguments) -> Json:
    """Open sessions of the console, by person."""
    here = await enter(env, call)
    after = parse_cursor("admin-session", request.cursor)
    found, following = await administrators.list_sessions(env, call, request.user_id, after=after)
    team = here.workspace.team_id
    shown = [_session_json(session, user.id, team) for user, session in found]
    return {"active_sessions": shown, **page_metadata(to_cursor("admin-session", following))}


def _session_json(session: Session, user_id: str, team_id: str) -> Json:
    seen: Json = {
        "device_hardware": "",
        "os": "",
        "os_version": "",
        "slack_client_version": session.user_agent,
        "ip": session.source_ip,
    }
    return {
        "user_id": user_id,
        "session_id": session.id,
        "team_id": team_id,
        "created": seen | {"timestamp": session.created_us // 1_000_000},
        "recent": seen | {"timestamp": session.seen_us // 1_000_000},
    }
