"""Modals and Home tabs: opening, pushing, updating and publishing them.

A modal is opened with a trigger id that an app got a moment ago; up to three lie on one another. A
view's hash changes with every change, so that two changes at once do not undo each other.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.chat.logic import passes
from volano.services.chat.logic.blocks import require_view
from volano.services.chat.logic.errors import WrongTokenType, conflict, refused
from volano.services.chat.logic.live import Told, keep_for, send
from volano.services.chat.logic.passes import PassExpired, PassUnknown, PassUsed
from volano.services.chat.logic.users import get_user
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model.apps import Pass, PassKind, View
from volano.services.chat.model.functions import EXECUTION, execution_of
from volano.services.chat.store import users as user_rows
from volano.services.chat.store import views as rows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.chat.model import App, Json

MAX_STACK = 3
MAX_VIEW_BYTES = 250_000


async def calling_app(env: Env, call: Call) -> tuple[Here, App]:
    """The app whose bot calls. Raises not_allowed_token_type for people."""
    here = await enter(env, call)
    app = await user_rows.find_app(env.store.reader, here.me.app_id) if here.me.app_id else None
    if app is None:
        raise WrongTokenType("This method is for the bot token of an app.")
    return here, app


async def take_trigger(tx: Tx, env: Env, app: App, trigger: str) -> Pass:
    """Use a trigger id up. Raises invalid_trigger_id, exchanged_trigger_id, expired_trigger_id."""
    try:
        found = await passes.take_pass(tx, env, PassKind.TRIGGER, trigger)
    except PassUsed as error:
        raise refused("exchanged_trigger_id", "The trigger_id was used already.") from error
    except PassExpired as error:
        raise refused("expired_trigger_id", "The trigger_id is over three seconds old.") from error
    except PassUnknown as error:
        raise refused("invalid_trigger_id", "The trigger_id is not one of this app's.") from error
    if found.app_id != app.id:
        raise refused("invalid_trigger_id", "The trigger_id is not one of this app's.")
    return found


async def open_view(env: Env, call: Call, trigger: str, source: Mapping[str, object]) -> Json:
    """Show a modal to whoever caused the trigger."""
    here, app = await calling_app(env, call)
    body = _require(env, source, "modal") | _execution(call)

    async def write(tx: Tx) -> View:
        found = await take_trigger(tx, env, app, trigger)
        view = make_view(env, app, str(found.body["user"]), body)
        await _require_free(tx, view)
        await rows.upsert_view(tx, view)
        return view

    return await _show(env, here, "view_opened", write)


def _execution(call: Call) -> Json:
    """The run of a function whose token calls: its views belong to it."""
    run_id = execution_of(call.principal.scopes)
    return {EXECUTION: run_id} if run_id else {}


async def push_view(env: Env, call: Call, trigger: str, source: Mapping[str, object]) -> Json:
    """Lay a modal on the one whose button was pressed. Raises push_limit_reached."""
    here, app = await calling_app(env, call)
    body = _require(env, source, "modal") | _execution(call)

    async def write(tx: Tx) -> View:
        found = await take_trigger(tx, env, app, trigger)
        below = await rows.find_view(tx, call.account, str(found.body.get("view") or ""))
        if below is None or not below.open or below.kind != "modal":
            raise refused("not_found", "The trigger_id did not come from an open modal.")
        return await push_on(tx, env, app, below, body)

    return await _show(env, here, "view_pushed", write)


async def push_on(tx: Tx, env: Env, app: App, below: View, body: Json) -> View:
    """A new top of the stack that `below` is in, in the caller's transaction."""
    stack = await rows.select_stack(tx, below.root_id)
    if len(stack) >= MAX_STACK:
        raise refused("push_limit_reached", f"At most {MAX_STACK} modals lie on one another.")
    view = make_view(env, app, below.user_id, body)
    view = replace(view, root_id=below.root_id, previous_id=below.id)
    await _require_free(tx, view)
    await rows.upsert_view(tx, view)
    return view


async def update_view(
    env: Env,
    call: Call,
    source: Mapping[str, object],
    *,
    view_id: str,
    external_id: str,
    expected: str,
) -> Json:
    """Change an open modal. Raises not_found and hash_conflict."""
    here, app = await calling_app(env, call)
    body = _require(env, source, "")

    async def write(tx: Tx) -> View:
        found = await _find(tx, app, view_id, external_id)
        if found is None or not found.open:
            raise refused("not_found", "There is no such open view.")
        return await change_view(tx, env, found, body, expected=expected)

    return await _show(env, here, "view_updated", write)


