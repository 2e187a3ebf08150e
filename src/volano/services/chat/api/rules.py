"""Retention and legal hold of channels, for those who keep records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.desk import ChannelPlace
from volano.services.chat.api.shapes import CHANNEL
from volano.services.chat.logic import rules
from volano.services.chat.model import to_ts
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model.rules import ChannelRule

KEEP = "chatadmin:KeepRecords"


class ChannelRules(msgspec.Struct, kw_only=True):
    """`retention_days` 0 keeps everything; `held` since `held_at` (seconds) by `held_by`."""

    channel: str
    retention_days: int
    held: bool
    held_at: int
    held_by: str
    held_why: str


class Retention(msgspec.Struct, kw_only=True):
    channel: str
    days: int


class LegalHold(msgspec.Struct, kw_only=True):
    channel: str
    held: bool
    why: str = ""


class DeletedText(msgspec.Struct, kw_only=True):
    """What a deleted message said; `by` deleted it at `at` (seconds)."""

    ts: str
    text: str
    by: str
    at: float


class DeletedTexts(msgspec.Struct, kw_only=True):
    items: list[DeletedText]


def _shown(rule: ChannelRule) -> ChannelRules:
    return ChannelRules(
        channel=rule.channel_id,
        retention_days=rule.retention_days,
        held=rule.held_us > 0,
        held_at=rule.held_us // 1_000_000,
        held_by=rule.held_by,
        held_why=rule.held_why,
    )


@action(
    "volano:getChannelRules",
    method="GET",
    path="/volano/v1/chat/channels/{channel}/rules",
    permission="chat:ReadMessages",
    resource=CHANNEL,
)
async def get_rules(env: Env, call: Call, request: ChannelPlace) -> ChannelRules:
    """How long messages stay in a channel, and whether it is on legal hold."""
    return _shown(await rules.get_rule(env, call, request.channel))


@action(
    "volano:putChannelRetention",
    method="PUT",
    path="/volano/v1/chat/channels/{channel}/retention",
    permission=KEEP,
    resource=CHANNEL,
)
async def put_retention(env: Env, call: Call, request: Retention) -> ChannelRules:
    """Keep the channel's messages for so many days, 0 for ever."""
    return _shown(await rules.put_retention(env, call, request.channel, request.days))


@action(
    "volano:putLegalHold",
    method="PUT",
    path="/volano/v1/chat/channels/{channel}/hold",
    permission=KEEP,
    resource=CHANNEL,
)
async def put_hold(env: Env, call: Call, request: LegalHold) -> ChannelRules:
    """Put a channel on legal hold, so that nothing is lost, or release it."""
    rule = await rules.put_hold(env, call, request.channel, held=request.held, why=request.why)
    return _shown(rule)


@action(
    "volano:listDeletedMessages",
    method="GET",
    path="/volano/v1/chat/channels/{channel}/deleted",
    permission=KEEP,
    resource=CHANNEL,
    read_only=True,
)
async def list_deleted(env: Env, call: Call, request: ChannelPlace) -> DeletedTexts:
    """What was deleted in a channel while it was on legal hold; the newest 500."""
    found = await rules.list_deleted(env, call, request.channel)
    return DeletedTexts(
        items=[
            DeletedText(ts=to_ts(ts_us), text=item.text, by=item.user_id, at=item.revised_us / 1e6)
            for ts_us, item in found
        ]
    )
