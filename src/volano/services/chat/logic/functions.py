"""Functions of apps ("custom steps"): run by a person, done by the app, which tells how it ended.

A run has a token of its own (`xwfp-`) for fifteen minutes: what the app posts and opens with it
belongs to the run, so that buttons there tell the app which run they are about. The token is made
from the run's id and the installation's secret, and need not be kept to be told again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from volano.services.chat.logic import passes
from volano.services.chat.logic.access import get_readable
from volano.services.chat.logic.app_posts import be_bot
from volano.services.chat.logic.dialogue import reach_app
from volano.services.chat.logic.errors import conflict, denied, refused
from volano.services.chat.logic.mrkdwn import escape_text
from volano.services.chat.logic.parameters import (
    declared_json,
    inputs_of,
    parameters_of,
    require_outputs,
)
from volano.services.chat.logic.responses import Origin, apply_response
from volano.services.chat.logic.views import calling_app
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import to_ts
from volano.services.chat.model.apps import AppTold, PassKind
from volano.services.chat.model.functions import (
    RUN_SCOPE,
    FunctionRun,
    RunState,
    scope_of,
)
from volano.services.chat.store import app_configs as config_rows
from volano.services.chat.store import functions as rows
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.errors import Invalid
    from volano.kernel.store import Tx
    from volano.services.chat.model import App, Json
    from volano.services.chat.model.apps import AppConfig
    from volano.services.chat.model.functions import Function

RUN_US = 15 * 60 * 1_000_000
"""How long an app has to end a run."""
AFTER_US = 60 * 1_000_000
"""How long the token of an ended run can still put a last word into its message."""
KEEP_US = 30 * 24 * 3600 * 1_000_000
"""How long an ended run can be asked for."""
MAX_RUNNING = 50
"""Runs of one app at once."""
COMMAND = "/step"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A function to run, by its app and callback id; `channel` is where the result is told."""

    app_id: str
    callback_id: str
    inputs: Mapping[str, object] = field(default_factory=dict)
    channel: str = ""


async def list_functions(env: Env, call: Call) -> list[tuple[AppConfig, str, Function]]:
    """Those of installed apps with their callback ids, in the order of their manifests."""
    await enter(env, call)
    configs = await config_rows.select_configs(env.store.reader, call.account)
    return [
        (config, callback_id, found)
        for config in configs
        if config.installed
        for callback_id, found in config.manifest.functions.items()
    ]


async def run_line(env: Env, call: Call, channel_id: str, text: str) -> FunctionRun:
    """`callback_id name=value …` as typed after `/step`; the app that was changed last has it.

    Raises what `run_function` raises."""
    callback_id, *words = text.split() or [""]
    inputs: dict[str, object] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise refused("invalid_arguments", f"Write {COMMAND} step name=value …")
        inputs[name] = value
    listed = await list_functions(env, call)
    found = [config for config, name, _ in listed if name == callback_id]
    if not found:
        known = sorted({name for _, name, _ in listed})
        said = f"Steps here: {', '.join(known[:20])}." if known else "No app has steps here."
        raise refused("function_not_found", f"There is no step {callback_id[:40]!r}. {said}")
    newest = max(found, key=lambda config: config.updated_us)
    asked = Asked(app_id=newest.app_id, callback_id=callback_id, inputs=inputs, channel=channel_id)
    return await run_function(env, call, asked)


async def run_function(env: Env, call: Call, asked: Asked) -> FunctionRun:
    """Tell the app to run its function (`function_executed`).

    Raises function_not_found, parameter_validation_failed and too_many_running.
    """
    here = await enter(env, call)
    reached = await reach_app(env.store.reader, call.account, asked.app_id)
    config = reached.config
    function = config.manifest.functions.get(asked.callback_id) if config else None
    if config is None or function is None or not config.installed:
        raise refused("function_not_found", f"The app has no function {asked.callback_id[:40]!r}.")
    if asked.channel:
        await get_readable(env.store.reader, here.me, asked.channel)
    trigger = passes.trigger_id(env)
    run = FunctionRun(
        id=env.ids.slack("Fx"),
        account=call.account,
        app_id=config.app_id,
        callback_id=asked.callback_id,
        user_id=here.me.id,
        channel_id=asked.channel,
        inputs=inputs_of(
            parameters_of(function.input_parameters),
            asked.inputs,
            user=here.me.id,
            channel=asked.channel,
            trigger=trigger,
        ),
        outputs={},
        state=RunState.RUNNING,
        error="",
        began_us=env.clock.now_us(),
        ended_us=0,
    )

    async def write(tx: Tx) -> None:
        await _make_room(tx, env, reached.app)
        await rows.insert_run(tx, run)
        await identity.create_slack_token(
            tx,
            env,
            reached.app.principal_id,
            kind=identity.TokenKind.SLACK_BOT,
            name=f"Run {run.id}",
            scopes=(*config.scopes, scope_of(run.id)),
            app=config.app_id,
            expires_us=run.began_us + RUN_US,
            plain=token_of(env, run.id),
        )
        await passes.give_pass(
            tx,
            env,
            PassKind.TRIGGER,
            trigger,
            account=call.account,
            app_id=config.app_id,
            body={"user": here.me.id, "view": ""},
        )
        told = _executed(env, reached.app, config, function, run)
        tx.publish(AppTold(account=call.account, app=config.app_id, what=json.dumps(told)))

    await env.store.transact(write)
    return run


