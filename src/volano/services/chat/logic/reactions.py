"""Emoji on messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.chat.logic.access import find_readable, get_readable
from volano.services.chat.logic.errors import conflict
from volano.services.chat.logic.history import permalink, to_json
from volano.services.chat.logic.live import Told, keep_in_channel, send
from volano.services.chat.logic.messages import get_message
from volano.services.chat.logic.names import require_emoji
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import Channel, Json, Message, ReactionChanged, to_ts
from volano.services.chat.store import messages as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_EMOJI = 50
"""Different emoji on one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    """A message as JSON, with its reactions, in its channel."""

    channel: Channel
    message: Json


async def add_reaction(env: Env, call: Call, channel_id: str, ts: str, name: str) -> None:
    """Raises already_reacted, too_many_emoji, invalid_name and message_not_found."""
    await _change(env, call, channel_id, ts, require_emoji(name), added=True)


async def remove_reaction(env: Env, call: Call, channel_id: str, ts: str, name: str) -> None:
    """Raises no_reaction, invalid_name and message_not_found."""
    await _change(env, call, channel_id, ts, require_emoji(name), added=False)


async def _change(
    env: Env, call: Call, channel_id: str, ts: str, name: str, *, added: bool
) -> None:
    here = await enter(env, call)

    async def write(tx: Tx) -> Told:
        channel, _ = await get_readable(tx, here.me, channel_id)
        if channel.archived:
            raise conflict("is_archived", "The channel is archived.")
        message = await get_message(tx, channel, ts)
        at_us = env.clock.now_us()
        if added:
            await _add(tx, message, name, here.me.id, at_us)
        elif not await rows.delete_reaction(tx, channel.id, message.ts_us, name, here.me.id):
            raise conflict("no_reaction", "You did not give this reaction.")
        tx.publish(
            ReactionChanged(
                account=call.account,
                channel=channel.id,
                ts_us=message.ts_us,
                name=name,
                user=here.me.id,
                item_user=message.user_id,
                added=added,
                at_us=at_us,
            )
        )
        event = reaction_event(
            channel.id, message, name=name, user=here.me.id, added=added, at_us=at_us
        )
        return await keep_in_channel(tx, env, channel, event)

    await send(env, await env.store.transact(write))


async def _add(tx: Tx, message: Message, name: str, user_id: str, at_us: int) -> None:
    there = await rows.select_reactions(tx, message.channel_id, [message.ts_us])
    names = {item.name for item in there.get(message.ts_us, ())}
    if name not in names and len(names) >= MAX_EMOJI:
        raise conflict("too_many_emoji", f"A message has at most {MAX_EMOJI} kinds of emoji.")
    if not await rows.insert_reaction(tx, message.channel_id, message.ts_us, name, user_id, at_us):
        raise conflict("already_reacted", "You gave this reaction already.")


def reaction_event(
    channel_id: str, message: Message, *, name: str, user: str, added: bool, at_us: int
) -> Json:
    """Slack's `reaction_added` or `reaction_removed`."""
    return {
        "type": "reaction_added" if added else "reaction_removed",
        "user": user,
        "reaction": name,
        "item": {"type": "message", "channel": channel_id, "ts": message.ts},
        "item_user": message.user_id,
        "event_ts": to_ts(at_us),
    }


async def get_reactions(env: Env, call: Call, channel_id: str, ts: str) -> Reacted:
    """The message with its reactions. Raises message_not_found."""
    here = await enter(env, call)
    channel, _ = await get_readable(env.store.reader, here.me, channel_id)
    message = await get_message(env.store.reader, channel, ts)
    shown = await to_json(env, here, channel, [message])
    return _reacted(env, channel, message, shown[0])


def _reacted(env: Env, channel: Channel, message: Message, shown: Json) -> Reacted:
    link = permalink(env, channel.id, message.ts_us, message.thread_us)
    return Reacted(channel=channel, message=shown | {"permalink": link})


async def list_reactions(
    env: Env, call: Call, user_id: str, *, before_us: int, limit: int
) -> tuple[list[Reacted], int]:
    """Messages on which a user reacted and which the caller may read, newest reaction first, and
    when the last of them was given (0 at the end).
    """
    here = await enter(env, call)
    reader = env.store.reader
    found = await rows.select_reacted(
        reader, user_id or here.me.id, before_us=before_us, limit=limit + 1
    )
    shown: list[Reacted] = []
    for channel_id, ts_us, _ in found[:limit]:
        readable = await find_readable(reader, here.me, channel_id)
        message = await rows.find_message(reader, channel_id, ts_us)
        if readable is not None and message is not None:
            made = await to_json(env, here, readable[0], [message])
            shown.append(_reacted(env, readable[0], message, made[0]))
    return shown, found[limit - 1][2] if len(found) > limit else 0
