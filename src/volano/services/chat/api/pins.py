"""Slack's pins.*."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.shapes import CHANNEL
from volano.services.chat.logic import pins
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

PIN = "chat:PinMessage"


class PinArguments(msgspec.Struct, kw_only=True):
    channel: str
    timestamp: str = ""


@action("slack:pins.add", permission=PIN, resource=CHANNEL, scopes=("pins:write",), read_only=False)
async def add_pin(env: Env, call: Call, request: PinArguments) -> None:
    await pins.add_pin(env, call, request.channel, request.timestamp)


@action(
    "slack:pins.remove", permission=PIN, resource=CHANNEL, scopes=("pins:write",), read_only=False
)
async def remove_pin(env: Env, call: Call, request: PinArguments) -> None:
    await pins.remove_pin(env, call, request.channel, request.timestamp)


@action(
    "slack:pins.list",
    permission="chat:ReadMessages",
    resource=CHANNEL,
    scopes=("pins:read",),
    read_only=True,
)
async def list_pins(env: Env, call: Call, request: PinArguments) -> Json:
    return {"items": await pins.list_pins(env, call, request.channel)}
