"""Slack's functions.complete*, and running functions of apps ("custom steps") for the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.chat.api.interactions import APP, USE
from volano.services.chat.api.messages import POST
from volano.services.chat.logic import functions
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.parameters import declared_json
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model.functions import FunctionRun

APPS = "arn:aws:chat:{region}:{account}:app/*"


class CompleteArguments(msgspec.Struct, kw_only=True):
    function_execution_id: str = ""
    outputs: dict[str, Any] = msgspec.field(default_factory=dict)


class FailArguments(msgspec.Struct, kw_only=True):
    function_execution_id: str = ""
    error: str = ""


class NoFields(msgspec.Struct):
    pass


class ChatFunction(msgspec.Struct, kw_only=True):
    """Parameters have `name`, `type`, `title`, `description` and `is_required`."""

    app_id: str
    callback_id: str
    title: str
    description: str
    input_parameters: list[dict[str, Any]]
    output_parameters: list[dict[str, Any]]


class ChatFunctions(msgspec.Struct, kw_only=True):
    functions: list[ChatFunction]


class RunFields(msgspec.Struct, kw_only=True):
    """`channel` is where the result is shown to whoever runs it."""

    app_id: str
    callback_id: str
    inputs: dict[str, Any] = msgspec.field(default_factory=dict)
    channel: str = ""


class OneFields(msgspec.Struct, kw_only=True):
    run_id: str


class ChatRun(msgspec.Struct, kw_only=True):
    """`state` is running, done or failed."""

    id: str
    app_id: str
    callback_id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    state: str
    error: str


def _shown(run: FunctionRun) -> ChatRun:
    return ChatRun(
        id=run.id,
        app_id=run.app_id,
        callback_id=run.callback_id,
        inputs=run.inputs,
        outputs=run.outputs,
        state=run.state.value,
        error=run.error,
    )


@action(
    "volano:listChatFunctions",
    method="GET",
    path="/volano/v1/chat/functions",
    permission="chat:ListApps",
    resource=APPS,
)
async def list_functions(env: Env, call: Call, request: NoFields) -> ChatFunctions:
    """The functions that installed apps offer."""
    found = [
        ChatFunction(
            app_id=config.app_id,
            callback_id=callback_id,
            title=item.title or callback_id,
            description=item.description,
            input_parameters=declared_json(item.input_parameters),
            output_parameters=declared_json(item.output_parameters),
        )
        for config, callback_id, item in await functions.list_functions(env, call)
    ]
    return ChatFunctions(functions=found)


@action(
    "volano:runChatFunction",
    method="POST",
    path="/volano/v1/chat/apps/{app_id}/functions/{callback_id}",
    permission=USE,
    resource=APP,
)
async def run_function(env: Env, call: Call, request: RunFields) -> ChatRun:
    """Let an app run one of its functions."""
    asked = functions.Asked(
        app_id=request.app_id,
        callback_id=request.callback_id,
        inputs=request.inputs,
        channel=request.channel,
    )
    return _shown(await functions.run_function(env, call, asked))


@action(
    "volano:getChatFunctionRun",
    method="GET",
    path="/volano/v1/chat/function-runs/{run_id}",
    permission=USE,
    resource=APPS,
)
async def get_run(env: Env, call: Call, request: OneFields) -> ChatRun:
    """How a run of one's own stands."""
    return _shown(await functions.get_run(env, call, request.run_id))


@action(
    "slack:functions.completeSuccess",
    permission=POST,
    resource=APPS,
    read_only=False,
)
async def complete_success(env: Env, call: Call, request: CompleteArguments) -> None:
    """A function that a person ran is done."""
    run_id = request.function_execution_id
    await functions.end_run(env, call, run_id, outputs=request.outputs)


@action(
    "slack:functions.completeError",
    permission=POST,
    resource=APPS,
    read_only=False,
)
async def complete_error(env: Env, call: Call, request: FailArguments) -> None:
    """A function that a person ran failed."""
    if not request.error:
        raise refused("invalid_arguments", "error says what went wrong.")
    run_id = request.function_execution_id
    await functions.end_run(env, call, run_id, outputs={}, error=request.error)
