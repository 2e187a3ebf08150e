"""Dialogs (`dialog.open`): the forms of before there were modals, shown as modals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.chat.logic.blocks import require_view
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.live import Told, keep_for, send
from volano.services.chat.logic.views import calling_app, make_view, take_trigger, view_json
from volano.services.chat.store import views as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json
    from volano.services.chat.model.apps import View

MAX_ELEMENTS = 10
DIALOG = "volano_dialog"
"""Key of the view's body under which the dialog as it came is kept."""


async def open_dialog(env: Env, call: Call, trigger: str, dialog: Mapping[str, object]) -> None:
    """Show the dialog. Raises validation_errors and what views.open raises."""
    here, app = await calling_app(env, call)
    body = require_view(env, to_modal(dialog), "modal") | {DIALOG: dict(dialog)}

    async def write(tx: Tx) -> Told:
        found = await take_trigger(tx, env, app, trigger)
        view = make_view(env, app, str(found.body["user"]), body)
        await rows.upsert_view(tx, view)
        event: Json = {
            "type": "view_opened",
            "view": view_json(here, view, bot_id=here.me.bot_id),
        }
        return await keep_for(tx, env, call.account, view.user_id, event)

    await send(env, await env.store.transact(write))


def to_modal(dialog: Mapping[str, object]) -> Json:
    """The dialog as a modal with the same fields; each block is named after its element."""
    elements = dialog.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= MAX_ELEMENTS:
        raise refused("validation_errors", f"A dialog has 1 to {MAX_ELEMENTS} elements.")
    callback_id = dialog.get("callback_id")
    if not isinstance(callback_id, str) or not callback_id:
        raise refused("validation_errors", "A dialog needs a callback_id.")
    state = dialog.get("state")
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": _plain(str(dialog.get("title") or "Dialog")[:24]),
        "submit": _plain(str(dialog.get("submit_label") or "Submit")[:24]),
        "close": _plain("Cancel"),
        "private_metadata": state if isinstance(state, str) else json.dumps(state or ""),
        "notify_on_close": dialog.get("notify_on_cancel") is True,
        "blocks": [_block(item) for item in elements],
    }


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def _block(element: object) -> Json:
    if not isinstance(element, dict) or not isinstance(element.get("name"), str):
        raise refused("validation_errors", "Each element of a dialog needs a name.")
    name, kind = element["name"], element.get("type")
    field: Json = {"action_id": name}
    if kind == "select":
        field |= _menu(element)
    elif kind in ("text", "textarea"):
        field |= {"type": "plain_text_input", "multiline": kind == "textarea"}
        if element.get("value"):
            field["initial_value"] = element["value"]
    else:
        raise refused("validation_errors", "An element of a dialog is text, textarea or select.")
    if element.get("placeholder"):
        field["placeholder"] = _plain(str(element["placeholder"])[:150])
    found: Json = {
        "type": "input",
        "block_id": name,
        "optional": element.get("optional") is True,
        "label": _plain(str(element.get("label") or name)),
        "element": field,
    }
    if element.get("hint"):
        found["hint"] = _plain(str(element["hint"])[:150])
    return found


_SOURCES = {
    "users": "users_select",
    "channels": "channels_select",
    "conversations": "conversations_select",
    "external": "external_select",
}


def _menu(element: Mapping[str, object]) -> Json:
    source = _SOURCES.get(str(element.get("data_source")))
    if source is not None:
        return {"type": source}
    options = element.get("options")
    if not isinstance(options, list) or not options:
        raise refused("validation_errors", "A select of a dialog needs options.")
    return {
        "type": "static_select",
        "options": [
            {"text": _plain(str(item.get("label"))[:75]), "value": str(item.get("value"))[:75]}
            for item in options
            if isinstance(item, dict)
        ],
    }


def submission_of(view: View) -> Json:
    """What was typed, by the names of the dialog's elements."""
    found: Json = {}
    for name, entry in view.state.items():
        value = entry.get(name) if isinstance(entry, dict) else None
        if not isinstance(value, dict):
            continue
        option = value.get("selected_option")
        chosen = [item for key, item in value.items() if key != "type"]
        found[name] = option.get("value") if isinstance(option, dict) else next(iter(chosen), None)
    return found
