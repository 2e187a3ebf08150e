"""Slack's admin.conversations.* that change channels: any channel, without being in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.errors import VolanoError
from volano.services.chat.logic import channels, deletions, members, oversight, rules
from volano.services.chat.logic.cursors import (
    page_metadata,
    parse_cursor,
    require_limit,
    to_cursor,
)
from volano.services.chat.logic.errors import refused
from volano.wire.action import action
from volano.wire.slack.errors import error_word

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

CHANNEL = "arn:aws:chat:{region}:{account}:channel/{channel_id}"
CHANNELS = "arn:aws:chat:{region}:{account}:channel/*"
MANAGE = "chatadmin:ManageChannels"
DELETE = "chatadmin:DeleteChannels"
KEEP = "chatadmin:KeepRecords"
LIST = "chatadmin:ListChannels"
WRITE = ("admin.conversations:write",)
READ = ("admin.conversations:read",)
MAX_CHANNELS = 100
"""In one call for several."""
MAX_FOUND = 1000


class ChannelArguments(msgspec.Struct, kw_only=True):
    channel_id: str


class NewChannel(msgspec.Struct, kw_only=True):
    name: str
    is_private: bool
    description: str = ""
    team_id: str = ""
    org_wide: bool = False


class NewName(msgspec.Struct, kw_only=True):
    channel_id: str
    name: str


class Invited(msgspec.Struct, kw_only=True):
    channel_id: str
    user_ids: list[str]


class Several(msgspec.Struct, kw_only=True):
    channel_ids: list[str]


class Retention(msgspec.Struct, kw_only=True):
    channel_id: str
    duration_days: int


class Teams(msgspec.Struct, kw_only=True):
    channel_id: str
    team_id: str = ""
    target_team_ids: list[str] = msgspec.field(default_factory=list)
    org_channel: bool = False


class Preferences(msgspec.Struct, kw_only=True):
    channel_id: str
    prefs: dict[str, Any]


class Quiet(msgspec.Struct, kw_only=True):
    last_message_activity_before: int
    team_ids: list[str]
    cursor: str = ""
    limit: int = 0


@action(
    "slack:admin.conversations.create",
    permission=MANAGE,
    resource=CHANNELS,
    scopes=WRITE,
    read_only=False,
    partial="Whoever makes it is in it; `org_wide` is ignored.",
)
async def create(env: Env, call: Call, request: NewChannel) -> Json:
    seen = await channels.create_channel(env, call, request.name, is_private=request.is_private)
    if request.description:
        await channels.set_purpose(env, call, seen.channel.id, request.description)
    return {"channel_id": seen.channel.id}


@action(
    "slack:admin.conversations.archive",
    permission=MANAGE,
    resource=CHANNEL,
    scopes=WRITE,
    read_only=False,
)
async def archive(env: Env, call: Call, request: ChannelArguments) -> None:
    await channels.archive_channel(env, call, request.channel_id, as_administrator=True)


@action(
    "slack:admin.conversations.bulkArchive",
    permission=MANAGE,
    resource=CHANNELS,
    scopes=WRITE,
    read_only=False,
    partial="At most 100 channels; all are archived when the call answers.",
)
async def archive_several(env: Env, call: Call, request: Several) -> Json:
    """What could not be archived is in `not_added` with the reason."""
    return await _each(
        env,
        request,
        lambda channel: channels.archive_channel(env, call, channel, as_administrator=True),
    )


@action(
    "slack:admin.conversations.unarchive",
    permission=MANAGE,
    resource=CHANNEL,
    scopes=WRITE,
    read_only=False,
)
async def unarchive(env: Env, call: Call, request: ChannelArguments) -> None:
    await channels.unarchive_channel(env, call, request.channel_id, as_administrator=True)


@action(
    "slack:admin.conversations.rename",
    permission=MANAGE,
    resource=CHANNEL,
    scopes=WRITE,
    read_only=False,
)
async def rename(env: Env, call: Call, request: NewName) -> None:
    await channels.rename_channel(
        env, call, request.channel_id, request.name, as_administrator=True
    )


@action(
    "slack:admin.conversations.invite",
    permission=MANAGE,
    resource=CHANNEL,
    scopes=WRITE,
    read_only=False,
)
async def invite(env: Env, call: Call, request: Invited) -> None:
    """Add people to a channel; who is in it stays."""
    await members.add_users(env, call, request.channel_id, request.user_ids)


@action(
    "slack:admin.conversations.convertToPrivate",
    permission=MANAGE,
    resource=CHANNEL,
    scopes=WRITE,
    read_only=False,
)
async def convert_to_private(env: Env, call: Call, request: ChannelArguments) -> None:
    await channels.convert_channel(env, call, request.channel_id, is_private=True)


@action(
    "slack:admin.conversations.convertToPublic",
    permission=MANAGE,
    resource=CHANNEL,
    scopes=WRITE,
    read_only=False,
)
async def convert_to_public(env: Env, call: Call, request: ChannelArguments) -> None:
    """Everybody may read all of it from then on."""
    await channels.convert_channel(env, call, request.channel_id, is_private=False)


@action(
    "slack:admin.conversations.delete",
    permission=DELETE,
    resource=CHANNEL,
    scopes=WRITE,
    read_only=False,
)
async def delete(env: Env, call: Call, request: ChannelArguments) -> None:
    """Gone at once, with everything in it; refused while the channel is on legal hold."""
    await deletions.delete_channel(env, call, request.channel_id)


@action(
    "slack:admin.conversations.bulkDelete",
    permission=DELETE,
    resource=CHANNELS,
    scopes=WRITE,
    read_only=False,
    partial="At most 100 channels; all are gone when the call answers.",
)
async def delete_several(env: Env, call: Call, request: Several) -> Json:
    """What could not be deleted is in `not_added` with the reason."""
    return await _each(env, request, lambda channel: deletions.delete_channel(env, call, channel))


@action(
    "slack:admin.conversations.getTeams",
    permission=LIST,
    resource=CHANNEL,
    scopes=READ,
    read_only=True,
)
async def get_teams(env: Env, call: Call, request: ChannelArguments) -> Json:
    """A channel is in its workspace."""
    here, _ = await oversight.get_any_channel(env, call, request.channel_id)
    return {"team_ids": [here.workspace.team_id], **page_metadata("")}


@action(
    "slack:admin.conversations.setTeams",
    permission=MANAGE,
    resource=CHANNEL,
    scopes=WRITE,
    read_only=False,
    partial="An account has one workspace: naming another is refused.",
)
async def set_teams(env: Env, call: Call, request: Teams) -> None:
    here, _ = await oversight.get_any_channel(env, call, request.channel_id)
    named = {request.team_id, *request.target_team_ids} - {"", here.workspace.team_id}
    if named:
        raise refused("team_not_found", "An account has one workspace.")


@action(
    "slack:admin.conversations.getConversationPrefs",
    permission=LIST,
    resource=CHANNEL,
    scopes=READ,
    read_only=True,
)
async def get_preferences(env: Env, call: Call, request: ChannelArguments) -> Json:
    """Every member may post and answer."""
    await oversight.get_any_channel(env, call, request.channel_id)
    everyone: Json = {"type": ["everyone"], "user": []}
    return {"prefs": {"who_can_post": everyone, "can_thread": everyone}}


@action(
    "slack:admin.conversations.setConversationPrefs",
    permission=MANAGE,
    resource=CHANNEL,
    scopes=WRITE,
    read_only=False,
    partial="Channels are open to all their members: any other preference is refused.",
)
async def set_preferences(env: Env, call: Call, request: Preferences) -> None:
    await oversight.get_any_channel(env, call, request.channel_id)
    for name, value in request.prefs.items():
        kinds = value.get("type", []) if isinstance(value, dict) else value
        if kinds not in ("type:everyone", "everyone", ["everyone"]):
            said = f"Volano has no preference {name[:40]} but everyone."
            raise refused("invalid_arguments", said)


@action(
    "slack:admin.conversations.getCustomRetention",
    permission=KEEP,
    resource=CHANNEL,
    scopes=READ,
    read_only=True,
)
async def get_retention(env: Env, call: Call, request: ChannelArguments) -> Json:
    rule = await rules.get_rule(env, call, request.channel_id, as_administrator=True)
    return {
        "is_policy_enabled": rule.retention_days > 0,
        "duration_days": rule.retention_days,
    }


@action(
    "slack:admin.conversations.setCustomRetention",
    permission=KEEP,
    resource=CHANNEL,
    scopes=WRITE,
    read_only=False,
)
async def set_retention(env: Env, call: Call, request: Retention) -> None:
    """Keep messages for so many days."""
    if request.duration_days < 1:
        raise refused("invalid_duration", "Messages are kept for a day or more.")
    await rules.put_retention(
        env, call, request.channel_id, request.duration_days, as_administrator=True
    )


@action(
    "slack:admin.conversations.removeCustomRetention",
    permission=KEEP,
    resource=CHANNEL,
    scopes=WRITE,
    read_only=False,
)
async def remove_retention(env: Env, call: Call, request: ChannelArguments) -> None:
    """Keep messages for ever."""
    await rules.put_retention(env, call, request.channel_id, 0, as_administrator=True)


@action(
    "slack:admin.conversations.lookup",
    permission=LIST,
    resource=CHANNELS,
    scopes=READ,
    read_only=True,
    partial="By activity; `max_member_count` is ignored.",
)
async def look_up(env: Env, call: Call, request: Quiet) -> Json:
    """Ids of channels in which nothing was said since then."""
    page, following = await oversight.list_quiet(
        env,
        call,
        before_us=request.last_message_activity_before * 1_000_000,
        after=parse_cursor("admin-quiet", request.cursor),
        limit=require_limit(request.limit, default=MAX_FOUND, maximum=MAX_FOUND),
    )
    cursor = to_cursor("admin-quiet", following)
    return {"channels": page, "next_cursor": cursor, **page_metadata(cursor)}


async def _each(env: Env, request: Several, act: Callable[[str], Awaitable[object]]) -> Json:
    """Do it to one channel after the other and tell of those that refuse."""
    if not 1 <= len(request.channel_ids) <= MAX_CHANNELS:
        raise refused("invalid_arguments", f"channel_ids names 1 to {MAX_CHANNELS} channels.")
    not_added: list[Json] = []
    for channel in dict.fromkeys(request.channel_ids):
        try:
            await act(channel)
        except VolanoError as error:
            not_added.append({"channel_id": channel, "errors": [error_word(error)]})
    return {"bulk_action_id": env.ids.uuid(), "not_added": not_added}
