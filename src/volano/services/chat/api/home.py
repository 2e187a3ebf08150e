"""What the console's chat needs and Slack's API does not offer: everything at once, live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.chat.logic import workspaces
from volano.services.chat.logic.errors import WrongTokenType
from volano.services.chat.logic.home import get_home
from volano.services.chat.logic.live import TOPIC, resume, topic_of
from volano.services.chat.logic.presence import note_listening
from volano.services.chat.logic.workspaces import enter
from volano.wire.action import action
from volano.wire.rest.live import Resumed, live_topic

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env


class NoFields(msgspec.Struct):
    pass


class ChatChannel(msgspec.Struct, kw_only=True):
    """A channel of the caller. `channel` and `latest` have Slack's shape."""

    channel: dict[str, Any]
    unread: int
    latest: dict[str, Any] | None


class ChatHome(msgspec.Struct, kw_only=True):
    """`topic` is for `/volano/v1/live`; users and channels have Slack's shape."""

    team: dict[str, Any]
    user: dict[str, Any]
    topic: str
    copilot: dict[str, Any]
    channels: list[ChatChannel]
    users: list[dict[str, Any]]


@action(
    "volano:getChatHome",
    method="GET",
    path="/volano/v1/chat/me",
    permission="chat:ListChannels",
    resource="arn:aws:chat:{region}:{account}:channel/*",
)
async def get_chat_home(env: Env, call: Call, request: NoFields) -> ChatHome:
    """The caller's workplace: team, user, people, channels with what is unread, live topic."""
    home = await get_home(env, call)
    return ChatHome(
        team=home.team,
        user=home.user,
        topic=home.topic,
        copilot=home.copilot,
        channels=[
            ChatChannel(channel=item.channel, unread=item.unread, latest=item.latest)
            for item in home.channels
        ],
        users=home.users,
    )


class CopilotSetting(msgspec.Struct, kw_only=True):
    enabled: bool


@action(
    "volano:setCopilot",
    method="PUT",
    path="/volano/v1/chat/copilot",
    permission="chatadmin:SetCopilot",
    resource="arn:aws:chat:{region}:{account}:copilot",
)
async def set_copilot(env: Env, call: Call, request: CopilotSetting) -> CopilotSetting:
    """Switch the copilot on or off for everyone in the workspace."""
    workspace = await workspaces.set_copilot(env, call, enabled=request.enabled)
    return CopilotSetting(enabled=workspace.copilot_enabled)


async def catch_up(env: Env, call: Call, since: dict[str, int]) -> Resumed:
    """What the caller missed."""
    return Resumed(*await resume(env, call, since))


@live_topic(TOPIC, resume=catch_up)
async def hear(env: Env, call: Call, topic: str) -> str:
    """One's own events: a bot and an assumed role have none."""
    if topic != TOPIC:
        return ""
    try:
        here = await enter(env, call)
    except WrongTokenType:
        return ""
    note_listening(env, call.account, here.me.id)
    return topic_of(call.account, here.me.id)
