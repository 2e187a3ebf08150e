"""What an MCP client may ask: the handshake or discovery, the tools, and calling one.

`/mcp` shows the three tools with which a model finds, reads and calls any action; `/mcp/<service>`
(`/mcp/s3`, `/mcp/slack`, `/mcp/all`) shows that service's actions as tools of their own.
`?read_only=true` shows and runs only what changes nothing.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from volano import __version__
from volano.kernel.errors import Denied, Invalid, NotFound, TooLarge, VolanoError
from volano.wire.mcp.rpc import (
    ENVELOPE_VERSIONS,
    HANDSHAKE_VERSIONS,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    SERVER_KEY,
    Message,
    RpcError,
)

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.tools import Tool, ToolName

PAGE_TOOLS = 100
MAX_FOUND = 50
MAX_RESULT_BYTES = 512 * 1024
LIST_TTL_MS = 300_000
ALL = "all"
SERVER = {"name": "volano", "title": "Volano", "version": __version__}
CAPABILITIES: dict[str, Any] = {"tools": {"listChanged": False}}
INSTRUCTIONS = (
    "These tools are the API actions of a Volano cloud, run with the rights of the person who "
    "connected: object storage (s3), instances (ec2), identity (iam), keys (kms), queues (sqs), "
    "topics (sns), secrets, the chat (slack), models (openai) and Volano's own API (volano). At "
    "/mcp look an action up with find_tools, read its input with describe_tool, then call it with "
    "call_tool. Every call is authorized and written to the audit trail."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What of the cloud an endpoint shows. `service` is empty at `/mcp`."""

    service: str
    read_only: bool


def require_view(env: Env, path: str, *, read_only: bool) -> View:
    """The view of `/mcp[/<service>]`; raises NotFound and names those that exist."""
    service = path.removeprefix("/mcp").strip("/")
    known = {ALL, *(head.service for head in env.tools.list_tools())}
    if service and service not in known:
        raise NotFound(f"There are no tools at {path}; there are at /mcp and {sorted(known)}.")
    return View(service=service, read_only=read_only)


async def answer(env: Env, call: Call, view: View, message: Message) -> dict[str, Any]:
    """The result of one request. Raises RpcError."""
    match message.method:
        case "initialize":
            return _initialize(message.params)
        case "server/discover":
            return _discover()
        case "ping":
            return {}
        case "tools/list":
            return await _list_tools(env, view, message)
        case "tools/call":
            return await _call_tool(env, call, view, message.params)
        case _:
            said = f"This server has no method {message.method[:100]}."
            raise RpcError(METHOD_NOT_FOUND, said)


def _initialize(params: dict[str, Any]) -> dict[str, Any]:
    wanted = params.get("protocolVersion")
    if not isinstance(wanted, str):
        raise RpcError(INVALID_PARAMS, "initialize needs protocolVersion.")
    return {
        "protocolVersion": wanted if wanted in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[0],
        "capabilities": CAPABILITIES,
        "serverInfo": SERVER,
        "instructions": INSTRUCTIONS,
    }


def _discover() -> dict[str, Any]:
    return {
        "_meta": {SERVER_KEY: SERVER},
        "supportedVersions": [*ENVELOPE_VERSIONS, *HANDSHAKE_VERSIONS],
        "capabilities": {"tools": {}},
        "instructions": INSTRUCTIONS,
        "cacheScope": "public",
        "ttlMs": LIST_TTL_MS,
    }


async def _list_tools(env: Env, view: View, message: Message) -> dict[str, Any]:
    cached = {"cacheScope": "public", "ttlMs": LIST_TTL_MS} if message.is_enveloped else {}
    if not view.service:
        return {"tools": _finding_tools(env), **cached}
    heads = [head for head in env.tools.list_tools() if _shows(view, head)]
    after = _after_of(message.params.get("cursor"))
    start = next((n for n, head in enumerate(heads) if head.name > after), len(heads))
    page = heads[start : start + PAGE_TOOLS]
    result: dict[str, Any] = {
        "tools": [_told(await env.tools.describe(head)) for head in page],
        **cached,
    }
    if start + PAGE_TOOLS < len(heads):
        result["nextCursor"] = base64.urlsafe_b64encode(page[-1].name.encode()).decode()
    return result


def _after_of(cursor: object) -> str:
    if cursor is None:
        return ""
    try:
        return base64.urlsafe_b64decode(str(cursor).encode()).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise RpcError(INVALID_PARAMS, "The cursor is none of ours.") from error


def _shows(view: View, head: ToolName) -> bool:
    return view.service in ("", ALL, head.service) and (head.read_only or not view.read_only)


