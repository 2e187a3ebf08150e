"""What people do with apps: buttons, forms, shortcuts, slash commands, menus filled by the app.

Payloads have the fields of docs.slack.dev, "Interaction payloads". Whoever acts must see the
message or view; an element is taken from what the app sent, never from what the browser says of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from volano.services.chat.logic import passes
from volano.services.chat.logic.access import get_joined, get_readable
from volano.services.chat.logic.app_posts import be_bot
from volano.services.chat.logic.dialogue import INTERACTIVE, Reached, ask_app, reach_app
from volano.services.chat.logic.elements import find_element, state_of, taken_action
from volano.services.chat.logic.ephemerals import find_ephemeral
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.functions import function_data
from volano.services.chat.logic.history import to_json
from volano.services.chat.logic.messages import get_message
from volano.services.chat.logic.own_bots import find_own_author, tell_own
from volano.services.chat.logic.responses import Origin, apply_response, give_response_url
from volano.services.chat.logic.views import view_json
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model import ChannelKind, to_ts
from volano.services.chat.model.apps import PassKind
from volano.services.chat.model.functions import EXECUTION
from volano.services.chat.store import users as user_rows
from volano.services.chat.store import views as view_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.logic.dialogue import Answer
    from volano.services.chat.model import Channel, Json
    from volano.services.chat.model.apps import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button pressed or a choice made, in a message or in a view.

    `choice` is what was chosen: `selected_option`, `selected_date`, `value` ... `state` holds all
    inputs of the message or view.
    """

    channel: str = ""
    message_ts: str = ""
    view_id: str = ""
    block_id: str = ""
    action_id: str
    choice: Mapping[str, object] = field(default_factory=dict)
    state: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A message or view as it is told to its app."""

    reached: Reached
    blocks: list[object]
    fields: Json
    origin: Origin | None = None
    view: View | None = None


async def press(env: Env, call: Call, pressed: Press) -> None:
    """Tell the app of a button or choice (`block_actions`). Raises AppSilent."""
    here = await enter(env, call)
    if await _is_own(env, here, pressed):
        return
    place = await _place_of(env, here, pressed)
    element = find_element(place.blocks, pressed.block_id, pressed.action_id)
    now_us = env.clock.now_us()
    action = taken_action(element, pressed.choice) | {"action_ts": to_ts(now_us)}
    payload = await opening(env, here, place.reached, "block_actions", place.view)
    payload |= place.fields
    payload |= await function_data(env, call.account, _run_of(place))
    if place.view is None:
        payload["state"] = {"values": state_of(place.blocks, pressed.state)}
    if place.origin is not None:
        payload["response_url"] = await give_response_url(
            env, here, place.reached.app.id, place.origin
        )
    payload["actions"] = [action]
    answer = await ask_app(env, place.reached, INTERACTIVE, payload, url=url_of(place.reached))
    await _apply(env, here, place, answer)


def _run_of(place: Place) -> object:
    """The function run that a message or view belongs to."""
    message = place.fields.get("message")
    found = place.view.body if place.view is not None else message
    return found.get(EXECUTION) if isinstance(found, dict) else None


async def _is_own(env: Env, here: Here, pressed: Press) -> bool:
    """Whether the message is of the workplace's own bot, which is then told of the press."""
    if pressed.view_id:
        return False
    message = await _shown_message(env, here, pressed)
    author = await find_own_author(env, here.workspace.account, message)
    if author is None:
        return False
    blocks = message.get("blocks")
    await tell_own(
        env,
        here,
        bot_id=author.id,
        where=(pressed.channel, pressed.message_ts),
        pressed=(pressed.block_id, pressed.action_id),
        choice=pressed.choice,
        state=pressed.state,
        blocks=blocks if isinstance(blocks, list) else [],
    )
    return True


async def _shown_message(env: Env, here: Here, pressed: Press) -> Mapping[str, object]:
    """The message as the caller sees it; raises message_not_found and what reading raises."""
    channel, _ = await get_readable(env.store.reader, here.me, pressed.channel)
    shown = await find_ephemeral(env.store.reader, channel.id, here.me.id, pressed.message_ts)
    if shown is not None:
        return shown.message
    found = await get_message(env.store.reader, channel, pressed.message_ts)
    return (await to_json(env, here, channel, [found]))[0]


