"""What a person has not read yet, in one answer; and who has read a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.chat.logic.access import get_readable
from volano.services.chat.logic.history import FOREVER_US, to_json
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import ChannelKind, Json
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import desk as desk_rows
from volano.services.chat.store import messages as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

MAX_CHANNELS = 500
MAX_SHOWN_CHANNELS = 60
MAX_PER_CHANNEL = 30
MAX_READERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Unread messages of a channel as Slack's JSON, oldest first; `more` when there are others."""

    channel_id: str
    messages: list[Json]
    more: bool


async def list_unread(env: Env, call: Call) -> list[Unread]:
    """Channels of the caller with unread messages, the liveliest last message first."""
    here = await enter(env, call)
    reader = env.store.reader
    channels = await channel_rows.select_of_member(
        reader, here.me.id, kinds=list(ChannelKind), archived=False, after="", limit=MAX_CHANNELS
    )
    members = await channel_rows.select_memberships(
        reader, here.me.id, [channel.id for channel in channels]
    )
    waiting = [
        channel
        for channel in sorted(channels, key=lambda item: -item.last_ts_us)
        if channel.id in members and channel.last_ts_us > members[channel.id].last_read_us
    ]
    found: list[Unread] = []
    for channel in waiting:
        page = await rows.select_history(
            reader,
            channel.id,
            after_us=members[channel.id].last_read_us,
            before_us=FOREVER_US,
            limit=MAX_PER_CHANNEL + 1,
        )
        shown = [item for item in page if not item.subtype.startswith("channel_")]
        if shown:
            messages = await to_json(env, here, channel, shown[:MAX_PER_CHANNEL][::-1])
            more = len(page) > MAX_PER_CHANNEL
            found.append(Unread(channel_id=channel.id, messages=messages, more=more))
        if len(found) == MAX_SHOWN_CHANNELS:
            break
    return found


async def list_readers(env: Env, call: Call, channel_id: str) -> list[tuple[str, int]]:
    """People in the channel and the `ts` up to which each has read; 500 at most."""
    here = await enter(env, call)
    channel, _ = await get_readable(env.store.reader, here.me, channel_id)
    return await desk_rows.select_readers(env.store.reader, channel.id, limit=MAX_READERS)
