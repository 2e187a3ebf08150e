"""Modals that people submit or close, and Home tabs that they open."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from volano.services.chat.logic.blocks import require_view
from volano.services.chat.logic.dialogs import DIALOG, submission_of
from volano.services.chat.logic.dialogue import INTERACTIVE, Reached, ask_app, reach_app
from volano.services.chat.logic.elements import state_of
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.functions import function_data
from volano.services.chat.logic.interactions import get_own_view, opening, own_view_json, url_of
from volano.services.chat.logic.members import open_direct
from volano.services.chat.logic.responses import Origin, give_response_url
from volano.services.chat.logic.views import change_view, push_on
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model import to_ts
from volano.services.chat.model.apps import AppTold
from volano.services.chat.model.functions import EXECUTION
from volano.services.chat.store import users as user_rows
from volano.services.chat.store import views as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.logic.dialogue import Answer
    from volano.services.chat.model import Json
    from volano.services.chat.model.apps import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the screen does now: `close`, `clear`, `errors`, `update` or `push`."""

    action: str
    errors: Json = field(default_factory=dict)
    view: Json | None = None


async def submit_view(env: Env, call: Call, view_id: str, state: Mapping[str, object]) -> Outcome:
    """Hand a form in and do what the app answers. Raises AppSilent."""
    here = await enter(env, call)
    view = await get_own_view(env, here, view_id)
    if view.kind != "modal":
        raise refused("invalid_arguments", "Only modals are submitted.")
    blocks = view.body["blocks"]
    assert isinstance(blocks, list)
    filled = replace(view, state=state_of(blocks, state))
    missing = _missing(blocks, filled.state)
    if missing:
        return Outcome(action="errors", errors=missing)
    reached = await reach_app(env.store.reader, call.account, view.app_id)
    if DIALOG in view.body:
        return await _submit_dialog(env, here, reached, filled)
    payload = await opening(env, here, reached, "view_submission", view)
    payload |= {
        "view": await own_view_json(env, here, filled),
        "response_urls": await _response_urls(env, here, filled),
        **await function_data(env, call.account, view.body.get(EXECUTION)),
    }
    answer = await ask_app(env, reached, INTERACTIVE, payload, url=url_of(reached))
    return await _follow(env, here, view, answer)


async def _submit_dialog(env: Env, here: Here, reached: Reached, view: View) -> Outcome:
    """`dialog_submission`; the app answers nothing or the elements that it does not take."""
    payload = await opening(env, here, reached, "dialog_submission", view)
    payload |= {
        "callback_id": view.body["callback_id"],
        "state": view.body["private_metadata"],
        "submission": submission_of(view),
        "action_ts": to_ts(env.clock.now_us()),
    }
    answer = await ask_app(env, reached, INTERACTIVE, payload, url=url_of(reached))
    wrong = answer.body.get("errors")
    if isinstance(wrong, list) and wrong:
        errors: Json = {
            str(item.get("name")): item.get("error") for item in wrong if isinstance(item, dict)
        }
        return Outcome(action="errors", errors=errors)
    return await _close(env, here, view, all_of_them=True)


def _missing(blocks: list[object], state: Mapping[str, object]) -> Json:
    """Errors for inputs that are not optional and are empty."""
    found: Json = {}
    for block in blocks:
        if not isinstance(block, dict) or block.get("type") != "input" or block.get("optional"):
            continue
        entries = state.get(str(block["block_id"]))
        values = entries.values() if isinstance(entries, dict) else ()
        for entry in values:
            content = [value for name, value in entry.items() if name != "type"]
            if not any(value not in (None, "", []) for value in content):
                found[str(block["block_id"])] = "Please fill this in."
    return found


async def _response_urls(env: Env, here: Here, view: View) -> list[Json]:
    """For conversation menus with `response_url_enabled`: a URL to answer into what was chosen."""
    found: list[Json] = []
    blocks = view.body["blocks"]
    for block in blocks if isinstance(blocks, list) else []:
        element = block.get("element")
        if not isinstance(element, dict) or not element.get("response_url_enabled"):
            continue
        entries = view.state.get(block["block_id"])
        entry = entries.get(element["action_id"]) if isinstance(entries, dict) else None
        chosen = _chosen_channel(entry)
        if not chosen:
            continue
        origin = Origin(channel=chosen, user=here.me.id)
        found.append(
            {
                "block_id": block["block_id"],
                "action_id": element["action_id"],
                "channel_id": chosen,
                "response_url": await give_response_url(env, here, view.app_id, origin),
            }
        )
    return found


