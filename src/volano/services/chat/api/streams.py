"""Slack's chat.startStream, chat.appendStream and chat.stopStream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.chat.api.messages import POST
from volano.services.chat.api.shapes import CHANNEL
from volano.services.chat.logic import streams
from volano.services.chat.logic.messages import Draft
from volano.services.chat.logic.payloads import message_json
from volano.services.chat.logic.streams import Piece
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json


class PieceArguments(msgspec.Struct, kw_only=True):
    channel: str
    markdown_text: str = ""
    chunks: list[dict[str, Any]] = msgspec.field(default_factory=list)

    def piece(self) -> Piece:
        return Piece(markdown=self.markdown_text, chunks=self.chunks)


class StartArguments(PieceArguments, kw_only=True):
    thread_ts: str = ""
    recipient_user_id: str = ""
    recipient_team_id: str = ""
    task_display_mode: str = ""
    username: str = ""
    icon_emoji: str = ""
    icon_url: str = ""


class AppendArguments(PieceArguments, kw_only=True):
    ts: str = ""


class StopArguments(AppendArguments, kw_only=True):
    blocks: list[Any] | None = None
    metadata: dict[str, Any] | None = None


@action(
    "slack:chat.startStream",
    permission=POST,
    resource=CHANNEL,
    scopes=("chat:write",),
    read_only=False,
    partial="`task_display_mode` is ignored: tasks are shown one below the other.",
)
async def start_stream(env: Env, call: Call, request: StartArguments) -> Json:
    """Begin a message that grows."""
    draft = Draft(
        channel=request.channel,
        thread_ts=request.thread_ts,
        username=request.username,
        icon_emoji=request.icon_emoji,
        icon_url=request.icon_url,
    )
    posted = await streams.start_stream(env, call, draft, request.piece())
    return {"channel": posted.channel.id, "ts": posted.message.ts}


@action(
    "slack:chat.appendStream",
    permission=POST,
    resource=CHANNEL,
    scopes=("chat:write",),
    read_only=False,
)
async def append_stream(env: Env, call: Call, request: AppendArguments) -> Json:
    posted = await streams.append_stream(env, call, request.channel, request.ts, request.piece())
    return {"channel": posted.channel.id, "ts": posted.message.ts}


@action(
    "slack:chat.stopStream",
    permission=POST,
    resource=CHANNEL,
    scopes=("chat:write",),
    read_only=False,
    partial="`metadata` is ignored.",
)
async def stop_stream(env: Env, call: Call, request: StopArguments) -> Json:
    posted = await streams.stop_stream(
        env, call, request.channel, request.ts, request.piece(), request.blocks
    )
    shown = message_json(posted.here.workspace, posted.message)
    return {"channel": posted.channel.id, "ts": posted.message.ts, "message": shown}
