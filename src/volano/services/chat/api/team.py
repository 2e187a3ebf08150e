"""Slack's team.* besides team.info, users.identity and openid.connect.userInfo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.shapes import LOCALE
from volano.services.chat.logic.profiles import show_users
from volano.services.chat.logic.workspaces import enter
from volano.wire.action import SIGNED_IN, action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

TEAM = "arn:aws:chat:{region}:{account}:team"


class NoArguments(msgspec.Struct):
    pass


@action(
    "slack:team.profile.get",
    permission="chat:GetTeam",
    resource=TEAM,
    scopes=("users.profile:read",),
    read_only=True,
    partial="A workspace has no profile fields of its own.",
)
async def team_profile(env: Env, call: Call, request: NoArguments) -> Json:
    await enter(env, call)
    return {"profile": {"fields": [], "sections": []}}


@action(
    "slack:team.preferences.list",
    permission="chat:GetTeam",
    resource=TEAM,
    scopes=("team.preferences:read",),
    read_only=True,
)
async def team_preferences(env: Env, call: Call, request: NoArguments) -> Json:
    await enter(env, call)
    return {
        "msg_edit_window_mins": -1,
        "allow_message_deletion": True,
        "display_real_names": True,
        "disable_file_uploads": "allow_all",
        "who_can_post_general": "everyone",
    }


@action(
    "slack:team.billing.info",
    permission="chat:GetTeam",
    resource=TEAM,
    scopes=("team.billing:read",),
    read_only=True,
)
async def team_billing(env: Env, call: Call, request: NoArguments) -> Json:
    """Everything is there for everyone."""
    await enter(env, call)
    return {"plan": "enterprise"}


@action("slack:users.identity", permission=SIGNED_IN, resource="*", read_only=True)
async def users_identity(env: Env, call: Call, request: NoArguments) -> Json:
    """Who the token's person is ("Sign in with Slack" of before OpenID)."""
    here = await enter(env, call)
    user: Json = {"id": here.me.id, "name": here.me.real_name, "email": here.me.email}
    profile = (await show_users(env, here, [here.me]))[0]["profile"]
    assert isinstance(profile, dict)
    user |= {name: url for name, url in profile.items() if name.startswith("image_")}
    return {"user": user, "team": {"id": here.workspace.team_id, "name": here.workspace.name}}


@action(
    "slack:openid.connect.userInfo",
    permission=SIGNED_IN,
    resource="*",
    scopes=("openid",),
    read_only=True,
)
async def openid_user_info(env: Env, call: Call, request: NoArguments) -> Json:
    """Who signed in with OpenID Connect."""
    here = await enter(env, call)
    team_id = here.workspace.team_id
    return {
        "sub": here.me.id,
        "https://slack.com/user_id": here.me.id,
        "https://slack.com/team_id": team_id,
        "email": here.me.email,
        "email_verified": bool(here.me.email),
        "date_email_verified": here.me.updated_us // 1_000_000,
        "name": here.me.real_name,
        "given_name": here.me.real_name.partition(" ")[0],
        "family_name": here.me.real_name.partition(" ")[2],
        "locale": LOCALE,
        "https://slack.com/team_name": here.workspace.name,
        "https://slack.com/team_domain": env.config.public_host,
    }
