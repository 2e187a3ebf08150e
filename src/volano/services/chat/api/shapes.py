"""What several methods share: kinds of conversations in `types`, and pages of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.logic import channels
from volano.services.chat.logic.cursors import page_metadata, to_cursor
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.payloads import channel_json
from volano.services.chat.model import ChannelKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Env
    from volano.services.chat.logic.channels import Seen
    from volano.services.chat.model import Json

CHANNEL = "arn:aws:chat:{region}:{account}:channel/{channel}"
CHANNELS = "arn:aws:chat:{region}:{account}:channel/*"

LOCALE = "en-US"
"""Slack's answer for people and workspaces whose language was never set."""

_PLACES = ("channels", "groups", "im", "mpim")
READ_SCOPES = tuple(f"{place}:read" for place in _PLACES)
HISTORY_SCOPES = tuple(f"{place}:history" for place in _PLACES)
DIRECT_SCOPES = ("im:write", "mpim:write", "channels:manage", "groups:write")
MANAGE_SCOPES = ("channels:manage", "channels:write", "groups:write", "im:write", "mpim:write")
JOIN_SCOPES = ("channels:join", "channels:write")
TOPIC_SCOPES = ("channels:write.topic", "groups:write.topic", "im:write.topic", *MANAGE_SCOPES)
"""A method that serves several kinds of conversations takes any of their scopes, as in Slack."""

_KINDS = {
    "public_channel": ChannelKind.PUBLIC,
    "private_channel": ChannelKind.PRIVATE,
    "im": ChannelKind.IM,
    "mpim": ChannelKind.MPIM,
}


def parse_kinds(types: Sequence[str]) -> list[ChannelKind]:
    """Slack's `types`; public channels when empty. Raises `invalid_types`."""
    unknown = [name for name in types if name not in _KINDS]
    if unknown:
        raise refused("invalid_types", f"{unknown[0][:40]!r} is no type of conversation.")
    return [_KINDS[name] for name in dict.fromkeys(types)] or [ChannelKind.PUBLIC]


async def channel_page(
    env: Env, page: Sequence[Seen], following: str, *, counted: bool = True
) -> Json:
    """`channels` with their members counted, and the cursor of the next page."""
    counts = await channels.count_members(env, [seen.channel.id for seen in page])
    shown = [seen_json(seen, counts.get(seen.channel.id, 0) if counted else None) for seen in page]
    return {"channels": shown, **page_metadata(to_cursor("channel", following))}


def seen_json(seen: Seen, num_members: int | None = None) -> Json:
    """A channel as its seer sees it; direct conversations do not tell how many they are."""
    return channel_json(
        seen.here.workspace,
        seen.channel,
        me=seen.here.me.id,
        member=seen.member,
        num_members=None if seen.channel.kind is ChannelKind.IM else num_members,
    )
