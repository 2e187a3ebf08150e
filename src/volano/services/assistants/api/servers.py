"""Outside MCP servers that assistants may use, over Volano's own API."""

from __future__ import annotations

from typing import Any

import msgspec

from volano.kernel.call import Call, Env
from volano.services.assistants.api.assistants import NoFields
from volano.services.assistants.logic import outside
from volano.services.assistants.model import OutsideServer
from volano.wire.action import action

ALL = "arn:aws:assistants:{region}:{account}:server/*"
ONE = "arn:aws:assistants:{region}:{account}:server/{name}"


class ServerName(msgspec.Struct):
    name: str


class ApprovedServer(msgspec.Struct, kw_only=True):
    """`allowed` are the tools that assistants may call; an empty `token` keeps the known one."""

    name: str
    url: str
    token: str = ""
    allowed: list[str] = []


class OutsideToolView(msgspec.Struct, kw_only=True):
    name: str
    description: str
    schema: dict[str, Any]
    allowed: bool


class ServerView(msgspec.Struct, kw_only=True):
    """`changed`: it describes its tools in another way than approved and is not used any more."""

    name: str
    url: str
    has_token: bool
    tools: list[OutsideToolView]
    changed: bool
    approved_us: int


class ServerList(msgspec.Struct):
    items: list[ServerView]
    next_cursor: str | None = None


def _view(server: OutsideServer) -> ServerView:
    return ServerView(
        name=server.name,
        url=server.url,
        has_token=bool(server.secret),
        tools=[
            OutsideToolView(
                name=tool.name,
                description=tool.description,
                schema=tool.schema,
                allowed=tool.name in server.allowed,
            )
            for tool in server.tools
        ],
        changed=server.changed,
        approved_us=server.approved_us,
    )


@action(
    "volano:listOutsideServers",
    method="GET",
    path="/volano/v1/assistants-servers",
    permission="assistants:ListServers",
    resource=ALL,
)
async def list_servers(env: Env, call: Call, request: NoFields) -> ServerList:
    """The outside MCP servers, by name."""
    return ServerList([_view(server) for server in await outside.list_servers(env, call)])


@action(
    "volano:approveOutsideServer",
    method="PUT",
    path="/volano/v1/assistants-servers/{name}",
    permission="assistants:PutServer",
    resource=ONE,
)
async def approve_server(env: Env, call: Call, request: ApprovedServer) -> ServerView:
    """Allow an MCP server as it describes itself now; without `allowed` its tools are only read."""
    return _view(
        await outside.put_server(
            env,
            call,
            name=request.name,
            url=request.url,
            token=request.token,
            allowed=request.allowed,
        )
    )


@action(
    "volano:deleteOutsideServer",
    method="DELETE",
    path="/volano/v1/assistants-servers/{name}",
    permission="assistants:DeleteServer",
    resource=ONE,
)
async def delete_server(env: Env, call: Call, request: ServerName) -> None:
    """Forget an outside server."""
    await outside.remove_server(env, call, request.name)