async def _apply(env: Env, here: Here, place: Place, answer: Answer) -> None:
    """Some apps answer a button with the message that takes its place."""
    if place.origin is None or not (answer.body.get("text") or answer.body.get("blocks")):
        return
    bot = await be_bot(env, here.workspace.account, place.reached.app.user_id)
    await apply_response(env, bot, place.origin, {"replace_original": True, **answer.body})


async def load_options(env: Env, call: Call, pressed: Press, typed: str) -> Json:
    """What an external menu offers for the text typed so far (`block_suggestion`)."""
    here = await enter(env, call)
    place = await _place_of(env, here, pressed)
    element = find_element(place.blocks, pressed.block_id, pressed.action_id)
    payload = await opening(env, here, place.reached, "block_suggestion", None)
    del payload["trigger_id"]
    payload |= place.fields
    payload |= {
        "action_id": pressed.action_id,
        "block_id": str(element["block_id"]),
        "value": typed,
    }
    manifest = place.reached.manifest
    url = manifest.settings.interactivity.message_menu_options_url if manifest else ""
    answer = await ask_app(
        env, place.reached, INTERACTIVE, payload, url=url or url_of(place.reached)
    )
    return {key: answer.body[key] for key in ("options", "option_groups") if key in answer.body}


def url_of(reached: Reached) -> str:
    return reached.manifest.settings.interactivity.request_url if reached.manifest else ""


async def opening(env: Env, here: Here, reached: Reached, kind: str, view: View | None) -> Json:
    """What every payload begins with, and a trigger for the app to open a modal with."""
    trigger = passes.trigger_id(env)
    body: Json = {"user": here.me.id, "view": view.id if view is not None else ""}

    async def write(tx: Tx) -> None:
        await passes.give_pass(
            tx,
            env,
            PassKind.TRIGGER,
            trigger,
            account=here.workspace.account,
            app_id=reached.app.id,
            body=body,
        )

    await env.store.transact(write)
    return {
        "type": kind,
        "user": person_json(here),
        "api_app_id": reached.app.id,
        "token": reached.token,
        "trigger_id": trigger,
        "team": {"id": here.workspace.team_id, "domain": env.config.public_host},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def person_json(here: Here) -> Json:
    return {
        "id": here.me.id,
        "username": here.me.name,
        "name": here.me.name,
        "team_id": here.workspace.team_id,
    }


def place_json(channel: Channel) -> Json:
    """A channel as payloads name it."""
    names = {ChannelKind.IM: "directmessage", ChannelKind.PRIVATE: "privategroup"}
    return {"id": channel.id, "name": names.get(channel.kind, channel.name)}


async def _place_of(env: Env, here: Here, pressed: Press) -> Place:
    if pressed.view_id:
        return await _view_place(env, here, pressed)
    channel, _ = await get_readable(env.store.reader, here.me, pressed.channel)
    shown = await find_ephemeral(env.store.reader, channel.id, here.me.id, pressed.message_ts)
    if shown is not None:
        message = shown.message
    else:
        found = await get_message(env.store.reader, channel, pressed.message_ts)
        message = (await to_json(env, here, channel, [found]))[0]
    app_id = message.get("app_id")
    if not isinstance(app_id, str):
        raise refused("invalid_arguments", "The message is not an app's.")
    thread_ts = str(message.get("thread_ts") or "")
    container: Json = {
        "type": "message",
        "message_ts": pressed.message_ts,
        "channel_id": channel.id,
        "is_ephemeral": shown is not None,
    }
    if thread_ts:
        container["thread_ts"] = thread_ts
    fields: Json = {"container": container, "channel": place_json(channel)}
    if shown is None:
        fields["message"] = message
    blocks = message.get("blocks")
    return Place(
        reached=await reach_app(env.store.reader, here.workspace.account, app_id),
        blocks=[*(blocks if isinstance(blocks, list) else []), *_attached(message)],
        fields=fields,
        origin=Origin(
            channel=channel.id,
            user=here.me.id,
            message_ts=pressed.message_ts,
            thread_ts=thread_ts,
            ephemeral=shown is not None,
        ),
    )


def _attached(message: Mapping[str, object]) -> list[object]:
    """Blocks within attachments."""
    items = message.get("attachments")
    found: list[object] = []
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict) and isinstance(item.get("blocks"), list):
            found += item["blocks"]
    return found


