"""Writing a message's row and telling those who are there: shared by people's posts and the
workplace's own (joined, left, renamed).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.services.chat.logic import seats
from volano.services.chat.logic.live import Told, keep_in_channel, send
from volano.services.chat.logic.payloads import message_json
from volano.services.chat.model import Channel, Message, MessagePosted
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import messages as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.chat.logic.workspaces import Here


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message where it stands; `is_new` is False for a repeat."""

    here: Here
    channel: Channel
    message: Message
    is_new: bool = True
    told: tuple[Told, ...] = ()
    """The live events, to be sent after the commit."""


async def find_posted(tx: Tx, here: Here, message: Message) -> Posted | None:
    """What the same person posted before under the same `client_msg_id`."""
    if not message.client_msg_id:
        return None
    sent = await rows.find_sent(tx, here.me.id, message.client_msg_id)
    if sent is None:
        return None
    channel = await channel_rows.find_channel(tx, sent.account, sent.channel_id)
    assert channel is not None, sent.channel_id
    return Posted(here=here, channel=channel, message=sent, is_new=False)


async def insert(tx: Tx, env: Env, here: Here, channel: Channel, message: Message) -> Posted:
    """Give the message its `ts`, write it, count it in its thread and publish the events."""
    ts_us = await channel_rows.take_ts(tx, channel.id, env.clock.now_us())
    message = replace(message, channel_id=channel.id, ts_us=ts_us)
    await rows.insert_message(tx, message)
    if message.thread_us:
        await rows.add_reply(tx, channel.id, message.thread_us, ts_us)
    tx.publish(MessagePosted(account=channel.account, channel=channel.id, ts_us=ts_us))
    event = message_json(here.workspace, message) | {"event_ts": message.ts}
    told = await keep_in_channel(tx, env, channel, event)
    return Posted(here=here, channel=channel, message=message, told=(told,))


async def insert_notice(
    tx: Tx,
    env: Env,
    here: Here,
    channel: Channel,
    *,
    subtype: str,
    text: str,
    user_id: str = "",
    body: Mapping[str, object] | None = None,
) -> Posted:
    """The workplace's own message about a channel (`channel_join` ...); not for retrieval."""
    message = Message(
        channel_id=channel.id,
        ts_us=0,
        account=channel.account,
        user_id=user_id or here.me.id,
        subtype=subtype,
        text=text,
        body=body or {},
        indexed=True,
    )
    return await insert(tx, env, here, channel, message)


async def announce(env: Env, posted: Posted) -> None:
    """Tell those who are in the channel now; call it after the commit."""
    here = posted.here
    if posted.message.user_id == here.me.id:
        seats.remember(env, here.me)
    await send(env, *posted.told)
