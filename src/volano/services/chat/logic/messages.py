"""Posting, changing and deleting messages.

One transaction checks, takes the `ts`, writes the row, counts the seat and publishes the event;
the live signal follows right after the commit. A `client_msg_id` makes a repeated post harmless:
the first message of that sender is returned.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from volano.kernel.errors import Denied
from volano.services.chat.logic import seats
from volano.services.chat.logic.access import (
    channel_arn,
    get_joined,
    get_readable,
    get_visible,
)
from volano.services.chat.logic.blocks import require_attachments, require_blocks
from volano.services.chat.logic.ephemerals import keep_ephemeral
from volano.services.chat.logic.errors import (
    IsArchived,
    MessageNotFound,
    NotInChannel,
    ThreadNotFound,
    channel_not_found,
    denied,
    refused,
)
from volano.services.chat.logic.history import describe, move_last_read
from volano.services.chat.logic.indexing import forget_message, unshare_files
from volano.services.chat.logic.live import Told, keep_in_channel, send, tell_channel
from volano.services.chat.logic.members import open_direct
from volano.services.chat.logic.mrkdwn import normalize_text
from volano.services.chat.logic.payloads import bot_profile_json, message_json
from volano.services.chat.logic.posting import Posted, announce, find_posted, insert
from volano.services.chat.logic.revisions import keep_revision
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model import (
    MAX_TEXT_CHARACTERS,
    Channel,
    ChannelKind,
    Json,
    Member,
    Message,
    MessageChanged,
    MessageDeleted,
    Workspace,
    parse_ts,
    to_ts,
)
from volano.services.chat.model.functions import EXECUTION, execution_of
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import desk as desk_rows
from volano.services.chat.store import messages as rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.identity import Principal
    from volano.kernel.store import Reader, Tx

MAX_CLIENT_ID_CHARACTERS = 255
PUBLIC_SCOPE = "chat:write.public"
MODERATE = "chatadmin:DeleteMessage"
"""Permission to delete what others wrote; members of the workplace do not have it."""
TOMBSTONE = "This message was deleted."


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message to be posted. `body` is for what the workplace adds itself: files, inviter ...

    `is_answer`: an assistant's answer, which retrieval never quotes.
    """

    channel: str
    text: str = ""
    blocks: Sequence[object] | None = None
    attachments: Sequence[object] | None = None
    metadata: Mapping[str, object] | None = None
    thread_ts: str = ""
    reply_broadcast: bool = False
    client_msg_id: str | None = None
    username: str = ""
    icon_emoji: str = ""
    icon_url: str = ""
    subtype: str = ""
    is_answer: bool = False
    body: Mapping[str, object] = field(default_factory=dict)


async def post_message(env: Env, call: Call, draft: Draft) -> Posted:
    """Post to a channel by id or name, or to a user by id.

    Raises Slack's channel_not_found, not_in_channel, is_archived, no_text, msg_too_long,
    invalid_blocks, thread_not_found and others.
    """
    here = await enter(env, call)
    channel_id = await find_target(env, call, here, draft.channel)
    composed = with_execution(compose(env, here, draft), call.principal)

    async def write(tx: Tx) -> Posted:
        return await post_in(tx, env, call, here, draft, replace(composed, channel_id=channel_id))

    posted = await env.store.transact(write)
    if posted.is_new:
        await announce(env, posted)
    return posted


async def post_in(
    tx: Tx, env: Env, call: Call, here: Here, draft: Draft, composed: Message
) -> Posted:
    """The part of posting that is in the transaction; the caller announces afterwards."""
    before = await find_posted(tx, here, composed)
    if before is not None:
        return before
    channel, member = await get_visible(tx, here.me, composed.channel_id)
    require_postable(channel, member, here, call.principal)
    thread_us = await thread_of(tx, channel, draft.thread_ts)
    message = replace(
        composed,
        thread_us=thread_us,
        in_channel=not thread_us or draft.reply_broadcast,
        subtype="thread_broadcast" if thread_us and draft.reply_broadcast else composed.subtype,
        indexed=draft.is_answer or here.is_copilot or is_for_copilot(here, channel),
    )
    posted = await insert(tx, env, here, channel, message)
    if member is not None and message.in_channel:
        read = await move_last_read(tx, env, here, channel, posted.message.ts_us)
        posted = replace(posted, told=(*posted.told, *read))
    await seats.take_seat(tx, env, here.me)
    return posted


