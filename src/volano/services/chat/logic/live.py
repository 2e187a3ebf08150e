"""Live events: one signal per member right after the commit.

A topic is `chat:ACCOUNT:USER` and carries Slack-shaped events; only that user may listen to it.
Signals are hints: a client that missed some reads its channels anew (`GET /volano/v1/chat/me`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.logic.payloads import CHANNEL_TYPES
from volano.services.chat.store import channels as channel_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from volano.kernel.call import Env
    from volano.services.chat.model import Channel, Json

MAX_LISTENERS = 10_000
"""Members of one channel that are told live; the others see it at their next look."""


def topic_of(account: str, user_id: str) -> str:
    return f"chat:{account}:{user_id}"


def tell_users(env: Env, account: str, users: Iterable[str], event: Json) -> None:
    """Send one event to each of these users."""
    payload = msgspec.json.encode(event)
    for user in users:
        env.events.signal(topic_of(account, user), payload)


async def tell_channel(env: Env, channel: Channel, event: Json) -> None:
    """Send an event to every member; `channel` and `channel_type` are filled in."""
    members = await channel_rows.select_members(
        env.store.reader, channel.id, after="", limit=MAX_LISTENERS
    )
    full = {"channel": channel.id, "channel_type": CHANNEL_TYPES[channel.kind], **event}
    tell_users(env, channel.account, members, full)