async def change_view(tx: Tx, env: Env, old: View, body: Json, *, expected: str = "") -> View:
    """Give a view other content in the caller's transaction. Raises hash_conflict."""
    if expected and expected != old.hash:
        raise conflict("hash_conflict", "The view was changed since that hash was given out.")
    view = replace(
        old,
        body=body,
        external_id=str(body.get("external_id") or "") or old.external_id,
        hash=_hash(env, body),
        open=True,
        updated_us=env.clock.now_us(),
    )
    if view.external_id != old.external_id:
        await _require_free(tx, view)
    await rows.upsert_view(tx, view)
    return view


async def publish_view(
    env: Env, call: Call, user_id: str, source: Mapping[str, object], *, expected: str
) -> Json:
    """Show a Home tab to a person. Raises user_not_found and hash_conflict."""
    here, app = await calling_app(env, call)
    body = _require(env, source, "home")
    user = await get_user(env.store.reader, call.account, user_id)

    async def write(tx: Tx) -> View:
        known = await rows.find_home(tx, app.id, user.id)
        if known is not None:
            return await change_view(tx, env, known, body, expected=expected)
        view = make_view(env, app, user.id, body)
        await rows.upsert_view(tx, view)
        return view

    return await _show(env, here, "view_published", write)


async def _find(reader: Reader, app: App, view_id: str, external_id: str) -> View | None:
    if view_id:
        found = await rows.find_view(reader, app.account, view_id)
        return found if found is not None and found.app_id == app.id else None
    if not external_id:
        raise refused("invalid_arguments", "view_id or external_id is needed.")
    return await rows.find_view_by_external_id(reader, app.account, app.id, external_id)


def _require(env: Env, source: Mapping[str, object], kind: str) -> Json:
    """The view as it is kept. Raises invalid_arguments and view_too_large."""
    if len(json.dumps(source)) > MAX_VIEW_BYTES:
        raise refused("view_too_large", f"A view has at most {MAX_VIEW_BYTES} bytes.")
    return require_view(env, source, kind)


def make_view(env: Env, app: App, user_id: str, body: Json) -> View:
    """A view that is the first of its stack."""
    view_id = env.ids.slack("V")
    return View(
        id=view_id,
        account=app.account,
        app_id=app.id,
        user_id=user_id,
        kind=str(body["type"]),
        external_id=str(body.get("external_id") or ""),
        root_id=view_id,
        hash=_hash(env, body),
        body=body,
        updated_us=env.clock.now_us(),
    )


def _hash(env: Env, body: Json) -> str:
    digest = hashlib.sha256(json.dumps(body).encode()).hexdigest()[:8]
    return f"{env.clock.now_us() // 1_000_000}.{digest}"


async def _require_free(tx: Tx, view: View) -> None:
    """Raises duplicate_external_id when another open view has the name."""
    if not view.external_id:
        return
    other = await rows.find_view_by_external_id(tx, view.account, view.app_id, view.external_id)
    if other is not None and other.id != view.id:
        raise refused("duplicate_external_id", "Another view has this external_id.")


def view_json(here: Here, view: View, *, bot_id: str) -> Json:
    """Slack's view object."""
    body = view.body
    found: Json = {
        "id": view.id,
        "team_id": here.workspace.team_id,
        "type": view.kind,
        "blocks": body["blocks"],
        "private_metadata": body.get("private_metadata") or "",
        "callback_id": body.get("callback_id") or "",
        "state": {"values": view.state},
        "hash": view.hash,
        "title": body.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
        "clear_on_close": body.get("clear_on_close") is True,
        "notify_on_close": body.get("notify_on_close") is True,
        "close": body.get("close"),
        "submit": body.get("submit"),
        "previous_view_id": view.previous_id or None,
        "root_view_id": view.root_id,
        "app_id": view.app_id,
        "external_id": view.external_id,
        "app_installed_team_id": here.workspace.team_id,
        "bot_id": bot_id,
    }
    if view.kind == "modal":
        found["submit_disabled"] = body.get("submit_disabled") is True
    return found


async def _show(env: Env, here: Here, what: str, write: Callable[[Tx], Awaitable[View]]) -> Json:
    """The view that `write` makes, as its app sees it; whoever looks at it is told."""

    async def keep(tx: Tx) -> tuple[Json, Told]:
        view = await write(tx)
        shown = view_json(here, view, bot_id=here.me.bot_id)
        event: Json = {"type": what, "view": shown}
        return shown, await keep_for(tx, env, view.account, view.user_id, event)

    shown, told = await env.store.transact(keep)
    await send(env, told)
    return shown
