"""Who may read what: the one place that decides, for history, files, live events and the copilot.

A member reads the channel. A person also reads every public channel of the workspace; a bot does
not. A guest neither reads nor knows of any channel without being in it, nor of any person without
being in a channel with them. Nothing here is cached: every request asks the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.logic.errors import (
    NotInChannel,
    UserNotFound,
    WrongChannelType,
    channel_not_found,
    denied,
)
from volano.services.chat.model import Channel, ChannelKind, ChatUser, Member
from volano.services.chat.store import access as rows
from volano.services.chat.store import channels as channel_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader


async def readable_channels(
    reader: Reader, user: ChatUser, *, without: Sequence[str] = ()
) -> list[str]:
    """Ids of every channel that the user may read now; at most MAX_SCOPES, the newest first."""
    found = await rows.select_readable(
        reader, user.account, user.id, reads_public=user.reads_public
    )
    return [channel for channel in found if channel not in without]


async def channels_for_audience(
    reader: Reader, channel: Channel, *, besides: Sequence[str]
) -> list[str]:
    """Ids of the channels that everyone who reads `channel` may read.

    Everyone in the workspace may read a public channel, so only public ones qualify for it; a bot
    or guest that is a member must be a member there too. `besides` are users that do not count:
    the copilot.
    """
    if channel.kind is ChannelKind.PUBLIC:
        return await rows.select_for_everyone(reader, channel.account, channel.id, besides)
    return await rows.select_for_members(reader, channel.account, channel.id, besides)


async def find_readable(
    reader: Reader, user: ChatUser, channel_id: str
) -> tuple[Channel, Member | None] | None:
    """The channel and the user's membership, or None when the user may not read it."""
    found = await channel_rows.find_channel_with_member(reader, user.account, channel_id, user.id)
    if found is None:
        return None
    channel, member = found
    if member is None and not (channel.kind is ChannelKind.PUBLIC and user.reads_public):
        return None
    return found


async def get_readable(
    reader: Reader, user: ChatUser, channel_id: str
) -> tuple[Channel, Member | None]:
    """As `find_readable`; raises ChannelNotFound, or NotInChannel where the user may know of it."""
    found = await find_readable(reader, user, channel_id)
    if found is not None:
        return found
    await get_visible(reader, user, channel_id)
    raise NotInChannel("You are not in this channel; join it first.")


async def get_visible(
    reader: Reader, user: ChatUser, channel_id: str
) -> tuple[Channel, Member | None]:
    """A channel that the user may know of: its name and topic. Raises ChannelNotFound."""
    found = await channel_rows.find_channel_with_member(reader, user.account, channel_id, user.id)
    if found is None:
        raise channel_not_found(channel_id)
    channel, member = found
    if member is None and (channel.kind is not ChannelKind.PUBLIC or user.is_guest):
        raise channel_not_found(channel_id)
    return found


async def known_people(reader: Reader, user: ChatUser) -> set[str] | None:
    """Ids of those whom the user may know of; None for everybody."""
    return await rows.select_known(reader, user.id) if user.is_guest else None


async def only_known(reader: Reader, user: ChatUser, others: Sequence[ChatUser]) -> list[ChatUser]:
    """Those of the others whom the user may know of."""
    known = await known_people(reader, user)
    return [other for other in others if known is None or other.id in known]


async def require_known(reader: Reader, user: ChatUser, other_id: str) -> None:
    """Raises UserNotFound for somebody whom the user may not know of."""
    if not user.is_guest or user.id == other_id:
        return
    if not await rows.shares_channel(reader, user.id, other_id):
        raise UserNotFound(f"There is no user {other_id[:80]}.")


def require_regular(user: ChatUser) -> None:
    """Raises user_is_restricted for what guests never do: open channels, invite, add apps."""
    if user.is_guest:
        raise denied("user_is_restricted", "Guests cannot do this; ask somebody who invited you.")


async def get_joined(reader: Reader, user: ChatUser, channel_id: str) -> tuple[Channel, Member]:
    """A channel that the user is a member of. Raises ChannelNotFound and NotInChannel."""
    channel, member = await get_visible(reader, user, channel_id)
    if member is None:
        raise NotInChannel("You are not in this channel; join it first.")
    return channel, member


async def get_any(reader: Reader, user: ChatUser, channel_id: str) -> tuple[Channel, Member | None]:
    """Any channel of the workspace, for actions whose permission is an administrator's.

    Raises ChannelNotFound, and WrongChannelType for direct conversations.
    """
    found = await channel_rows.find_channel_with_member(reader, user.account, channel_id, user.id)
    if found is None:
        raise channel_not_found(channel_id)
    require_not_direct(found[0])
    return found


def require_not_direct(channel: Channel) -> None:
    """Raises WrongChannelType for direct messages."""
    if channel.kind.is_direct:
        raise WrongChannelType("A direct conversation has no such thing.")


def channel_arn(region: str, account: str, channel: str) -> str:
    return f"arn:aws:chat:{region}:{account}:channel/{channel}"
