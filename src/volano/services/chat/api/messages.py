"""Slack's chat.*: posting, changing and deleting messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.chat.api.shapes import CHANNEL
from volano.services.chat.logic import messages
from volano.services.chat.logic.messages import Change, Draft
from volano.services.chat.logic.mrkdwn import from_markdown
from volano.services.chat.logic.payloads import message_json
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.logic.posting import Posted
    from volano.services.chat.model import Json

POST = "chat:PostMessage"


class PostArguments(msgspec.Struct, kw_only=True):
    channel: str = ""
    text: str = ""
    blocks: list[Any] | None = None
    attachments: list[Any] | None = None
    metadata: dict[str, Any] | None = None
    thread_ts: str = ""
    reply_broadcast: bool = False
    client_msg_id: str | None = None
    username: str = ""
    icon_emoji: str = ""
    icon_url: str = ""
    markdown_text: str = ""
    as_user: bool | None = None
    mrkdwn: bool = True
    parse: str = ""
    link_names: bool = False
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None

    def draft(self) -> Draft:
        return Draft(
            channel=self.channel,
            text=self.text or from_markdown(self.markdown_text),
            blocks=self.blocks,
            attachments=self.attachments,
            metadata=self.metadata,
            thread_ts=self.thread_ts,
            reply_broadcast=self.reply_broadcast,
            client_msg_id=self.client_msg_id,
            username=self.username,
            icon_emoji=self.icon_emoji,
            icon_url=self.icon_url,
        )


class EphemeralArguments(PostArguments, kw_only=True):
    user: str = ""


class UpdateArguments(msgspec.Struct, kw_only=True):
    channel: str
    ts: str = ""
    text: str | None = None
    blocks: list[Any] | None = None
    attachments: list[Any] | None = None
    metadata: dict[str, Any] | None = None
    markdown_text: str | None = None
    as_user: bool | None = None
    parse: str = ""
    link_names: bool = False
    reply_broadcast: bool = False


class DeleteArguments(msgspec.Struct, kw_only=True):
    channel: str
    ts: str = ""
    as_user: bool | None = None


class TypingArguments(msgspec.Struct, kw_only=True):
    channel: str


def _posted_json(posted: Posted) -> Json:
    shown = message_json(posted.here.workspace, posted.message)
    return {"channel": posted.channel.id, "ts": posted.message.ts, "message": shown}


@action(
    "slack:chat.postMessage",
    permission=POST,
    resource=CHANNEL,
    scopes=("chat:write",),
    read_only=False,
    partial="`parse`, `link_names` and unfurling by Volano itself are ignored.",
)
async def post_message(env: Env, call: Call, request: PostArguments) -> Json:
    """Post to a channel (by id or name) or to a person (by id)."""
    return _posted_json(await messages.post_message(env, call, request.draft()))


@action(
    "slack:chat.meMessage",
    permission=POST,
    resource=CHANNEL,
    scopes=("chat:write",),
    read_only=False,
)
async def post_me_message(env: Env, call: Call, request: PostArguments) -> Json:
    draft = Draft(channel=request.channel, text=request.text, subtype="me_message")
    posted = await messages.post_message(env, call, draft)
    return {"channel": posted.channel.id, "ts": posted.message.ts}


@action(
    "slack:chat.postEphemeral",
    permission=POST,
    resource=CHANNEL,
    scopes=("chat:write",),
    read_only=False,
    partial="Shown to those who have the console open; its buttons work for a day.",
)
async def post_ephemeral(env: Env, call: Call, request: EphemeralArguments) -> Json:
    """Show a message to one member only."""
    return {"message_ts": await messages.post_ephemeral(env, call, request.user, request.draft())}


@action(
    "slack:chat.update",
    permission=POST,
    resource=CHANNEL,
    scopes=("chat:write",),
    read_only=False,
)
async def update_message(env: Env, call: Call, request: UpdateArguments) -> Json:
    """Change one's own message; parts that are not given stay."""
    change = Change(
        channel=request.channel,
        ts=request.ts,
        text=from_markdown(request.markdown_text) if request.markdown_text else request.text,
        blocks=request.blocks,
        attachments=request.attachments,
        metadata=request.metadata,
    )
    posted = await messages.update_message(env, call, change)
    return _posted_json(posted) | {"text": posted.message.text}


@action(
    "slack:chat.delete",
    permission=POST,
    resource=CHANNEL,
    scopes=("chat:write",),
    read_only=False,
)
async def delete_message(env: Env, call: Call, request: DeleteArguments) -> Json:
    """Delete one's own message; with `chatadmin:DeleteMessage` anybody's."""
    message = await messages.delete_message(env, call, request.channel, request.ts)
    return {"channel": message.channel_id, "ts": message.ts}


@action(
    "volano:showTyping",
    method="POST",
    path="/volano/v1/chat/typing",
    permission=POST,
    resource=CHANNEL,
)
async def show_typing(env: Env, call: Call, request: TypingArguments) -> None:
    """Tell the other members of a channel that one is typing."""
    await messages.show_typing(env, call, request.channel)
