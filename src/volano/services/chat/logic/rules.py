"""Retention and legal hold of channels.

A retention removes messages older than so many days, with their files' shares and what they said
before. While a legal hold is on nothing goes, and what people delete or change is kept aside.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.chat.logic.access import get_any, get_visible
from volano.services.chat.logic.errors import conflict, refused
from volano.services.chat.logic.live import Told, send
from volano.services.chat.logic.messages import remove_in
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model.rules import MAX_RETENTION_DAYS, ChannelRule
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import desk as desk_rows
from volano.services.chat.store import messages as message_rows
from volano.services.chat.store import rules as rows
from volano.services.chat.store import workspaces as workspace_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Channel, Message
    from volano.services.chat.model.desk import Revision

DAY_US = 24 * 3600 * 1_000_000
BATCH = 200
MAX_REASON_CHARACTERS = 500


async def get_rule(
    env: Env, call: Call, channel_id: str, *, as_administrator: bool = False
) -> ChannelRule:
    """The rule of a channel that the caller may know of, or of any for an administrator."""
    here = await enter(env, call)
    get = get_any if as_administrator else get_visible
    channel, _ = await get(env.store.reader, here.me, channel_id)
    return await rows.find_rule(env.store.reader, call.account, channel.id)


async def put_retention(
    env: Env, call: Call, channel_id: str, days: int, *, as_administrator: bool = False
) -> ChannelRule:
    """Keep messages for so many days, 0 for ever. Raises invalid_arguments, channel_on_hold."""
    here = await enter(env, call)
    get = get_any if as_administrator else get_visible
    channel, _ = await get(env.store.reader, here.me, channel_id)
    if not 0 <= days <= MAX_RETENTION_DAYS:
        raise refused("invalid_arguments", f"Retention is 0 to {MAX_RETENTION_DAYS} days.")

    async def write(tx: Tx) -> ChannelRule:
        rule = await rows.find_rule(tx, call.account, channel.id)
        if rule.held_us:
            raise conflict("channel_on_hold", "The channel is on legal hold; release it first.")
        changed = replace(rule, retention_days=days)
        await rows.upsert_rule(tx, changed)
        return changed

    return await env.store.transact(write)


async def put_hold(env: Env, call: Call, channel_id: str, *, held: bool, why: str) -> ChannelRule:
    """Put a channel on legal hold, or release it. Raises invalid_arguments without a reason."""
    here = await enter(env, call)
    channel, _ = await get_visible(env.store.reader, here.me, channel_id)
    if held and not 1 <= len(why.strip()) <= MAX_REASON_CHARACTERS:
        raise refused("invalid_arguments", "A legal hold needs a reason of at most 500 characters.")

    async def write(tx: Tx) -> ChannelRule:
        rule = await rows.find_rule(tx, call.account, channel.id)
        changed = replace(
            rule,
            held_us=env.clock.now_us() if held else 0,
            held_by=here.me.id if held else "",
            held_why=why.strip() if held else "",
        )
        await rows.upsert_rule(tx, changed)
        return changed

    return await env.store.transact(write)


async def list_deleted(env: Env, call: Call, channel_id: str) -> list[tuple[int, Revision]]:
    """What was deleted in a channel since its legal hold began, for those who keep it."""
    here = await enter(env, call)
    channel, _ = await get_visible(env.store.reader, here.me, channel_id)
    return await desk_rows.select_deleted(env.store.reader, channel.id)


async def remove_expired(env: Env) -> int:
    """Remove what is older than its channel's retention; how many messages went."""
    removed = 0
    for rule in await rows.select_limited(env.store.reader):
        channel = await channel_rows.find_channel(env.store.reader, rule.account, rule.channel_id)
        before_us = env.clock.now_us() - rule.retention_days * DAY_US
        if channel is not None:
            removed += await remove_before(env, channel, before_us)
    return removed


async def remove_before(env: Env, channel: Channel, before_us: int) -> int:
    """Remove the oldest messages from before then, at most BATCH; how many there were."""
    expired = await message_rows.select_before(
        env.store.reader, channel.id, before_us=before_us, limit=BATCH
    )
    for message in expired:
        if not await _remove_one(env, channel, message):
            break
    return len(expired)


async def _remove_one(env: Env, channel: Channel, message: Message) -> bool:
    """False when a legal hold came meanwhile. A thread stays as a grave until its replies went."""
    at_us = env.clock.now_us()
    workspace = await workspace_rows.find_workspace(env.store.reader, channel.account)
    assert workspace is not None

    async def write(tx: Tx) -> list[Told] | None:
        if await rows.is_held(tx, channel.id):
            return None
        current = await message_rows.find_message(tx, channel.id, message.ts_us)
        if current is None:
            return []
        await desk_rows.delete_revisions(tx, channel.id, message.ts_us)
        return await remove_in(tx, env, workspace, channel, current, at_us=at_us)

    told = await env.store.transact(write)
    await send(env, *told or ())
    return told is not None
