"""Urgent messages: calling people who must acknowledge, and who has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.desk import Done, NoFields
from volano.services.chat.api.shapes import CHANNELS
from volano.services.chat.logic import urgent
from volano.services.chat.model import to_ts
from volano.services.chat.model.urgent import Receiver, Step, Told, Urgent
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

URGENT = "arn:aws:chat:{region}:{account}:urgent/{id}"


class UrgentReceiver(msgspec.Struct, kw_only=True):
    """`acknowledged` is in seconds, 0 while it is open; `told` are the ways that were tried."""

    user: str
    acknowledged: int
    told: tuple[Told, ...]


class UrgentMessage(msgspec.Struct, kw_only=True):
    """`ts` is '' unless it is about a message; `sent` is in seconds."""

    id: str
    channel: str
    ts: str
    sender: str
    text: str
    sent: int
    recalled: bool
    to: list[UrgentReceiver]


class UrgentMessages(msgspec.Struct, kw_only=True):
    items: list[UrgentMessage]


class UrgentCall(msgspec.Struct, kw_only=True):
    """Who is called (`users`), and the ways tried for who does not acknowledge (`steps`)."""

    text: str
    users: list[str]
    channel: str = ""
    ts: str = ""
    steps: list[Step] = []


class UrgentId(msgspec.Struct, kw_only=True):
    id: str


def _shown(item: Urgent, receivers: list[Receiver]) -> UrgentMessage:
    return UrgentMessage(
        id=item.id,
        channel=item.channel_id,
        ts=to_ts(item.ts_us) if item.ts_us else "",
        sender=item.sender,
        text=item.text,
        sent=item.sent_us // 1_000_000,
        recalled=item.recalled_us > 0,
        to=[
            UrgentReceiver(
                user=receiver.user_id,
                acknowledged=receiver.acknowledged_us // 1_000_000,
                told=receiver.told,
            )
            for receiver in receivers
        ],
    )


@action(
    "volano:sendUrgent",
    method="POST",
    path="/volano/v1/chat/urgent",
    permission="chat:SendUrgent",
    resource=CHANNELS,
)
async def send_urgent(env: Env, call: Call, request: UrgentCall) -> UrgentId:
    """Call people who must acknowledge; e-mail and webhooks follow when they do not."""
    made = await urgent.send_urgent(
        env,
        call,
        channel_id=request.channel,
        ts=request.ts,
        text=request.text,
        users=request.users,
        steps=request.steps,
    )
    return UrgentId(id=made.id)


@action(
    "volano:listUrgent",
    method="GET",
    path="/volano/v1/chat/urgent",
    permission="chat:ReadMessages",
    resource=CHANNELS,
)
async def list_urgent(env: Env, call: Call, request: NoFields) -> UrgentMessages:
    """Urgent messages that the caller sent or received, newest first; 50 at most."""
    found = await urgent.list_urgent(env, call)
    return UrgentMessages(items=[_shown(item, receivers) for item, receivers in found])


@action(
    "volano:acknowledgeUrgent",
    method="POST",
    path="/volano/v1/chat/urgent/{id}/acknowledge",
    permission="chat:AcknowledgeUrgent",
    resource=URGENT,
)
async def acknowledge(env: Env, call: Call, request: UrgentId) -> Done:
    """The caller has seen an urgent message."""
    await urgent.acknowledge(env, call, request.id)
    return Done()


@action(
    "volano:recallUrgent",
    method="POST",
    path="/volano/v1/chat/urgent/{id}/recall",
    permission="chat:SendUrgent",
    resource=URGENT,
)
async def recall(env: Env, call: Call, request: UrgentId) -> Done:
    """Take an urgent message back: nobody is called any more."""
    await urgent.recall(env, call, request.id)
    return Done()
