"""`RegistryTools`: lists, describes and runs the registry's actions as tools."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.errors import Invalid
from volano.kernel.tools import Tool, ToolName
from volano.wire.action import (
    authorize_action,
    find_action,
    request_type,
    resource_of,
    run_action,
)
from volano.wire.aws.plain import find_operation, plain_output, read_plain_input
from volano.wire.decode import to_struct
from volano.wire.results import EventStream, Raw, WithHeaders
from volano.wire.tools.catalogue import find_name, list_names, search_names, summary_of
from volano.wire.tools.schemas import aws_schema, plain_text, struct_schema

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.wire.action import Action


class RegistryTools:
    """The port `Tools` over the registry of actions; keeps nothing."""

    def list_tools(self) -> list[ToolName]:
        return list_names()

    def find_tool(self, name: str) -> ToolName | None:
        return find_name(name)

    def search(
        self, words: str, *, service: str = "", read_only: bool = False, limit: int = 20
    ) -> list[ToolName]:
        return search_names(words, service=service, read_only=read_only, limit=limit)

    async def describe(self, head: ToolName) -> Tool:
        found = _action_of(head)
        if found.protocol != "aws":
            text = inspect.getdoc(found.handler) or found.operation
            return Tool(
                head=head, description=text, input_schema=struct_schema(request_type(found))
            )
        _, model = await find_operation(head.service, found.operation)
        text = plain_text(model.documentation) or summary_of(found)
        return Tool(head=head, description=text, input_schema=aws_schema(model))

    async def require_allowed(
        self, env: Env, call: Call, head: ToolName, arguments: dict[str, Any]
    ) -> None:
        found = _action_of(head)
        request = await _parse(found, head, arguments)
        await authorize_action(env, call, found, request, resource_of(found, call, request))

    async def run(self, env: Env, call: Call, head: ToolName, arguments: dict[str, Any]) -> Any:
        found = _action_of(head)
        result = await run_action(env, call, found, await _parse(found, head, arguments))
        if found.protocol == "aws":
            _, model = await find_operation(head.service, found.operation)
            return plain_output(model, result or {})
        return _plain(result)


def _action_of(head: ToolName) -> Action:
    found = find_action(head.action)
    assert found is not None, head.action
    return found


async def _parse(found: Action, head: ToolName, arguments: dict[str, Any]) -> Any:
    """Plain JSON as the action's request."""
    if found.protocol != "aws":
        return to_struct(arguments, request_type(found))
    _, model = await find_operation(head.service, found.operation)
    return read_plain_input(model, arguments)


def _plain(result: Any) -> Any:
    if isinstance(result, WithHeaders):
        return _plain(result.result)
    if isinstance(result, EventStream | Raw):
        raise Invalid("This answers a stream with these arguments; ask for the whole answer.")
    return msgspec.to_builtins(result)