def _chosen_channel(entry: object) -> str:
    if not isinstance(entry, dict):
        return ""
    return str(entry.get("selected_conversation") or entry.get("selected_channel") or "")


async def _follow(env: Env, here: Here, view: View, answer: Answer) -> Outcome:
    """Do what `response_action` says; without one the modal closes."""
    asked = answer.body.get("response_action")
    if asked == "errors":
        errors = answer.body.get("errors")
        return Outcome(action="errors", errors=errors if isinstance(errors, dict) else {})
    if asked in ("update", "push"):
        source = answer.body.get("view")
        if not isinstance(source, dict):
            raise refused("invalid_arguments", "The app's answer holds no view.")
        shown = await _replaced(env, here, view, source, pushes=asked == "push")
        return Outcome(action=str(asked), view=shown)
    return await _close(env, here, view, all_of_them=asked == "clear")


async def _replaced(
    env: Env, here: Here, view: View, source: Mapping[str, object], *, pushes: bool
) -> Json:
    body = require_view(env, source, "modal")
    app = await user_rows.find_app(env.store.reader, view.app_id)
    assert app is not None, view.app_id

    async def write(tx: Tx) -> View:
        if pushes:
            return await push_on(tx, env, app, view, body)
        return await change_view(tx, env, view, body)

    return await own_view_json(env, here, await env.store.transact(write))


async def _close(env: Env, here: Here, view: View, *, all_of_them: bool) -> Outcome:
    """Close the view, or the whole stack; shows what lay below it."""

    async def write(tx: Tx) -> View | None:
        if all_of_them or not view.previous_id:
            await rows.close_stack(tx, view.root_id)
            return None
        await rows.upsert_view(tx, replace(view, open=False))
        return await rows.find_view(tx, view.account, view.previous_id)

    below = await env.store.transact(write)
    if below is None:
        return Outcome(action="clear" if all_of_them else "close")
    return Outcome(action="close", view=await own_view_json(env, here, below))


async def close_view(
    env: Env, call: Call, view_id: str, *, all_of_them: bool, state: Mapping[str, object]
) -> Outcome:
    """The person closes a modal; the app hears of it when it asked to (`view_closed`)."""
    here = await enter(env, call)
    view = await get_own_view(env, here, view_id)
    outcome = await _close(env, here, view, all_of_them=all_of_them)
    if view.body.get("notify_on_close") is True:
        reached = await reach_app(env.store.reader, call.account, view.app_id)
        payload = await opening(env, here, reached, "view_closed", view)
        del payload["trigger_id"]
        blocks = view.body["blocks"]
        assert isinstance(blocks, list)
        filled = replace(view, state=state_of(blocks, state))
        payload["view"] = await own_view_json(env, here, filled)
        payload["is_cleared"] = all_of_them
        await ask_app(env, reached, INTERACTIVE, payload, url=url_of(reached))
    return outcome


async def open_home(env: Env, call: Call, app_id: str, tab: str) -> Json | None:
    """A person opens an app's Home; the app hears `app_home_opened`. The view, if there is one."""
    here = await enter(env, call)
    reached = await reach_app(env.store.reader, call.account, app_id)
    joined = await open_direct(env, call, [reached.app.user_id])
    known = await rows.find_home(env.store.reader, app_id, here.me.id)
    shown = await own_view_json(env, here, known) if known is not None else None
    told: Json = {
        "type": "app_home_opened",
        "user": here.me.id,
        "channel": joined.channel.id,
        "tab": tab,
    }
    if shown is not None:
        told["view"] = shown

    async def write(tx: Tx) -> None:
        tx.publish(AppTold(account=call.account, app=app_id, what=json.dumps(told)))

    await env.store.transact(write)
    return shown
