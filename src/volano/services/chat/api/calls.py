"""Slack's calls.*: calls that take place elsewhere and are shown here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.chat.logic import app_calls
from volano.services.chat.model.items import AppCall
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

POST = "chat:PostMessage"
CHANNELS = "arn:aws:chat:{region}:{account}:channel/*"
WRITE = ("calls:write",)
READ = ("calls:read",)


class NewCall(msgspec.Struct, kw_only=True):
    external_unique_id: str = ""
    join_url: str = ""
    created_by: str = ""
    date_start: int = 0
    desktop_app_join_url: str = ""
    external_display_id: str = ""
    title: str = ""
    users: list[dict[str, Any]] = msgspec.field(default_factory=list)


class CallArguments(msgspec.Struct, kw_only=True):
    id: str = ""


class CallChange(msgspec.Struct, kw_only=True):
    id: str = ""
    join_url: str = ""
    desktop_app_join_url: str = ""
    title: str = ""


class People(msgspec.Struct, kw_only=True):
    id: str = ""
    users: list[dict[str, Any]] = msgspec.field(default_factory=list)


def _shown(item: AppCall) -> Json:
    found: Json = {
        "id": item.id,
        "date_start": item.began_us // 1_000_000,
        "external_unique_id": item.external_id,
        "join_url": item.join_url,
        "desktop_app_join_url": item.desktop_url,
        "external_display_id": item.display_id,
        "title": item.title,
        "users": list(item.users),
    }
    return {"call": found | ({"date_end": item.ended_us // 1_000_000} if item.ended_us else {})}


@action("slack:calls.add", permission=POST, resource=CHANNELS, scopes=WRITE, read_only=False)
async def add(env: Env, call: Call, request: NewCall) -> Json:
    """Tell of a call; a `call` block in a message shows it."""
    wanted = AppCall(
        id="",
        account="",
        app_id="",
        external_id=request.external_unique_id,
        join_url=request.join_url,
        desktop_url=request.desktop_app_join_url,
        display_id=request.external_display_id,
        title=request.title,
        creator=request.created_by,
        users=tuple(request.users),
        began_us=request.date_start * 1_000_000,
    )
    return _shown(await app_calls.add_call(env, call, wanted))


@action("slack:calls.info", permission=POST, resource=CHANNELS, scopes=READ, read_only=True)
async def info(env: Env, call: Call, request: CallArguments) -> Json:
    return _shown(await app_calls.get_call(env, call, request.id))


@action("slack:calls.update", permission=POST, resource=CHANNELS, scopes=WRITE, read_only=False)
async def update(env: Env, call: Call, request: CallChange) -> Json:
    changed = await app_calls.update_call(
        env,
        call,
        request.id,
        join_url=request.join_url,
        desktop_url=request.desktop_app_join_url,
        title=request.title,
    )
    return _shown(changed)


@action(
    "slack:calls.end",
    permission=POST,
    resource=CHANNELS,
    scopes=WRITE,
    read_only=False,
    partial="`duration` is ignored: the call ends now.",
)
async def end(env: Env, call: Call, request: CallArguments) -> None:
    await app_calls.end_call(env, call, request.id)


@action(
    "slack:calls.participants.add",
    permission=POST,
    resource=CHANNELS,
    scopes=WRITE,
    read_only=False,
)
async def add_people(env: Env, call: Call, request: People) -> None:
    await app_calls.add_people(env, call, request.id, request.users)


@action(
    "slack:calls.participants.remove",
    permission=POST,
    resource=CHANNELS,
    scopes=WRITE,
    read_only=False,
)
async def remove_people(env: Env, call: Call, request: People) -> None:
    await app_calls.remove_people(env, call, request.id, request.users)
