"""The tool `mcp`: the tools of a remote MCP server, called from here, approved by the client.

The server's tools are listed before the model's first turn, unless an earlier response of the same
chain listed them. A call that needs approval ends the response with a request for it; the next
request brings the approval, and the call is made before the model goes on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.kernel.foreign_json import decode_foreign
from volano.kernel.inference import Tool
from volano.services.models.interface import invalid, unsupported
from volano.services.studio.logic import mcp_client
from volano.services.studio.logic.responses.hosted.mcp_settings import Settings, settings_of
from volano.services.studio.logic.responses.hosted.tool import HostedCall
from volano.services.studio.model.remote_tools import RemoteTool, ServerFailed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence

    from volano.kernel.call import Env
    from volano.services.studio.logic.responses.events import Assembly
    from volano.services.studio.logic.responses.hosted.approvals import Approval
    from volano.services.studio.model.responses import Json

KIND = "mcp"
MAX_NAME_CHARACTERS = 64
_NOT_NAME = re.compile(r"[^A-Za-z0-9_-]")


class ListingFailed(VolanoError):
    """The server did not tell its tools. As at OpenAI the whole request fails by this."""

    code = "http_error"
    status = 424


class McpServer:
    """One server of one response. Made by `open_server`."""

    kind = KIND

    def __init__(
        self, env: Env, settings: Settings, offered: Sequence[RemoteTool], *, is_listed: bool
    ) -> None:
        """`is_listed` says that the client saw this list before."""
        self._env = env
        self._settings = settings
        self._is_listed = is_listed
        self._offered = [tool for tool in offered if settings.is_allowed(tool)]
        self._by_name = {self.shown_name(tool.name): tool for tool in self._offered}
        self._connection: mcp_client.Connection | None = None

    @property
    def label(self) -> str:
        """What the request calls the server."""
        return self._settings.label

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The allowed tools as functions; their names begin with the server's label."""
        about = f"[{self._settings.description or self.label}] "
        return tuple(
            Tool(name=name, description=about + tool.description, parameters=tool.schema)
            for name, tool in self._by_name.items()
        )

    def shown_name(self, tool: str) -> str:
        """The name by which the model calls a tool of this server."""
        return _NOT_NAME.sub("_", f"{self.label}__{tool}")[:MAX_NAME_CHARACTERS]

    def begin(self, assembly: Assembly) -> Iterator[Json]:
        """Tell which tools there are, unless that is known."""
        if self._is_listed:
            return
        index = len(assembly.output)
        item: Json = {
            "id": f"mcpl_{self._env.ids.hex(32)}",
            "type": "mcp_list_tools",
            "server_label": self.label,
            "tools": [],
        }
        place = {"output_index": index, "item_id": item["id"]}
        yield assembly.event("response.output_item.added", output_index=index, item=dict(item))
        yield assembly.event("response.mcp_list_tools.in_progress", **place)
        item["tools"] = [_shown(tool) for tool in self._offered]
        yield assembly.event("response.mcp_list_tools.completed", **place)
        yield from assembly.done(item, index)

    async def run(self, assembly: Assembly, asked: HostedCall) -> AsyncGenerator[Json, None]:
        """Call the tool, or ask the client whether it may be called."""
        tool = self._by_name[asked.name]
        if not self._settings.needs_approval(tool):
            async for event in self._call(assembly, asked, tool.name, None):
                yield event
            return
        asked.waits = True
        index = len(assembly.output)
        item: Json = {
            "id": f"mcpr_{self._env.ids.hex(32)}",
            "type": "mcp_approval_request",
            "server_label": self.label,
            "name": tool.name,
            "arguments": asked.arguments,
        }
        yield assembly.event("response.output_item.added", output_index=index, item=dict(item))
        for event in assembly.done(item, index):
            yield event

    async def run_approved(
        self, assembly: Assembly, approval: Approval
    ) -> AsyncGenerator[Json, None]:
        """Make a call that the client approved."""
        asked = HostedCall(approval.id, self.shown_name(approval.name), approval.arguments)
        tool = self._by_name.get(asked.name)
        if tool is None:
            raise invalid("input", f"'{self.label}' has no tool '{approval.name[:64]}' here")
        async for event in self._call(assembly, asked, tool.name, approval.id):
            yield event

    def notes(self) -> Iterable[Json]:
        """What servers say is not cited."""
        return ()

    async def _call(
        self, assembly: Assembly, asked: HostedCall, name: str, approval: str | None
    ) -> AsyncGenerator[Json, None]:
        index = len(assembly.output)
        item: Json = {
            "id": f"mcp_{self._env.ids.hex(32)}",
            "type": "mcp_call",
            "status": "in_progress",
            "approval_request_id": approval,
            "server_label": self.label,
            "name": name,
            "arguments": "",
            "output": None,
            "error": None,
        }
        place = {"output_index": index, "item_id": item["id"]}
        said = asked.arguments
        yield assembly.event("response.output_item.added", output_index=index, item=dict(item))
        yield assembly.event("response.mcp_call.in_progress", **place)
        yield assembly.event("response.mcp_call_arguments.delta", **place, delta=said)
        yield assembly.event("response.mcp_call_arguments.done", **place, arguments=said)
        item["arguments"] = said
        await self._ask(item, asked, name)
        item["status"] = "failed" if item["error"] else "completed"
        yield assembly.event(f"response.mcp_call.{item['status']}", **place)
        for event in assembly.done(item, index):
            yield event

    async def _ask(self, item: Json, asked: HostedCall, name: str) -> None:
        """Fill in the item's output or error, and what the model reads."""
        try:
            arguments = decode_foreign(asked.arguments or "{}")
            if not isinstance(arguments, dict):
                raise ServerFailed("The arguments are no JSON object.")
            if self._connection is None:
                self._connection = await _connect(self._env, self._settings)
            answer = await mcp_client.call_tool(self._env, self._connection, name, arguments)
        except (ServerFailed, ValueError) as error:
            message = error.message if isinstance(error, ServerFailed) else "No JSON was given."
            item["error"] = {"type": "http_error", "code": 502, "message": message}
            asked.output = f"The tool failed: {message}"
            return
        if answer.is_error:
            item["error"] = {"type": "mcp_tool_execution_error", "content": answer.content}
            asked.output = f"The tool failed: {answer.text}"
            return
        item["output"] = asked.output = answer.text


