"""Messages of the workplace's own bots (copilot, assistants, approvals): they are no apps.

A button on one is told by an event to the service that speaks through the bot, which rewrites its
message when it has done what was pressed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.ids import AccountId
from volano.services.chat.logic.access import find_readable
from volano.services.chat.logic.app_posts import (
    be_bot,
    post_as_bot,
    replace_message,
    show_as_bot,
)
from volano.services.chat.logic.blocks import require_blocks
from volano.services.chat.logic.elements import find_element, state_of, taken_action
from volano.services.chat.logic.ephemerals import find_ephemeral, replace_ephemeral
from volano.services.chat.logic.live import tell_channel
from volano.services.chat.logic.members import open_direct_as
from volano.services.chat.logic.messages import (
    Draft,
    changed_json,
    compose,
    require_text,
)
from volano.services.chat.logic.mrkdwn import escape_text
from volano.services.chat.logic.streams import DONE, GROWING, STATE
from volano.services.chat.logic.workspaces import add_bot, enter
from volano.services.chat.model import MessageChanged, Pressed, to_ts
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import messages as message_rows
from volano.services.chat.store import users as user_rows
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.logic.workspaces import Here
    from volano.services.chat.model import Channel, ChatUser, Message


async def may_read(env: Env, call: Call, channel_id: str) -> bool:
    """Whether the caller is where the channel can be read."""
    here = await enter(env, call)
    return await find_readable(env.store.reader, here.me, channel_id) is not None


async def tell_own(
    env: Env,
    here: Here,
    *,
    bot_id: str,
    where: tuple[str, str],
    pressed: tuple[str, str],
    choice: Mapping[str, object],
    state: Mapping[str, object],
    blocks: list[object],
) -> None:
    """Publish a press on a message of an own bot.

    `where` is channel and `ts`, `pressed` block and action id, as the browser says; the element
    itself is taken from `blocks`, what was posted.
    """
    element = find_element(blocks, *pressed)
    action = taken_action(element, choice)
    event = Pressed(
        account=here.workspace.account,
        bot_id=bot_id,
        user_id=here.me.id,
        channel=where[0],
        ts=where[1],
        action_id=str(action["action_id"]),
        value=str(action.get("value") or ""),
        action=action,
        state=state_of(blocks, state),
    )

    async def write(tx: Tx) -> None:
        tx.publish(event)

    await env.store.transact(write)


async def find_presser(env: Env, event: Pressed) -> Call | None:
    """A call as whoever pressed, by the rights that they have now; None when they are gone."""
    user = await user_rows.find_user(env.store.reader, event.account, event.user_id)
    principal = await identity.find_principal(env.store.reader, user.principal_id) if user else None
    return system_call(env, AccountId(event.account)).acting_as(principal) if principal else None


async def find_own_author(env: Env, account: str, message: Mapping[str, object]) -> ChatUser | None:
    """The bot that wrote a message, when it is the workplace's own and no app."""
    author = await user_rows.find_user(env.store.reader, account, str(message.get("user") or ""))
    if author is None or not author.is_bot:
        return None
    is_app = await user_rows.find_app(env.store.reader, author.app_id) is not None
    return None if is_app else author


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """What a message says from now on; `only_for` is the person who alone sees it, '' for all."""

    channel: str
    ts_us: int
    text: str
    blocks: Sequence[object]
    only_for: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A message while it is written: all of its text so far."""

    channel: str
    ts_us: int
    text: str
    finished: bool


async def rewrite_own(env: Env, account: str, bot_id: str, rewritten: Rewritten) -> None:
    """Put something else in the place of an own bot's message; one that is gone stays gone."""
    here = await be_bot(env, account, bot_id)
    blocks = require_blocks(env, rewritten.blocks)
    draft = Draft(channel=rewritten.channel, text=rewritten.text, blocks=blocks)
    ts = to_ts(rewritten.ts_us)
    if not rewritten.only_for:
        if await message_rows.find_message(env.store.reader, rewritten.channel, rewritten.ts_us):
            await replace_message(env, here, rewritten.channel, ts, draft)
        return
    found = await find_ephemeral(env.store.reader, rewritten.channel, rewritten.only_for, ts)
    if found is not None:
        await replace_ephemeral(env, here, found, compose(env, here, draft))


async def grow_own(env: Env, account: str, bot_id: str, grown: Grown) -> None:
    """Put more of what a bot is writing into its message, which does not count as edited.

    What hears of messages hears of it once, when it is `finished`. One that is gone stays gone.
    """
    here = await be_bot(env, account, bot_id)

    async def write(tx: Tx) -> tuple[Channel, Message, Message] | None:
        channel = await channel_rows.find_channel(tx, account, grown.channel)
        old = await message_rows.find_message(tx, grown.channel, grown.ts_us)
        if channel is None or old is None or old.user_id != bot_id:
            return None
        body = {**old.body, STATE: DONE if grown.finished else GROWING}
        changed = replace(old, text=require_text(grown.text), body=body)
        await message_rows.update_message(tx, changed)
        if grown.finished:
            tx.publish(
                MessageChanged(
                    account=account,
                    channel=channel.id,
                    ts_us=old.ts_us,
                    edited_us=env.clock.now_us(),
                    previous=old.text,
                )
            )
        return channel, changed, old

    found = await env.store.transact(write)
    if found is not None:
        channel, changed, old = found
        await tell_channel(env, channel, changed_json(here, changed, old))


async def show_to(
    env: Env, account: str, bot_id: str, channel: str, user_id: str, text: str
) -> None:
    """An own bot says a plain text to one person alone."""
    await show_draft(env, account, bot_id, user_id, Draft(channel=channel, text=escape_text(text)))


async def show_draft(env: Env, account: str, bot_id: str, user_id: str, draft: Draft) -> str:
    """An own bot shows a message to one person alone, also where it is no member; its `ts`."""
    here = await be_bot(env, account, bot_id)
    return to_ts((await show_as_bot(env, here, user_id, draft)).ts_us)


async def add_own_bot(tx: Tx, env: Env, account: str, name: str, title: str) -> ChatUser:
    """A new own bot that everybody can mention and write to, in the caller's transaction."""
    bot = await add_bot(tx, env, account, name, title)
    await user_rows.upsert_user(tx, bot)
    return bot


async def remove_own_bot(tx: Tx, account: str, bot_id: str) -> None:
    """It is gone from the workplace; what it said stays."""
    bot = await user_rows.find_user(tx, account, bot_id)
    if bot is not None:
        await user_rows.upsert_user(tx, replace(bot, deleted=True))


async def write_to(
    env: Env, account: str, bot_id: str, user_id: str, draft: Draft
) -> tuple[str, int]:
    """An own bot writes to one person directly; returns the conversation and the message's stamp.

    `draft.channel` is not looked at. A `client_msg_id` makes repeating harmless.
    """
    here = await be_bot(env, account, bot_id)
    if draft.client_msg_id:
        known = await message_rows.find_sent(env.store.reader, bot_id, draft.client_msg_id)
        if known is not None:
            return known.channel_id, known.ts_us
    joined = await open_direct_as(env, here, [user_id])
    posted = await post_as_bot(env, here, replace(draft, channel=joined.channel.id))
    return joined.channel.id, posted.message.ts_us