async def get_own_view(env: Env, here: Here, view_id: str) -> View:
    """An open view of the caller. Raises `not_found`."""
    view = await view_rows.find_view(env.store.reader, here.workspace.account, view_id)
    if view is None or view.user_id != here.me.id or not view.open:
        raise refused("not_found", "There is no such open view.")
    return view


async def _view_place(env: Env, here: Here, pressed: Press) -> Place:
    view = await get_own_view(env, here, pressed.view_id)
    blocks = view.body["blocks"]
    assert isinstance(blocks, list)
    reached = await reach_app(env.store.reader, here.workspace.account, view.app_id)
    state = state_of(blocks, pressed.state)
    shown = await own_view_json(env, here, replace(view, state=state))
    return Place(
        reached=reached,
        blocks=blocks,
        fields={"container": {"type": "view", "view_id": view.id}, "view": shown},
        view=view,
    )


async def own_view_json(env: Env, here: Here, view: View) -> Json:
    """The view with its bot's id."""
    app = await user_rows.find_app(env.store.reader, view.app_id)
    bot = None
    if app is not None:
        bot = await user_rows.find_user(env.store.reader, view.account, app.user_id)
    return view_json(here, view, bot_id=bot.bot_id if bot is not None else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A shortcut of an app, used on a message when `message_ts` is given."""

    app_id: str
    callback_id: str
    channel: str = ""
    message_ts: str = ""


async def use_shortcut(env: Env, call: Call, chosen: Chosen) -> None:
    """Tell the app (`shortcut` or `message_action`). Raises AppSilent and invalid_arguments."""
    here = await enter(env, call)
    reached = await reach_app(env.store.reader, call.account, chosen.app_id)
    kind = "message" if chosen.message_ts else "global"
    known = reached.manifest.features.shortcuts if reached.manifest else None
    if known is not None and not any(
        item.callback_id == chosen.callback_id and item.type == kind for item in known
    ):
        raise refused("invalid_arguments", "The app has no such shortcut.")
    is_message = kind == "message"
    payload = await opening(
        env, here, reached, "message_action" if is_message else "shortcut", None
    )
    payload |= {"callback_id": chosen.callback_id, "action_ts": to_ts(env.clock.now_us())}
    if is_message:
        payload |= await _chosen_message(env, here, reached, chosen)
    await ask_app(env, reached, INTERACTIVE, payload, url=url_of(reached))


async def _chosen_message(env: Env, here: Here, reached: Reached, chosen: Chosen) -> Json:
    channel, _ = await get_readable(env.store.reader, here.me, chosen.channel)
    message = await get_message(env.store.reader, channel, chosen.message_ts)
    origin = Origin(channel=channel.id, user=here.me.id, thread_ts=to_ts(message.thread_us))
    return {
        "channel": place_json(channel),
        "message": (await to_json(env, here, channel, [message]))[0],
        "message_ts": message.ts,
        "response_url": await give_response_url(env, here, reached.app.id, origin),
    }


async def opening_of_command(env: Env, call: Call, reached: Reached, channel_id: str) -> Json:
    """The fields of a slash command that do not depend on the command."""
    here = await enter(env, call)
    channel, _ = await get_joined(env.store.reader, here.me, channel_id)
    opened = await opening(env, here, reached, "command", None)
    origin = Origin(channel=channel.id, user=here.me.id)
    return {
        "token": reached.token,
        "team_id": here.workspace.team_id,
        "team_domain": env.config.public_host,
        "channel_id": channel.id,
        "channel_name": place_json(channel)["name"],
        "user_id": here.me.id,
        "user_name": here.me.name,
        "api_app_id": reached.app.id,
        "is_enterprise_install": "false",
        "response_url": await give_response_url(env, here, reached.app.id, origin),
        "trigger_id": opened["trigger_id"],
    }