async def open_server(env: Env, item: Json, where: str, context: Sequence[Json]) -> McpServer:
    """Check an entry of `tools` and learn the server's tools.

    Raises Invalid by the place of what is wrong, and ListingFailed.
    """
    settings = settings_of(item, where)
    held = _listed(context, settings.label)
    if held is not None:
        return McpServer(env, settings, held, is_listed=True)
    await env.egress.require_allowed(settings.url)
    try:
        connection = await _connect(env, settings)
        offered = await mcp_client.list_tools(env, connection)
    except ServerFailed as error:
        raise ListingFailed(
            f"Error retrieving tool list from MCP server: '{settings.label}'. {error.message}",
            fields={"param": where},
        ) from error
    return McpServer(env, settings, offered, is_listed=False)


async def _connect(env: Env, settings: Settings) -> mcp_client.Connection:
    return await mcp_client.open_connection(
        env, settings.url, settings.authorization, settings.headers
    )


def _listed(context: Sequence[Json], label: str) -> list[RemoteTool] | None:
    """The list that an earlier response of the chain has of this server."""
    for item in reversed(context):
        if item.get("type") == "mcp_list_tools" and item.get("server_label") == label:
            tools = item.get("tools")
            return [_remote(tool) for tool in tools] if isinstance(tools, list) else None
    return None


def _shown(tool: RemoteTool) -> Json:
    return {
        "name": tool.name,
        "description": tool.description,
        "input_schema": tool.schema,
        "annotations": tool.annotations or None,
    }


def _remote(tool: Json) -> RemoteTool:
    schema, hints = tool.get("input_schema"), tool.get("annotations")
    return RemoteTool(
        name=str(tool.get("name", "")),
        description=str(tool.get("description") or ""),
        schema=schema if isinstance(schema, dict) else {"type": "object"},
        annotations=hints if isinstance(hints, dict) else {},
    )


def server_named(tools: Iterable[object], label: str) -> McpServer | None:
    """The server of that label among the tools of a response."""
    return next(
        (tool for tool in tools if isinstance(tool, McpServer) and tool.label == label), None
    )


def chosen_name(tools: Iterable[object], choice: Json) -> str:
    """The function that `tool_choice` of type `mcp` means; raises Invalid."""
    server = server_named(tools, str(choice.get("server_label")))
    if server is None:
        raise invalid("tool_choice.server_label", "no server of `tools` has that label")
    name = choice.get("name")
    if not isinstance(name, str):
        raise unsupported("tool_choice.name", "name the tool of the server that is to be called")
    return server.shown_name(name)
