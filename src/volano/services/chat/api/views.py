"""Slack's views.* and dialog.open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.chat.logic import dialogs, views
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

SHOW = "chat:ShowView"
VIEWS = "arn:aws:chat:{region}:{account}:view/*"


class OpenView(msgspec.Struct, kw_only=True):
    view: dict[str, Any]
    trigger_id: str = ""
    interactivity_pointer: str = ""


class UpdateView(msgspec.Struct, kw_only=True):
    view: dict[str, Any]
    view_id: str = ""
    external_id: str = ""
    hash: str = ""


class PublishView(msgspec.Struct, kw_only=True):
    user_id: str
    view: dict[str, Any]
    hash: str = ""


class OpenDialog(msgspec.Struct, kw_only=True):
    dialog: dict[str, Any]
    trigger_id: str = ""


@action("slack:views.open", permission=SHOW, resource=VIEWS, read_only=False)
async def open_view(env: Env, call: Call, request: OpenView) -> Json:
    """Show a modal to whoever pressed, typed or chose something three seconds ago at most."""
    trigger = request.trigger_id or request.interactivity_pointer
    return {"view": await views.open_view(env, call, trigger, request.view)}


@action("slack:views.push", permission=SHOW, resource=VIEWS, read_only=False)
async def push_view(env: Env, call: Call, request: OpenView) -> Json:
    """Lay a modal on the one that is open."""
    trigger = request.trigger_id or request.interactivity_pointer
    return {"view": await views.push_view(env, call, trigger, request.view)}


@action("slack:views.update", permission=SHOW, resource=VIEWS, read_only=False)
async def update_view(env: Env, call: Call, request: UpdateView) -> Json:
    """Change an open modal, by its id or the app's own name for it."""
    shown = await views.update_view(
        env,
        call,
        request.view,
        view_id=request.view_id,
        external_id=request.external_id,
        expected=request.hash,
    )
    return {"view": shown}


@action("slack:views.publish", permission=SHOW, resource=VIEWS, read_only=False)
async def publish_view(env: Env, call: Call, request: PublishView) -> Json:
    """Show a person's Home tab of the app."""
    shown = await views.publish_view(
        env, call, request.user_id, request.view, expected=request.hash
    )
    return {"view": shown}


@action("slack:dialog.open", permission=SHOW, resource=VIEWS, read_only=False)
async def open_dialog(env: Env, call: Call, request: OpenDialog) -> None:
    """Show a dialog of before there were modals; it is shown as one."""
    await dialogs.open_dialog(env, call, request.trigger_id, request.dialog)
