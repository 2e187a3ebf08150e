"""What apps post without being a member: answers to a command or button, incoming webhooks.

Whoever gave them the address (a response URL, a webhook) decided where they may post.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.chat.logic.ephemerals import keep_ephemeral
from volano.services.chat.logic.errors import (
    IsArchived,
    MessageNotFound,
    channel_not_found,
    denied,
    refused,
)
from volano.services.chat.logic.indexing import forget_message
from volano.services.chat.logic.live import Told, keep_in_channel, send
from volano.services.chat.logic.messages import (
    Draft,
    changed_json,
    compose,
    get_message,
    is_for_copilot,
    remove_in,
    thread_of,
)
from volano.services.chat.logic.posting import Posted, announce, find_posted, insert
from volano.services.chat.logic.workspaces import Here, get_workspace
from volano.services.chat.model import Channel, MessageChanged
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import messages as rows
from volano.services.chat.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Tx
    from volano.services.chat.model import Json, Message
    from volano.services.chat.model.apps import Ephemeral


async def be_bot(env: Env, account: str, user_id: str) -> Here:
    """The workspace as a bot sees it. Raises account_inactive when the bot was removed."""
    bot = await user_rows.find_user(env.store.reader, account, user_id)
    if bot is None or bot.deleted:
        raise denied("account_inactive", "The app's bot was removed.")
    return Here(workspace=await get_workspace(env, account), me=bot)


async def _open_channel(reader: Reader, account: str, channel_id: str) -> Channel:
    channel = await channel_rows.find_channel(reader, account, channel_id)
    if channel is None:
        raise channel_not_found(channel_id)
    if channel.archived:
        raise IsArchived("The channel is archived.", code="channel_is_archived")
    return channel


async def post_as_bot(env: Env, here: Here, draft: Draft) -> Posted:
    """Post into `draft.channel`, an id, wherever that is; once under one `client_msg_id`."""
    composed = compose(env, here, draft)

    async def write(tx: Tx) -> Posted:
        before = await find_posted(tx, here, composed)
        if before is not None:
            return before
        channel = await _open_channel(tx, here.workspace.account, draft.channel)
        thread_us = await thread_of(tx, channel, draft.thread_ts)
        message = replace(
            composed,
            thread_us=thread_us,
            in_channel=not thread_us or draft.reply_broadcast,
            indexed=here.is_copilot or is_for_copilot(here, channel),
        )
        return await insert(tx, env, here, channel, message)

    posted = await env.store.transact(write)
    if posted.is_new:
        await announce(env, posted)
    return posted


async def show_as_bot(env: Env, here: Here, user_id: str, draft: Draft) -> Ephemeral:
    """Show a message to one person; it is kept for a day, so that its buttons work."""
    composed = compose(env, here, draft)
    channel = await _open_channel(env.store.reader, here.workspace.account, draft.channel)
    return await keep_ephemeral(env, here, channel, composed, user_id, draft.thread_ts)


async def replace_message(env: Env, here: Here, channel_id: str, ts: str, draft: Draft) -> None:
    """Put other content into the bot's own message."""
    composed = compose(env, here, draft)

    async def write(tx: Tx) -> Told:
        channel, old = await _own(tx, here, channel_id, ts)
        changed = replace(
            old,
            text=composed.text,
            body=composed.body,
            edited_us=env.clock.now_us(),
            edited_by=here.me.id,
        )
        await forget_message(tx, old)
        await rows.update_message(tx, changed)
        tx.publish(
            MessageChanged(
                account=channel.account,
                channel=channel.id,
                ts_us=old.ts_us,
                edited_us=changed.edited_us,
                previous=old.text,
            )
        )
        return await keep_in_channel(tx, env, channel, changed_json(here, changed, old))

    await send(env, await env.store.transact(write))


async def remove_message(env: Env, here: Here, channel_id: str, ts: str) -> None:
    """Delete the bot's own message."""
    at_us = env.clock.now_us()

    async def write(tx: Tx) -> list[Told]:
        channel, old = await _own(tx, here, channel_id, ts)
        return await remove_in(tx, env, here.workspace, channel, old, at_us=at_us)

    await send(env, *await env.store.transact(write))


async def _own(tx: Tx, here: Here, channel_id: str, ts: str) -> tuple[Channel, Message]:
    channel = await _open_channel(tx, here.workspace.account, channel_id)
    message = await get_message(tx, channel, ts)
    if message.user_id != here.me.id:
        raise MessageNotFound("The message is not the app's.")
    return channel, message


def draft_of(channel_id: str, body: Json, *, thread_ts: str = "") -> Draft:
    """The message in what an app sent: `text`, `blocks`, `attachments` ..."""

    def items(name: str) -> list[object] | None:
        found = body.get(name)
        if found is not None and not isinstance(found, list):
            raise refused("invalid_payload", f"{name} is a list.")
        return found

    metadata = body.get("metadata")
    return Draft(
        channel=channel_id,
        text=str(body.get("text") or ""),
        blocks=items("blocks"),
        attachments=items("attachments"),
        metadata=metadata if isinstance(metadata, dict) else None,
        thread_ts=str(body.get("thread_ts") or thread_ts),
        reply_broadcast=body.get("reply_broadcast") is True,
        username=str(body.get("username") or ""),
        icon_emoji=str(body.get("icon_emoji") or ""),
        icon_url=str(body.get("icon_url") or ""),
    )