def require_postable(
    channel: Channel, member: Member | None, here: Here, principal: Principal
) -> None:
    """Raises NotInChannel, ChannelNotFound or IsArchived."""
    if member is None and channel.kind is not ChannelKind.PUBLIC:
        raise channel_not_found(channel.id)
    scopes = principal.scopes
    roams = here.me.is_bot and (scopes is None or PUBLIC_SCOPE in scopes)
    if member is None and not roams:
        raise NotInChannel("You are not in this channel; join it first.")
    if channel.archived:
        raise IsArchived("The channel is archived.")


def is_for_copilot(here: Here, channel: Channel) -> bool:
    """What is said to the copilot alone is a question, never a source."""
    return channel.kind is ChannelKind.IM and here.workspace.copilot_id in channel.direct_members


async def find_target(env: Env, call: Call, here: Here, target: str) -> str:
    """The channel's id for an id, a name with or without `#`, or a user's id."""
    target = target.strip()
    if not target:
        raise channel_not_found(target)
    reader = env.store.reader
    if await channel_rows.find_channel(reader, call.account, target) is not None:
        return target
    if target[:1] in "UW" and target.isalnum() and target.isupper():
        opened = await open_direct(env, call, [target])
        return opened.channel.id
    named = await channel_rows.find_channel_by_key(
        reader, call.account, target.removeprefix("#").lower()
    )
    if named is None or named.kind.is_direct:
        raise channel_not_found(target)
    # The action was authorized for the name; policies are about ids.
    arn = channel_arn(call.region, call.account, named.id)
    await env.authority.authorize(call, "chat:PostMessage", arn, {})
    return named.id


def with_execution(composed: Message, principal: Principal) -> Message:
    """What an app posts while it runs a function names the run, so that its buttons do too."""
    run_id = execution_of(principal.scopes)
    return replace(composed, body={**composed.body, EXECUTION: run_id}) if run_id else composed


def compose(env: Env, here: Here, draft: Draft) -> Message:
    """The message as it will be stored, without channel, thread and `ts`; checks its content."""
    body: dict[str, object] = {}
    if here.me.is_bot:
        body |= {"bot_id": here.me.bot_id, "app_id": here.me.app_id}
        body["bot_profile"] = bot_profile_json(here.workspace, here.me)
        body |= _guise(draft)
    if draft.blocks:
        body["blocks"] = require_blocks(env, draft.blocks)
    if draft.attachments:
        body["attachments"] = require_attachments(draft.attachments)
    if draft.metadata:
        body["metadata"] = _require_metadata(draft.metadata)
    body |= draft.body
    text = require_text(draft.text)
    if not (text.strip() or draft.blocks or draft.attachments or draft.body.get("files")):
        raise refused("no_text", "A message needs text, blocks or attachments.")
    if draft.client_msg_id and len(draft.client_msg_id) > MAX_CLIENT_ID_CHARACTERS:
        raise refused("invalid_arguments", "client_msg_id has at most 255 characters.")
    return Message(
        channel_id="",
        ts_us=0,
        account=here.workspace.account,
        user_id=here.me.id,
        subtype=draft.subtype,
        text=text,
        body=body,
        client_msg_id=draft.client_msg_id or None,
    )


def require_text(text: str) -> str:
    """The text as it is stored; raises `msg_too_long`."""
    if len(text) > MAX_TEXT_CHARACTERS:
        raise refused("msg_too_long", f"Text has at most {MAX_TEXT_CHARACTERS} characters.")
    if "\x00" in text:
        raise refused("invalid_arguments", "Text cannot hold a NUL character.")
    return normalize_text(text)


def _guise(draft: Draft) -> Json:
    """A bot may show another name and icon for one message."""
    found: Json = {}
    if draft.username:
        found["username"] = draft.username[:80]
    if draft.icon_emoji or draft.icon_url:
        icon = {"emoji": draft.icon_emoji, "image_48": draft.icon_url}
        found["icons"] = {key: value[:1000] for key, value in icon.items() if value}
    return found


