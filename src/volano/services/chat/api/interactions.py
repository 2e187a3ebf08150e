"""What people do with apps, for the console: buttons, forms, shortcuts, commands, Home tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.chat.api.shapes import CHANNEL
from volano.services.chat.logic import commands, interactions, submissions
from volano.services.chat.logic.interactions import Chosen, Press
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

USE = "chat:UseApps"
APP = "arn:aws:chat:{region}:{account}:app/{app_id}"
VIEW = "arn:aws:chat:{region}:{account}:view/{view_id}"


class PressFields(msgspec.Struct, kw_only=True):
    """`choice` is what was chosen (`selected_option`, `selected_date`, `value` ...); `state` holds
    all inputs by block and action, as Slack's `state.values`.
    """

    action_id: str
    block_id: str = ""
    channel: str = ""
    message_ts: str = ""
    view_id: str = ""
    choice: dict[str, Any] = msgspec.field(default_factory=dict)
    state: dict[str, Any] = msgspec.field(default_factory=dict)

    def press(self) -> Press:
        return Press(
            channel=self.channel,
            message_ts=self.message_ts,
            view_id=self.view_id,
            block_id=self.block_id,
            action_id=self.action_id,
            choice=self.choice,
            state=self.state,
        )


class OptionsFields(PressFields, kw_only=True):
    value: str = ""


class Options(msgspec.Struct, kw_only=True):
    """Slack's `options` or `option_groups`, as the app answered."""

    options: list[dict[str, Any]] = msgspec.field(default_factory=list)
    option_groups: list[dict[str, Any]] = msgspec.field(default_factory=list)


class SubmitFields(msgspec.Struct, kw_only=True):
    view_id: str
    state: dict[str, Any] = msgspec.field(default_factory=dict)


class CloseFields(SubmitFields, kw_only=True):
    """`all` closes the whole stack."""

    all: bool = False


class ViewOutcome(msgspec.Struct, kw_only=True):
    """What the screen does now: close, clear, errors (by block id), update or push `view`."""

    action: str
    errors: dict[str, Any] = msgspec.field(default_factory=dict)
    view: dict[str, Any] | None = None


class ShortcutFields(msgspec.Struct, kw_only=True):
    app_id: str
    callback_id: str
    channel: str = ""
    message_ts: str = ""


class CommandFields(msgspec.Struct, kw_only=True):
    """`text` is the whole line, `/command` first."""

    channel: str
    text: str
    thread_ts: str = ""


class HomeFields(msgspec.Struct, kw_only=True):
    app_id: str
    tab: str = "home"


class AppHomeView(msgspec.Struct, kw_only=True):
    view: dict[str, Any] | None


@action(
    "volano:pressElement",
    method="POST",
    path="/volano/v1/chat/interactions/press",
    permission=USE,
    resource=CHANNEL,
)
async def press_element(env: Env, call: Call, request: PressFields) -> None:
    """Press a button or choose something in a message or view of an app."""
    await interactions.press(env, call, request.press())


@action(
    "volano:loadOptions",
    method="POST",
    path="/volano/v1/chat/interactions/options",
    permission=USE,
    resource=CHANNEL,
)
async def load_options(env: Env, call: Call, request: OptionsFields) -> Options:
    """What an app's own menu offers for the text typed so far."""
    found = await interactions.load_options(env, call, request.press(), request.value)
    return msgspec.convert(found, Options)


@action(
    "volano:useShortcut",
    method="POST",
    path="/volano/v1/chat/interactions/shortcut",
    permission=USE,
    resource=APP,
)
async def use_shortcut(env: Env, call: Call, request: ShortcutFields) -> None:
    """Use an app's shortcut, on a message or anywhere."""
    chosen = Chosen(
        app_id=request.app_id,
        callback_id=request.callback_id,
        channel=request.channel,
        message_ts=request.message_ts,
    )
    await interactions.use_shortcut(env, call, chosen)


@action(
    "volano:runCommand",
    method="POST",
    path="/volano/v1/chat/interactions/command",
    permission=USE,
    resource=CHANNEL,
)
async def run_command(env: Env, call: Call, request: CommandFields) -> None:
    """Run a slash command in a channel."""
    await commands.run_command(env, call, request.channel, request.text, request.thread_ts)


@action(
    "volano:submitView",
    method="POST",
    path="/volano/v1/chat/views/{view_id}/submit",
    permission=USE,
    resource=VIEW,
)
async def submit_view(env: Env, call: Call, request: SubmitFields) -> ViewOutcome:
    """Hand a form in."""
    outcome = await submissions.submit_view(env, call, request.view_id, request.state)
    return ViewOutcome(action=outcome.action, errors=outcome.errors, view=outcome.view)


@action(
    "volano:closeView",
    method="POST",
    path="/volano/v1/chat/views/{view_id}/close",
    permission=USE,
    resource=VIEW,
)
async def close_view(env: Env, call: Call, request: CloseFields) -> ViewOutcome:
    """Close a modal; what lay below it is shown again."""
    outcome = await submissions.close_view(
        env, call, request.view_id, all_of_them=request.all, state=request.state
    )
    return ViewOutcome(action=outcome.action, errors=outcome.errors, view=outcome.view)


@action(
    "volano:openAppHome",
    method="POST",
    path="/volano/v1/chat/apps/{app_id}/home",
    permission=USE,
    resource=APP,
)
async def open_app_home(env: Env, call: Call, request: HomeFields) -> AppHomeView:
    """Open an app's Home tab; the app hears of it and may publish another view."""
    return AppHomeView(view=await submissions.open_home(env, call, request.app_id, request.tab))
