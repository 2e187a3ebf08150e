"""Messages that one person sees: told live, and kept for a day so that their buttons work."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.chat.logic.live import Told, keep_for, send
from volano.services.chat.logic.payloads import message_json
from volano.services.chat.model import parse_ts, to_ts
from volano.services.chat.model.apps import Ephemeral
from volano.services.chat.store import views as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Tx
    from volano.services.chat.logic.workspaces import Here
    from volano.services.chat.model import Channel, Json, Message

KEEP_US = 24 * 3600 * 1_000_000


async def keep_ephemeral(
    env: Env, here: Here, channel: Channel, composed: Message, user_id: str, thread_ts: str
) -> Ephemeral:
    """Keep a composed message for one person and tell them."""
    ts_us = env.clock.now_us()
    shown = message_json(here.workspace, composed) | {
        "ts": to_ts(ts_us),
        "channel": channel.id,
        "is_ephemeral": True,
    }
    if thread_ts:
        shown["thread_ts"] = thread_ts
    item = Ephemeral(
        channel_id=channel.id,
        ts_us=ts_us,
        user_id=user_id,
        account=channel.account,
        author=here.me.id,
        app_id=here.me.app_id,
        message=shown,
    )

    async def write(tx: Tx) -> Told:
        await rows.upsert_ephemeral(tx, item)
        event = shown | {"event_ts": to_ts(ts_us)}
        return await keep_for(tx, env, channel.account, user_id, event)

    await send(env, await env.store.transact(write))
    return item


async def replace_ephemeral(env: Env, here: Here, item: Ephemeral, composed: Message) -> None:
    """Put another message in its place."""
    shown = message_json(here.workspace, composed) | {
        "ts": to_ts(item.ts_us),
        "channel": item.channel_id,
        "is_ephemeral": True,
    }

    event: Json = {
        "type": "message",
        "subtype": "message_changed",
        "channel": item.channel_id,
        "is_ephemeral": True,
        "message": shown,
        "ts": to_ts(env.clock.now_us()),
    }

    async def write(tx: Tx) -> Told:
        await rows.upsert_ephemeral(tx, replace(item, message=shown))
        return await keep_for(tx, env, item.account, item.user_id, event)

    await send(env, await env.store.transact(write))


async def drop_ephemeral(env: Env, item: Ephemeral) -> None:
    """Take it away."""

    event: Json = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": item.channel_id,
        "is_ephemeral": True,
        "deleted_ts": to_ts(item.ts_us),
        "ts": to_ts(env.clock.now_us()),
    }

    async def write(tx: Tx) -> Told:
        await rows.delete_ephemeral(tx, item)
        return await keep_for(tx, env, item.account, item.user_id, event)

    await send(env, await env.store.transact(write))


async def find_ephemeral(
    reader: Reader, channel_id: str, user_id: str, ts: str
) -> Ephemeral | None:
    """Raises message_not_found for what is no timestamp."""
    return await rows.find_ephemeral(
        reader, channel_id, user_id, parse_ts(ts, code="message_not_found")
    )


async def remove_old_ephemerals(env: Env) -> None:
    before_us = env.clock.now_us() - KEEP_US

    async def write(tx: Tx) -> None:
        await rows.delete_old_ephemerals(tx, before_us)
        await rows.delete_old_views(tx, before_us)

    await env.store.transact(write)