def _told(tool: Tool) -> dict[str, Any]:
    head = tool.head
    return {
        "name": head.name,
        "title": head.action,
        "description": tool.description,
        "inputSchema": tool.input_schema,
        "annotations": _annotations(read_only=head.read_only, name=head.name),
    }


def _annotations(*, read_only: bool, name: str) -> dict[str, bool]:
    removes = any(word in name.lower() for word in ("delete", "terminate", "remove", "revoke"))
    return {
        "readOnlyHint": read_only,
        "destructiveHint": removes and not read_only,
        "openWorldHint": False,
    }


def _finding_tools(env: Env) -> list[dict[str, Any]]:
    services = sorted({head.service for head in env.tools.list_tools()})
    name = {"type": "string", "description": "As find_tools gives it, such as s3_ListBuckets."}
    return [
        {
            "name": "find_tools",
            "title": "Find actions of the cloud",
            "description": "Search the cloud's actions by words; answers names, best first.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "words": {"type": "string", "description": "What is to be done."},
                    "service": {"type": "string", "enum": services},
                    "read_only": {"type": "boolean", "description": "Only what changes nothing."},
                    "limit": {"type": "integer", "minimum": 1, "maximum": MAX_FOUND},
                },
                "required": ["words"],
                "additionalProperties": False,
            },
            "annotations": _annotations(read_only=True, name=""),
        },
        {
            "name": "describe_tool",
            "title": "Read an action's input",
            "description": "What an action does and the JSON Schema of its arguments.",
            "inputSchema": {
                "type": "object",
                "properties": {"name": name},
                "required": ["name"],
                "additionalProperties": False,
            },
            "annotations": _annotations(read_only=True, name=""),
        },
        {
            "name": "call_tool",
            "title": "Run an action",
            "description": "Run an action with its arguments, as the person who is connected.",
            "inputSchema": {
                "type": "object",
                "properties": {"name": name, "arguments": {"type": "object"}},
                "required": ["name"],
                "additionalProperties": False,
            },
            "annotations": {"readOnlyHint": False, "destructiveHint": True, "openWorldHint": False},
        },
    ]


class _Find(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    words: str
    service: str = ""
    read_only: bool = False
    limit: int = 20


class _Run(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: str
    arguments: dict[str, Any] = {}


async def _call_tool(env: Env, call: Call, view: View, params: dict[str, Any]) -> dict[str, Any]:
    name, arguments = params.get("name"), params.get("arguments") or {}
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise RpcError(INVALID_PARAMS, "tools/call needs a name, and arguments that are an object.")
    head = env.tools.find_tool(name)
    is_finding = not view.service and name in ("find_tools", "describe_tool", "call_tool")
    if not is_finding and (not view.service or head is None or not _shows(view, head)):
        raise RpcError(INVALID_PARAMS, f"Unknown tool: {name[:100]}")
    try:
        if is_finding:
            value = await _find_or_run(env, call, view, name, arguments)
        else:
            assert head is not None
            value = await env.tools.run(env, call, head, arguments)
        return _content(value)
    except VolanoError as error:
        return {"content": [_text(f"{error.wire_code}: {error.message}")], "isError": True}


async def _find_or_run(
    env: Env, call: Call, view: View, name: str, arguments: dict[str, Any]
) -> Any:
    if name == "find_tools":
        wanted = _arguments(arguments, _Find)
        found = env.tools.search(
            wanted.words,
            service=wanted.service,
            read_only=wanted.read_only or view.read_only,
            limit=min(max(wanted.limit, 1), MAX_FOUND),
        )
        return {"tools": [{"name": head.name, "read_only": head.read_only} for head in found]}
    asked = _arguments(arguments, _Run)
    head = env.tools.find_tool(asked.name)
    if head is None:
        raise NotFound(f"There is no tool {asked.name[:100]}; look for it with find_tools.")
    if name == "describe_tool":
        return _told(await env.tools.describe(head))
    if not _shows(view, head):
        raise Denied(f"This connection only reads, and {head.name} changes something.")
    return await env.tools.run(env, call, head, asked.arguments)


def _arguments(given: dict[str, Any], kind: Any) -> Any:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise Invalid(f"The arguments do not fit: {error}.") from error


def _content(value: Any) -> dict[str, Any]:
    body = msgspec.json.encode(value)
    if len(body) > MAX_RESULT_BYTES:
        raise TooLarge(
            f"The answer has {len(body)} bytes, over {MAX_RESULT_BYTES}; ask for fewer items."
        )
    result: dict[str, Any] = {"content": [_text(body.decode())], "isError": False}
    if isinstance(value, dict):
        result["structuredContent"] = value
    return result


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}
