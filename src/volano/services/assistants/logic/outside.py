"""Outside MCP servers: an allow-list, with the descriptions of their tools as they were approved.

What a tool says of itself goes into a model's instructions, so a server could change it after it
was approved ("rug pull"). Therefore descriptions are kept with the approval, only those are shown,
and a server that describes itself in another way is not called until somebody approves again.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.errors import Denied, QuotaExceeded
from volano.kernel.inference import Tool
from volano.services.assistants.logic.saying import audit
from volano.services.assistants.model import (
    MAX_SERVERS,
    InvalidAssistant,
    NoSuchServer,
    OutsideServer,
    OutsideTool,
    ServerChanged,
)
from volano.services.assistants.store import servers as rows
from volano.services.studio import interface as studio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.assistants.logic.questions import Question

PREFIX = "outside__"
MAX_TOKEN_CHARACTERS = 4096
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\Z")
_NOT_NAME = re.compile(r"[^A-Za-z0-9_-]")


async def put_server(
    env: Env, call: Call, *, name: str, url: str, token: str, allowed: Sequence[str]
) -> OutsideServer:
    """Approve a server as it describes itself now; `allowed` are the tools that may be called.

    An empty token keeps the known one of the same URL. Raises InvalidAssistant and ServerFailed.
    """
    if not _NAME.match(name):
        raise InvalidAssistant(
            "A server's name has 1 to 32 small letters, digits and hyphens.",
            fields={"param": "name"},
        )
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise InvalidAssistant("The token is too long.", fields={"param": "token"})
    await env.egress.require_allowed(url)
    known = await rows.find_server(env.store.reader, call.account, name)
    secret = env.secrets.seal(token.encode(), context=_context(call.account, name, url))
    if not token:
        secret = known.secret if known is not None and known.url == url else b""
    server = OutsideServer(
        account=call.account,
        name=name,
        url=url,
        secret=secret,
        tools=(),
        allowed=tuple(dict.fromkeys(allowed)),
        digest="",
        changed=False,
        approved_us=env.clock.now_us(),
    )
    tools = await _read_tools(env, await _connect(env, server))
    unknown = set(server.allowed) - {tool.name for tool in tools}
    if unknown:
        has = ", ".join(sorted(tool.name for tool in tools)) or "none"
        raise InvalidAssistant(
            f"The server has no tool {min(unknown)}; it has: {has}.", fields={"param": "allowed"}
        )
    server = replace(server, tools=tuple(tools), digest=_digest(tools))

    async def write(tx: Tx) -> None:
        if known is None and len(await rows.select_servers(tx, call.account)) >= MAX_SERVERS:
            raise QuotaExceeded(f"An account has at most {MAX_SERVERS} outside servers.")
        await rows.upsert_server(tx, server)

    await env.store.transact(write)
    return server


async def list_servers(env: Env, call: Call) -> list[OutsideServer]:
    """Of the account, by name."""
    return await rows.select_servers(env.store.reader, call.account)


async def remove_server(env: Env, call: Call, name: str) -> None:
    """Raises NoSuchServer."""

    async def write(tx: Tx) -> int:
        return await rows.delete_server(tx, call.account, name)

    if not await env.store.transact(write):
        raise NoSuchServer(f"There is no outside server {name[:40]}.")


def _context(account: str, name: str, url: str) -> str:
    return f"assistants:server:{account}:{name}:{url}"


def _digest(tools: Sequence[OutsideTool]) -> str:
    told = [[tool.name, tool.description, tool.schema] for tool in tools]
    told.sort(key=lambda item: str(item[0]))
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


async def _connect(env: Env, server: OutsideServer) -> studio.Connection:
    token = ""
    if server.secret:
        context = _context(server.account, server.name, server.url)
        token = env.secrets.open(server.secret, context=context).decode()
    return await studio.open_connection(env, server.url, token)


async def _read_tools(env: Env, connection: studio.Connection) -> list[OutsideTool]:
    found = await studio.list_remote_tools(env, connection)
    return [
        OutsideTool(name=tool.name, description=tool.description, schema=tool.schema)
        for tool in found
    ]


async def list_tools(env: Env, question: Question) -> list[Tool]:
    """The allowed tools of servers that did not change, as a model is shown them."""
    servers = await rows.select_servers(env.store.reader, question.call.account)
    return [
        Tool(
            name=_shown_name(server, tool),
            description=f"[{server.name}] {tool.description}",
            parameters=tool.schema,
        )
        for server in servers
        if not server.changed
        for tool in server.tools
        if tool.name in server.allowed and _is_given(question, server, tool)
    ]


def _shown_name(server: OutsideServer, tool: OutsideTool) -> str:
    return PREFIX + _NOT_NAME.sub("_", f"{server.name}__{tool.name}")[: 64 - len(PREFIX)]


def _is_given(question: Question, server: OutsideServer, tool: OutsideTool) -> bool:
    """An assistant names the outside tools that it uses; the copilot has all."""
    given = question.speaker.tools
    return "*" in given or bool({_shown_name(server, tool), f"{server.name}:*"} & set(given))


async def call(env: Env, question: Question, name: str, arguments: dict[str, object]) -> str:
    """What an outside tool answers. Raises Denied, ServerChanged and ServerFailed."""
    servers = await rows.select_servers(env.store.reader, question.call.account)
    for server in servers:
        for tool in server.tools:
            may = tool.name in server.allowed and _is_given(question, server, tool)
            if _shown_name(server, tool) == name and may:
                return await _call(env, question, server, tool, arguments)
    raise Denied(f"There is no tool {name[:80]} here.")


async def _call(
    env: Env,
    question: Question,
    server: OutsideServer,
    tool: OutsideTool,
    arguments: dict[str, object],
) -> str:
    connection = await _connect(env, server)
    if server.changed or _digest(await _read_tools(env, connection)) != server.digest:

        async def write(tx: Tx) -> None:
            await rows.update_server_changed(tx, server.account, server.name)

        await env.store.transact(write)
        raise ServerChanged(
            f"The server {server.name} describes its tools in another way than was approved; "
            "an administrator must approve it again."
        )
    audit(env, question.call, f"mcp:{server.name}:{tool.name}", server.url)
    answer = await studio.call_remote_tool(env, connection, tool.name, arguments)
    return f"The tool failed: {answer.text}" if answer.is_error else answer.text
