"""Slash commands of apps, and which commands and shortcuts there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.logic import functions
from volano.services.chat.logic.app_posts import be_bot
from volano.services.chat.logic.dialogue import COMMAND, ask_app, reach_app
from volano.services.chat.logic.interactions import opening_of_command
from volano.services.chat.logic.mrkdwn import escape_text
from volano.services.chat.logic.own_commands import declare_commands, tell_command
from volano.services.chat.logic.responses import Origin, apply_response
from volano.services.chat.model.commands import OwnCommand
from volano.services.chat.store import app_configs as config_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json
    from volano.services.chat.model.apps import AppConfig, Command


declare_commands(
    OwnCommand(
        command=functions.COMMAND,
        usage_hint="step name=value …",
        description="Run a step of an app",
    )
)


async def run_command(env: Env, call: Call, channel_id: str, line: str, thread_ts: str) -> None:
    """Run `/command text` as typed. Raises `unknown_command` and AppSilent."""
    name, _, text = line.strip().partition(" ")
    found = await _find(env, call, name)
    if found is None and name == functions.COMMAND:
        await functions.run_line(env, call, channel_id, text)
        return
    if found is None:
        await tell_command(env, call, channel_id, name, text=text.strip(), thread_ts=thread_ts)
        return
    config, command = found
    reached = await reach_app(env.store.reader, call.account, config.app_id)
    fields = await opening_of_command(env, call, reached, channel_id)
    fields |= {"command": name, "text": escape_text(text.strip())}
    if thread_ts:
        fields["thread_ts"] = thread_ts
    answer = await ask_app(env, reached, COMMAND, fields, url=command.url)
    body: Json = answer.body or ({"text": answer.text} if answer.text else {})
    if body.get("text") or body.get("blocks") or body.get("attachments"):
        bot = await be_bot(env, call.account, reached.app.user_id)
        origin = Origin(
            channel=str(fields["channel_id"]), user=str(fields["user_id"]), thread_ts=thread_ts
        )
        await apply_response(env, bot, origin, body)


async def _find(env: Env, call: Call, name: str) -> tuple[AppConfig, Command] | None:
    """The app that has the command, the one that was changed last."""
    configs = await config_rows.select_configs(env.store.reader, call.account)
    for config in sorted(configs, key=lambda item: item.updated_us, reverse=True):
        for command in config.manifest.features.slash_commands:
            if command.command == name and config.installed:
                return config, command
    return None


async def list_commands(env: Env, call: Call) -> list[tuple[AppConfig, Command]]:
    """Every command of the workspace's installed apps."""
    configs = await config_rows.select_configs(env.store.reader, call.account)
    return [
        (config, command)
        for config in configs
        if config.installed
        for command in config.manifest.features.slash_commands
    ]
