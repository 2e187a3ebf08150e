"""Slack's canvases.* and conversations.canvases.create."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.chat.logic import canvases
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

CANVAS = "arn:aws:chat:{region}:{account}:canvas/{canvas_id}"
CANVASES = "arn:aws:chat:{region}:{account}:canvas/*"
CHANNEL = "arn:aws:chat:{region}:{account}:channel/{channel_id}"
EDIT = "chat:EditCanvas"
WRITE = ("canvases:write",)


class CreateCanvas(msgspec.Struct, kw_only=True):
    title: str = ""
    document_content: dict[str, Any] | None = None
    channel_id: str = ""


class EditCanvas(msgspec.Struct, kw_only=True):
    canvas_id: str
    changes: list[dict[str, Any]] = msgspec.field(default_factory=list)


class CanvasArguments(msgspec.Struct, kw_only=True):
    canvas_id: str


class AccessArguments(msgspec.Struct, kw_only=True):
    canvas_id: str
    access_level: str = "read"
    channel_ids: list[str] = msgspec.field(default_factory=list)
    user_ids: list[str] = msgspec.field(default_factory=list)


class LookupArguments(msgspec.Struct, kw_only=True):
    canvas_id: str
    criteria: dict[str, Any] = msgspec.field(default_factory=dict)


async def _created(env: Env, call: Call, request: CreateCanvas) -> Json:
    made = await canvases.create_canvas(
        env, call, request.title, request.document_content, request.channel_id
    )
    return {"canvas_id": made.id}


@action("slack:canvases.create", permission=EDIT, resource=CANVASES, scopes=WRITE, read_only=False)
async def create_canvas(env: Env, call: Call, request: CreateCanvas) -> Json:
    return await _created(env, call, request)


@action(
    "slack:conversations.canvases.create",
    permission=EDIT,
    resource=CHANNEL,
    scopes=WRITE,
    read_only=False,
)
async def create_channel_canvas(env: Env, call: Call, request: CreateCanvas) -> Json:
    """The canvas of a channel; each has one at most."""
    return await _created(env, call, request)


@action("slack:canvases.edit", permission=EDIT, resource=CANVAS, scopes=WRITE, read_only=False)
async def edit_canvas(env: Env, call: Call, request: EditCanvas) -> None:
    await canvases.edit_canvas(env, call, request.canvas_id, request.changes)


@action("slack:canvases.delete", permission=EDIT, resource=CANVAS, scopes=WRITE, read_only=False)
async def delete_canvas(env: Env, call: Call, request: CanvasArguments) -> None:
    await canvases.delete_canvas(env, call, request.canvas_id)


@action(
    "slack:canvases.access.set", permission=EDIT, resource=CANVAS, scopes=WRITE, read_only=False
)
async def set_access(env: Env, call: Call, request: AccessArguments) -> None:
    entities = [*request.user_ids, *request.channel_ids]
    await canvases.set_access(env, call, request.canvas_id, request.access_level, entities)


@action(
    "slack:canvases.access.delete", permission=EDIT, resource=CANVAS, scopes=WRITE, read_only=False
)
async def delete_access(env: Env, call: Call, request: AccessArguments) -> None:
    entities = [*request.user_ids, *request.channel_ids]
    await canvases.set_access(env, call, request.canvas_id, None, entities)


@action(
    "slack:canvases.sections.lookup",
    permission="chat:ReadMessages",
    resource=CANVAS,
    scopes=("canvases:read",),
    read_only=True,
)
async def lookup_sections(env: Env, call: Call, request: LookupArguments) -> Json:
    found = await canvases.lookup_sections(env, call, request.canvas_id, request.criteria)
    return {"sections": found}