def _require_metadata(metadata: Mapping[str, object]) -> Json:
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    entities = metadata.get("entities")
    if isinstance(entities, list) and all(isinstance(item, dict) for item in entities):
        return {"entities": entities}
    if not isinstance(kind, str) or not isinstance(payload, dict):
        raise refused("invalid_metadata_format", "metadata has event_type and event_payload.")
    return {"event_type": kind, "event_payload": payload}


async def thread_of(tx: Tx, channel: Channel, thread_ts: str) -> int:
    """The thread of an answer to that message, 0 without one. Raises ThreadNotFound."""
    if not thread_ts:
        return 0
    asked = parse_ts(thread_ts, name="thread_ts", code="invalid_thread_ts")
    root = await rows.find_message(tx, channel.id, asked)
    if root is None:
        raise ThreadNotFound("There is no message with this thread_ts in the channel.")
    return root.thread_root_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """New content of a message; None leaves a part as it is."""

    channel: str
    ts: str
    text: str | None = None
    blocks: Sequence[object] | None = None
    attachments: Sequence[object] | None = None
    metadata: Mapping[str, object] | None = None


async def update_message(env: Env, call: Call, change: Change) -> Posted:
    """Change one's own message. Raises message_not_found and cant_update_message."""
    here = await enter(env, call)
    parts: Json = {}
    if change.blocks is not None:
        parts["blocks"] = require_blocks(env, change.blocks)
    if change.attachments is not None:
        parts["attachments"] = require_attachments(change.attachments)
    if change.metadata is not None:
        parts["metadata"] = _require_metadata(change.metadata)
    if change.text is None and not parts:
        raise refused("no_text", "Nothing to change was given.")
    text = None if change.text is None else require_text(change.text)

    async def write(tx: Tx) -> Posted:
        channel, _ = await get_readable(tx, here.me, change.channel)
        if channel.archived:
            raise IsArchived("The channel is archived.")
        old = await get_message(tx, channel, change.ts)
        if old.user_id != here.me.id or old.subtype not in _EDITABLE:
            raise denied("cant_update_message", "Only its author can change a message.")
        body = {key: value for key, value in {**old.body, **parts}.items() if value != []}
        changed = replace(
            old,
            text=old.text if text is None else text,
            body=body,
            edited_us=env.clock.now_us(),
            edited_by=here.me.id,
            indexed=here.is_copilot or is_for_copilot(here, channel),
        )
        await forget_message(tx, old)
        await rows.update_message(tx, changed)
        await keep_revision(tx, old, at_us=changed.edited_us, by=here.me.id)
        tx.publish(
            MessageChanged(
                account=call.account,
                channel=channel.id,
                ts_us=old.ts_us,
                edited_us=changed.edited_us,
                previous=old.text,
            )
        )
        told = await keep_in_channel(tx, env, channel, changed_json(here, changed, old))
        return Posted(here=here, channel=channel, message=changed, told=(told,))

    posted = await env.store.transact(write)
    await announce(env, posted)
    return posted


_EDITABLE = ("", "bot_message", "thread_broadcast", "file_share", "me_message")


def changed_json(here: Here, message: Message, old: Message) -> Json:
    """Slack's `message_changed`."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "message": message_json(here.workspace, message),
        "previous_message": message_json(here.workspace, old),
        "ts": to_ts(message.edited_us),
        "event_ts": to_ts(message.edited_us),
    }


async def delete_message(env: Env, call: Call, channel_id: str, ts: str) -> Message:
    """Delete one's own message, or anybody's with permission to moderate.

    The first message of a thread leaves a tombstone. Raises message_not_found, cant_delete_message.
    """
    here = await enter(env, call)
    channel, _ = await get_readable(env.store.reader, here.me, channel_id)
    known = await get_message(env.store.reader, channel, ts)
    if known.user_id != here.me.id:
        await _require_moderator(env, call, channel)

    async def write(tx: Tx) -> tuple[Message, list[Told]]:
        message = await get_message(tx, channel, ts)
        at_us = env.clock.now_us()
        told = await remove_in(tx, env, here.workspace, channel, message, at_us=at_us)
        await keep_revision(tx, message, at_us=at_us, by=here.me.id, deleted=True)
        return message, told

    message, told = await env.store.transact(write)
    await send(env, *told)
    return message


async def _keep_thread(
    tx: Tx, env: Env, workspace: Workspace, channel: Channel, thread_us: int
) -> list[Told]:
    """Slack's `message_replied`: how a thread stands after it lost a reply."""
    root = await rows.find_message(tx, channel.id, thread_us)
    if root is None:
        return []
    [shown] = await describe(tx, workspace, channel, [root])
    event: Json = {
        "type": "message",
        "subtype": "message_replied",
        "hidden": True,
        "message": shown,
        "ts": root.ts,
        "event_ts": to_ts(env.clock.now_us()),
    }
    return [await keep_in_channel(tx, env, channel, event)]


