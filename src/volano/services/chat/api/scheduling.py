"""Slack's chat.scheduleMessage, chat.scheduledMessages.list and chat.deleteScheduledMessage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.messages import POST, PostArguments
from volano.services.chat.api.shapes import CHANNEL, CHANNELS
from volano.services.chat.logic import scheduling
from volano.services.chat.logic.cursors import (
    page_metadata,
    parse_cursor,
    require_limit,
    to_cursor,
)
from volano.services.chat.logic.errors import refused
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

SECOND_US = 1_000_000


class ScheduleArguments(PostArguments, kw_only=True):
    post_at: int = 0


class ListScheduled(msgspec.Struct, kw_only=True):
    channel: str = ""
    cursor: str = ""
    latest: int = 0
    limit: int = 0
    oldest: int = 0
    team_id: str = ""


class DeleteScheduled(msgspec.Struct, kw_only=True):
    channel: str
    scheduled_message_id: str = ""
    as_user: bool | None = None


@action(
    "slack:chat.scheduleMessage",
    permission=POST,
    resource=CHANNEL,
    scopes=("chat:write",),
    read_only=False,
)
async def schedule_message(env: Env, call: Call, request: ScheduleArguments) -> Json:
    """Post a message at a second in the next 120 days."""
    if not request.post_at:
        raise refused("invalid_time", "post_at is needed.")
    item = await scheduling.schedule_message(env, call, request.draft(), request.post_at)
    message: Json = {
        "type": "delayed_message",
        "text": item.draft["text"],
        "user": item.user_id,
    }
    parts = ("blocks", "attachments", "metadata", "thread_ts")
    message |= {name: item.draft[name] for name in parts if item.draft[name]}
    return {
        "scheduled_message_id": item.id,
        "channel": item.channel_id,
        "post_at": item.post_us // SECOND_US,
        "message": message,
    }


@action(
    "slack:chat.scheduledMessages.list",
    permission=POST,
    resource=CHANNELS,
    scopes=("chat:write",),
    read_only=True,
)
async def list_scheduled(env: Env, call: Call, request: ListScheduled) -> Json:
    """The caller's messages that wait."""
    position = parse_cursor("scheduled", request.cursor)
    if position and not position.isdigit():
        raise refused("invalid_cursor", "The cursor is not one that was given out.")
    limit = require_limit(request.limit, default=100, maximum=1000)
    found = await scheduling.list_scheduled(
        env,
        call,
        channel=request.channel,
        oldest=request.oldest,
        latest=request.latest,
        after_us=int(position or 0),
        limit=limit + 1,
    )
    page = found[:limit]
    following = str(page[-1].post_us) if len(found) > limit else ""
    items = [
        {
            "id": item.id,
            "channel_id": item.channel_id,
            "post_at": item.post_us // SECOND_US,
            "date_created": item.created_us // SECOND_US,
            "text": item.draft["text"],
        }
        for item in page
    ]
    return {"scheduled_messages": items, **page_metadata(to_cursor("scheduled", following))}


@action(
    "slack:chat.deleteScheduledMessage",
    permission=POST,
    resource=CHANNEL,
    scopes=("chat:write",),
    read_only=False,
)
async def delete_scheduled(env: Env, call: Call, request: DeleteScheduled) -> None:
    await scheduling.delete_scheduled(env, call, request.channel, request.scheduled_message_id)