def token_of(env: Env, run_id: str) -> str:
    """The plain token of a run; only this installation can make it."""
    return f"xwfp-{env.secrets.digest(f'function run {run_id}').hex()}"


async def _make_room(tx: Tx, env: Env, app: App) -> None:
    """End what the app never ended, forget what is old, and refuse too much at once."""
    now_us = env.clock.now_us()
    running = await rows.select_running(tx, app.id, limit=MAX_RUNNING)
    late = [item for item in running if item.began_us + RUN_US <= now_us]
    for item in late:
        await _end(tx, env, item, RunState.FAILED, error="The app did not answer in time.")
    if len(running) - len(late) >= MAX_RUNNING:
        raise conflict("too_many_running", f"At most {MAX_RUNNING} steps of an app run at once.")
    await rows.delete_ended(tx, app.id, now_us - KEEP_US)
    await identity.delete_expired_tokens(tx, app.principal_id, scope=RUN_SCOPE, now_us=now_us)


def _executed(env: Env, app: App, config: AppConfig, function: Function, run: FunctionRun) -> Json:
    """Slack's `function_executed`."""
    told: Json = {
        "id": f"Fn{app.id[1:]}",
        "callback_id": run.callback_id,
        "title": function.title or run.callback_id,
        "description": function.description,
        "type": "app",
        "input_parameters": declared_json(function.input_parameters),
        "output_parameters": declared_json(function.output_parameters),
        "app_id": app.id,
        "date_created": app.created_us // 1_000_000,
        "date_updated": config.updated_us // 1_000_000,
        "date_deleted": 0,
        "form_enabled": False,
    }
    return {
        "type": "function_executed",
        "function": told,
        "inputs": run.inputs,
        "function_execution_id": run.id,
        "workflow_execution_id": f"Wx{run.id[2:]}",
        "event_ts": to_ts(run.began_us),
        "bot_access_token": token_of(env, run.id),
    }


async def get_run(env: Env, call: Call, run_id: str) -> FunctionRun:
    """A run of one's own. Raises function_execution_not_found."""
    here = await enter(env, call)
    found = await rows.find_run(env.store.reader, run_id)
    if found is None or found.account != call.account or found.user_id != here.me.id:
        raise _not_found(run_id)
    return found


def _not_found(run_id: str) -> Invalid:
    return refused("function_execution_not_found", f"No function {run_id[:40]!r} was run.")


async def end_run(env: Env, call: Call, run_id: str, *, outputs: Json, error: str = "") -> None:
    """The app tells how its run ended; whoever ran it where they could read sees it.

    Raises function_execution_not_found, access_denied, execution_not_in_running_state and
    parameter_validation_failed.
    """
    here, app = await calling_app(env, call)
    state = RunState.FAILED if error else RunState.DONE

    async def write(tx: Tx) -> tuple[FunctionRun, str]:
        found = await rows.find_run(tx, run_id)
        if found is None or found.account != call.account:
            raise _not_found(run_id)
        if found.app_id != app.id:
            raise denied("access_denied", "It is another app's function that is running.")
        if found.state is not RunState.RUNNING:
            said = "The function was completed already."
            raise conflict("execution_not_in_running_state", said)
        config = await config_rows.find_config(tx, app.id)
        function = config.manifest.functions.get(found.callback_id) if config else None
        if function is not None and not error:
            require_outputs(parameters_of(function.output_parameters), outputs)
        title = function.title if function is not None else ""
        ended = await _end(tx, env, found, state, outputs=outputs, error=error[:1000])
        return ended, title or found.callback_id

    run, title = await env.store.transact(write)
    identity.forget_caches(env)
    if run.channel_id:
        bot = await be_bot(env, call.account, here.me.id)
        origin = Origin(channel=run.channel_id, user=run.user_id)
        await apply_response(env, bot, origin, {"text": _ending(run, title)})


async def _end(
    tx: Tx, env: Env, run: FunctionRun, state: RunState, *, outputs: Json | None = None, error: str
) -> FunctionRun:
    now_us = env.clock.now_us()
    ended = replace(run, state=state, outputs=outputs or {}, error=error, ended_us=now_us)
    await rows.update_run(tx, ended)
    await identity.expire_slack_token(tx, env, token_of(env, run.id), now_us + AFTER_US)
    return ended


def _ending(run: FunctionRun, title: str) -> str:
    if run.state is RunState.FAILED:
        return escape_text(f"{title} failed: {run.error}")
    lines = [f"{name}: {value}" for name, value in run.outputs.items()]
    return escape_text("\n".join([f"{title} is done.", *lines]))


async def function_data(env: Env, account: str, run_id: object) -> Json:
    """What a payload tells of the run that a message or view belongs to; {} when it is over."""
    if not isinstance(run_id, str):
        return {}
    run = await rows.find_run(env.store.reader, run_id)
    if run is None or run.account != account or run.state is not RunState.RUNNING:
        return {}
    return {
        "function_data": {
            "execution_id": run.id,
            "function": {"callback_id": run.callback_id},
            "inputs": run.inputs,
        },
        "bot_access_token": token_of(env, run.id),
    }