async def remove_in(
    tx: Tx, env: Env, workspace: Workspace, channel: Channel, message: Message, *, at_us: int
) -> list[Told]:
    """Take a message away in the caller's transaction; its files are not shared here any more.

    The caller sends the answer.
    """
    await forget_message(tx, message)
    await unshare_files(tx, message)
    await desk_rows.delete_mentions(tx, channel.id, message.ts_us)
    if message.reply_count:
        grave = replace(
            message,
            subtype="tombstone",
            text=TOMBSTONE,
            body={"hidden": True},
            edited_us=0,
            edited_by="",
            indexed=True,
        )
        await rows.update_message(tx, grave)
        await rows.delete_reactions(tx, channel.id, message.ts_us)
    else:
        await rows.delete_message(tx, channel.id, message.ts_us)
        if message.is_reply:
            await rows.recount_replies(tx, channel.id, message.thread_us)
    tx.publish(
        MessageDeleted(
            account=channel.account,
            channel=channel.id,
            ts_us=message.ts_us,
            at_us=at_us,
            thread_us=message.thread_us,
            user=message.user_id,
        )
    )
    event: Json = {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "deleted_ts": message.ts,
        "previous_message": message_json(workspace, message),
        "ts": to_ts(at_us),
        "event_ts": to_ts(at_us),
    }
    told = [await keep_in_channel(tx, env, channel, event)]
    if message.is_reply:
        told += await _keep_thread(tx, env, workspace, channel, message.thread_us)
    return told


async def _require_moderator(env: Env, call: Call, channel: Channel) -> None:
    try:
        arn = channel_arn(call.region, call.account, channel.id)
        await env.authority.authorize(call, MODERATE, arn, {})
    except Denied as error:
        raise denied("cant_delete_message", "Only its author can delete a message.") from error


async def get_message(reader: Reader, channel: Channel, ts: str) -> Message:
    """Raises MessageNotFound; a tombstone counts as none."""
    found = await rows.find_message(reader, channel.id, parse_ts(ts, code="message_not_found"))
    if found is None or found.subtype == "tombstone":
        raise MessageNotFound("There is no message with this ts in the channel.")
    return found


async def post_ephemeral(env: Env, call: Call, user_id: str, draft: Draft) -> str:
    """Show a message to one member only, now; its buttons work for a day. Returns its `ts`.

    Raises user_not_in_channel when that user is not a member.
    """
    here = await enter(env, call)
    channel_id = await find_target(env, call, here, draft.channel)
    composed = compose(env, here, draft)
    channel, member = await get_visible(env.store.reader, here.me, channel_id)
    require_postable(channel, member, here, call.principal)
    if await channel_rows.find_member(env.store.reader, channel_id, user_id) is None:
        raise refused("user_not_in_channel", "That user is not in the channel.")
    shown = await keep_ephemeral(env, here, channel, composed, user_id, draft.thread_ts)
    return to_ts(shown.ts_us)


async def show_typing(env: Env, call: Call, channel_id: str) -> None:
    """Tell the other members that the caller is typing."""
    here = await enter(env, call)
    channel, _ = await get_joined(env.store.reader, here.me, channel_id)
    await tell_channel(env, channel, {"type": "user_typing", "user": here.me.id})
