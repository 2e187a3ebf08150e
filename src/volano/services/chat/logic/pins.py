"""Pins: messages that a channel keeps in view."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.chat.logic.access import get_joined, get_readable
from volano.services.chat.logic.errors import conflict, refused
from volano.services.chat.logic.history import permalink, to_json
from volano.services.chat.logic.live import Told, keep_in_channel, send
from volano.services.chat.logic.messages import get_message
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model import to_ts
from volano.services.chat.model.apps import WorkspaceTold
from volano.services.chat.model.items import Pin
from volano.services.chat.store import items as rows
from volano.services.chat.store import messages as message_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Channel, Json, Message

MAX_PINS = 100
"""Of one channel, as in Slack."""


async def add_pin(env: Env, call: Call, channel_id: str, ts: str) -> None:
    """Raises already_pinned, too_many_pins and message_not_found."""
    here = await enter(env, call)

    async def write(tx: Tx) -> Told:
        channel, message = await _message(tx, here, channel_id, ts)
        if len(await rows.select_pins(tx, channel.id)) >= MAX_PINS:
            raise conflict("too_many_pins", f"A channel has at most {MAX_PINS} pins.")
        pin = Pin(
            channel_id=channel.id,
            ts_us=message.ts_us,
            user_id=here.me.id,
            pinned_us=env.clock.now_us(),
        )
        if not await rows.insert_pin(tx, pin):
            raise conflict("already_pinned", "The message is pinned already.")
        return await _tell(tx, env, here, channel, message, "pin_added")

    await send(env, await env.store.transact(write))


async def remove_pin(env: Env, call: Call, channel_id: str, ts: str) -> None:
    """Raises no_pin and message_not_found."""
    here = await enter(env, call)

    async def write(tx: Tx) -> Told:
        channel, message = await _message(tx, here, channel_id, ts)
        if not await rows.delete_pin(tx, channel.id, message.ts_us):
            raise conflict("no_pin", "The message is not pinned.")
        return await _tell(tx, env, here, channel, message, "pin_removed")

    await send(env, await env.store.transact(write))


async def _message(tx: Tx, here: Here, channel_id: str, ts: str) -> tuple[Channel, Message]:
    channel, _ = await get_joined(tx, here.me, channel_id)
    if not ts:
        raise refused("no_item_specified", "timestamp is needed.")
    return channel, await get_message(tx, channel, ts)


async def _tell(
    tx: Tx, env: Env, here: Here, channel: Channel, message: Message, what: str
) -> Told:
    now_us = env.clock.now_us()
    item: Json = {
        "type": "message",
        "channel": channel.id,
        "created": now_us // 1_000_000,
        "created_by": here.me.id,
        "message": {"type": "message", "user": message.user_id, "ts": message.ts},
    }
    told: Json = {
        "type": what,
        "user": here.me.id,
        "channel_id": channel.id,
        "item": item,
        "item_user": message.user_id,
        "event_ts": to_ts(now_us),
    }
    tx.publish(WorkspaceTold(account=channel.account, channel=channel.id, what=json.dumps(told)))
    return await keep_in_channel(tx, env, channel, told)


async def list_pins(env: Env, call: Call, channel_id: str) -> list[Json]:
    """What is pinned, the newest first, as Slack's items."""
    here = await enter(env, call)
    reader = env.store.reader
    channel, _ = await get_readable(reader, here.me, channel_id)
    found: list[Json] = []
    for pin in await rows.select_pins(reader, channel.id):
        message = await message_rows.find_message(reader, channel.id, pin.ts_us)
        if message is None or message.subtype == "tombstone":
            continue
        shown = (await to_json(env, here, channel, [message]))[0]
        created = pin.pinned_us // 1_000_000
        found.append(
            {
                "type": "message",
                "channel": channel.id,
                "created": created,
                "created_by": pin.user_id,
                "message": shown
                | {
                    "pinned_to": [channel.id],
                    "permalink": permalink(env, channel.id, pin.ts_us, message.thread_us),
                },
            }
        )
    return found
