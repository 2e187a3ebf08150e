"""A small MCP client: Streamable HTTP with the handshake of 2025-11-25, one exchange at a time.

Everything goes out through the egress guard, with limits on time and size. Nothing that a server
says is trusted: it is data for a model, and its errors are told as failures of the server.
Source: modelcontextprotocol.io/specification/2025-11-25/basic/transports.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from volano import __version__
from volano.kernel.egress import EgressFailed, EgressRefused, EgressRequest
from volano.kernel.foreign_json import decode_foreign
from volano.services.studio.model.remote_tools import RemoteAnswer, RemoteTool, ServerFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Env
    from volano.kernel.egress import EgressReply

VERSION = "2025-11-25"
TIMEOUT_S = 20.0
MAX_BYTES = 1024 * 1024
MAX_TOOLS = 200
MAX_PAGES = 10


@dataclass(slots=True)
class Connection:
    """One conversation with a server; the session id is the server's, if it gives one."""

    url: str
    token: str = ""
    session: str = ""
    version: str = VERSION
    number: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    """Further headers of every request, as whoever named the server wants them."""


async def open_connection(
    env: Env, url: str, token: str, headers: Mapping[str, str] | None = None
) -> Connection:
    """Shake hands. Raises ServerFailed."""
    connection = Connection(url=url, token=token, headers=dict(headers or {}))
    offered = {
        "protocolVersion": VERSION,
        "capabilities": {},
        "clientInfo": {"name": "volano", "version": __version__},
    }
    agreed = await ask(env, connection, "initialize", offered)
    connection.version = str(agreed.get("protocolVersion", VERSION))
    await _post(env, connection, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    return connection


async def list_tools(env: Env, connection: Connection) -> list[RemoteTool]:
    """All tools of the server, at most MAX_TOOLS. Raises ServerFailed."""
    found: list[RemoteTool] = []
    cursor: object = None
    for _ in range(MAX_PAGES):
        page = await ask(env, connection, "tools/list", {"cursor": cursor} if cursor else {})
        tools = page.get("tools")
        for item in tools if isinstance(tools, list) else []:
            if isinstance(item, dict) and isinstance(item.get("name"), str):
                schema, hints = item.get("inputSchema"), item.get("annotations")
                found.append(
                    RemoteTool(
                        name=item["name"],
                        description=str(item.get("description", "")),
                        schema=schema if isinstance(schema, dict) else {"type": "object"},
                        annotations=hints if isinstance(hints, dict) else {},
                    )
                )
        cursor = page.get("nextCursor")
        if not cursor or len(found) >= MAX_TOOLS:
            break
    return found[:MAX_TOOLS]


async def call_tool(
    env: Env, connection: Connection, name: str, arguments: dict[str, object]
) -> RemoteAnswer:
    """The tool's answer, also one that says it failed. Raises ServerFailed."""
    result = await ask(env, connection, "tools/call", {"name": name, "arguments": arguments})
    content = result.get("content")
    parts = content if isinstance(content, list) else []
    texts = [
        str(item.get("text", ""))
        for item in parts
        if isinstance(item, dict) and item.get("type") == "text"
    ]
    text = "\n".join(texts) or msgspec.json.encode(result.get("structuredContent")).decode()
    return RemoteAnswer(text=text, content=parts, is_error=bool(result.get("isError")))


async def ask(
    env: Env, connection: Connection, method: str, params: dict[str, Any]
) -> dict[str, Any]:
    """The result of one request. Raises ServerFailed."""
    connection.number += 1
    message = {"jsonrpc": "2.0", "id": connection.number, "method": method, "params": params}
    reply = await _post(env, connection, message)
    answer = _answer_in(reply, connection.number)
    if answer is None:
        raise ServerFailed(f"{connection.url} did not answer {method} (status {reply.status}).")
    if "error" in answer:
        told = answer["error"]
        said = told.get("message", "") if isinstance(told, dict) else told
        raise ServerFailed(f"{connection.url} refused {method}: {str(said)[:300]}")
    result = answer.get("result")
    return result if isinstance(result, dict) else {}


async def _post(env: Env, connection: Connection, message: dict[str, Any]) -> EgressReply:
    headers = connection.headers | {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": connection.version,
    }
    if connection.token:
        headers["authorization"] = f"Bearer {connection.token}"
    if connection.session:
        headers["mcp-session-id"] = connection.session
    try:
        reply = await env.egress.fetch(
            EgressRequest(
                method="POST",
                url=connection.url,
                headers=headers,
                body=msgspec.json.encode(message),
                timeout_s=TIMEOUT_S,
                max_bytes=MAX_BYTES,
            )
        )
    except (EgressFailed, EgressRefused) as error:
        raise ServerFailed(f"{connection.url} cannot be used: {error.message}") from error
    connection.session = reply.headers.get("mcp-session-id", connection.session)
    return reply


def _answer_in(reply: EgressReply, number: int) -> dict[str, Any] | None:
    """The message that answers request `number`, in JSON or among server-sent events."""
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    bodies = [reply.body]
    if kind == "text/event-stream":
        bodies = [
            b"\n".join(line[5:].strip() for line in event.splitlines() if line.startswith(b"data:"))
            for event in reply.body.replace(b"\r\n", b"\n").split(b"\n\n")
        ]
    for body in bodies:
        try:
            message = decode_foreign(body) if body else None
        except msgspec.DecodeError:
            continue
        if isinstance(message, dict) and message.get("id") == number:
            return message
    return None
