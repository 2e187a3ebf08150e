"""From `tools` and `tool_choice` of a request to functions of the model and tools that run here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.models import interface as models
from volano.services.models.interface import invalid, unsupported
from volano.services.studio.logic.responses.hosted import (
    code_interpreter,
    file_search,
    mcp,
    mcp_settings,
    web_search,
)
from volano.services.studio.logic.responses.hosted.file_search import FileSearch
from volano.services.studio.logic.responses.hosted.mcp import McpServer
from volano.services.studio.logic.responses.hosted.web_search import WebSearch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Tool
    from volano.services.studio.logic.responses.hosted.tool import HostedTool
    from volano.services.studio.model.responses import Asked, Json

MAX_SERVERS = 8
FUNCTION_FIELDS = frozenset(
    ("type", "name", "description", "parameters", "strict", "defer_loading", "allowed_callers")
)
_CHOICE_FIELDS = frozenset(("type", "name", "server_label", "mode", "tools"))
_OFFERED = "tools are functions, custom, file_search, web_search, code_interpreter and mcp"
CUSTOM = "custom"


async def open_tools(
    env: Env, call: Call, asked: Asked, context: Sequence[Json]
) -> tuple[tuple[Tool, ...], tuple[HostedTool, ...]]:
    """The functions of the client and the tools that run here; raises Invalid by the place."""
    functions: list[Tool] = []
    hosted: list[HostedTool] = []
    for at, item in enumerate(asked.tools or ()):
        where = f"tools[{at}]"
        if item.get("type") == CUSTOM:
            functions.append(models.custom_tool(where, item))
            continue
        if item.get("type") == "function":
            functions.append(_function(item, where))
            continue
        made = await _hosted(env, call, asked, item, where, context)
        if any(_is_same(made, other) for other in hosted):
            raise invalid(where, "it is there twice")
        hosted.append(made)
    if sum(isinstance(tool, McpServer) for tool in hosted) > MAX_SERVERS:
        raise invalid("tools", f"there are at most {MAX_SERVERS} MCP servers")
    shown = [tool for one in hosted for tool in one.tools]
    models.require_tools([*functions, *shown])
    return tuple(functions), tuple(hosted)


def _function(item: Json, where: str) -> Tool:
    models.require_fields(where, item, FUNCTION_FIELDS)
    if item.get("defer_loading"):
        raise unsupported(f"{where}.defer_loading", "functions are always shown")
    if item.get("allowed_callers") not in (None, ["direct"]):
        raise unsupported(f"{where}.allowed_callers", "functions are called directly")
    return models.tool_of(
        where,
        item.get("name"),
        item.get("description"),
        item.get("parameters"),
        strict=item.get("strict"),
    )


def custom_names(asked: Asked) -> frozenset[str]:
    """The client's tools whose calls go back as plain text."""
    return frozenset(
        str(item.get("name")) for item in asked.tools or () if item.get("type") == CUSTOM
    )


async def _hosted(
    env: Env, call: Call, asked: Asked, item: Json, where: str, context: Sequence[Json]
) -> HostedTool:
    kind = item.get("type")
    include = asked.include or ()
    if kind == file_search.KIND:
        models.require_fields(where, item, file_search.FIELDS)
        with_results = file_search.RESULTS in include
        return FileSearch(env, call, item, where, with_results=with_results)
    if kind in web_search.KINDS:
        models.require_fields(where, item, web_search.FIELDS)
        return WebSearch(env, item, where, include=include)
    if kind == code_interpreter.KIND:
        models.require_fields(where, item, code_interpreter.FIELDS)
        return await code_interpreter.open_interpreter(
            env,
            call,
            item,
            where,
            context=context,
            with_outputs=code_interpreter.OUTPUTS in include,
        )
    if kind == mcp.KIND:
        models.require_fields(where, item, mcp_settings.FIELDS)
        return await mcp.open_server(env, item, where, context)
    raise unsupported(f"{where}.type", _OFFERED)


def _is_same(one: HostedTool, other: HostedTool) -> bool:
    if isinstance(one, McpServer) and isinstance(other, McpServer):
        return one.label == other.label
    return one.kind == other.kind


def choose(
    asked: str | Json | None, functions: Sequence[Tool], hosted: Sequence[HostedTool]
) -> tuple[tuple[Tool, ...], str]:
    """The functions that the model may call, and which it must; raises Invalid."""
    allowed = (*functions, *(tool for one in hosted for tool in one.tools))
    if asked is None or isinstance(asked, str):
        return allowed, models.choice_of("tool_choice", asked or "auto", allowed)
    models.require_fields("tool_choice", asked, _CHOICE_FIELDS)
    if asked.get("type") == "allowed_tools":
        wanted = asked.get("tools")
        names = {
            name
            for item in (wanted if isinstance(wanted, list) else ())
            for name in _names_of(item, hosted)
        }
        allowed = tuple(tool for tool in allowed if tool.name in names)
        return allowed, models.choice_of("tool_choice", str(asked.get("mode")), allowed)
    names = _names_of(asked, hosted)
    if asked.get("type") == mcp.KIND:
        names = {mcp.chosen_name(hosted, asked)}
    if len(names) != 1:
        raise unsupported("tool_choice.type", f"it names one of the tools: {_OFFERED}")
    return allowed, models.choice_of("tool_choice", names.pop(), allowed)


def _names_of(item: Json, hosted: Sequence[HostedTool]) -> set[str]:
    """The functions that an entry of a choice means."""
    kind = item.get("type")
    if kind in ("function", CUSTOM):
        return {str(item.get("name"))}
    kind = web_search.KIND if kind in web_search.KINDS else kind
    meant = [one for one in hosted if one.kind == kind]
    if kind == mcp.KIND:
        server = mcp.server_named(hosted, str(item.get("server_label")))
        if server is None:
            return set()
        name = item.get("name")
        return {server.shown_name(name)} if isinstance(name, str) else _shown([server])
    return _shown(meant)


def _shown(hosted: Sequence[HostedTool]) -> set[str]:
    return {tool.name for one in hosted for tool in one.tools}
