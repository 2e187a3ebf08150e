"""Slack's auth.test, api.test and team.info."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.logic import seats
from volano.services.chat.logic.avatars import TEAM_SIZES, avatar_urls
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.workspaces import enter
from volano.wire.action import PUBLIC, SIGNED_IN, action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json


class NoArguments(msgspec.Struct):
    pass


class TestArguments(msgspec.Struct, kw_only=True):
    error: str = ""
    foo: str | None = None


class TeamArguments(msgspec.Struct, kw_only=True):
    team: str = ""


@action("slack:api.test", permission=PUBLIC, resource="*", read_only=True)
async def api_test(env: Env, call: Call, request: TestArguments) -> Json:
    """Answers what it was given; `error` makes it fail, for clients under test."""
    arguments = {} if request.foo is None else {"foo": request.foo}
    if request.error:
        raise refused(request.error[:100], "You asked for this error.")
    return {"args": arguments}


@action("slack:auth.test", permission=SIGNED_IN, resource="*", read_only=True)
async def auth_test(env: Env, call: Call, request: NoArguments) -> Json:
    """Who the token is."""
    here = await enter(env, call)
    await seats.note_activity(env, here.me)
    found: Json = {
        "url": f"{env.config.console_url}/",
        "team": here.workspace.name,
        "user": here.me.name,
        "team_id": here.workspace.team_id,
        "user_id": here.me.id,
        "is_enterprise_install": False,
    }
    if here.me.is_bot:
        found |= {"bot_id": here.me.bot_id, "app_id": here.me.app_id}
    return found


@action(
    "slack:team.info",
    permission="chat:GetTeam",
    resource="arn:aws:chat:{region}:{account}:team",
    scopes=("team:read",),
    read_only=True,
)
async def team_info(env: Env, call: Call, request: TeamArguments) -> Json:
    """The workspace."""
    here = await enter(env, call)
    return {
        "team": {
            "id": here.workspace.team_id,
            "name": here.workspace.name,
            "url": f"{env.config.console_url}/",
            "domain": env.config.public_host,
            "email_domain": "",
            "icon": {"image_default": True, **avatar_urls(env, here.workspace.team_id, TEAM_SIZES)},
            "avatar_base_url": f"{env.config.console_url}/",
            "is_verified": False,
        }
    }
