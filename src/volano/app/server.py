"""The two ASGI applications: the console's port and the AWS port.

Console port: OpenAI at `/v1`, Slack at `/api` and `/slack`, Volano's REST at `/volano/v1`, MCP at
`/mcp`, OAuth at `/oauth`, CalDAV at `/dav`, `/healthz`, `/readyz`, `/metrics`, and the console at
everything else.
AWS port: every AWS service.
A gateway answers every request; what it raises is a bug and becomes a bare 500 with a request id.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson

from volano.app.lane import open_aws_lane, open_console_lane
from volano.console.pages import serve_page
from volano.kernel.egress import parse_networks
from volano.kernel.errors import VolanoError
from volano.wire.action import find_socket
from volano.wire.aws import gateway as aws
from volano.wire.caldav import gateway as caldav
from volano.wire.caldav.paths import is_ours as is_caldav
from volano.wire.http import ClientGone, Response, WebSocket, request_of, send_response
from volano.wire.mcp import gateway as mcp
from volano.wire.oauth import gateway as oauth
from volano.wire.openai import gateway as openai
from volano.wire.proxies import Proxies
from volano.wire.rest import gateway as rest
from volano.wire.slack import gateway as slack
from volano.wire.slack import raw as slack_raw

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.app.health import Health
    from volano.app.test_mode import TestMode
    from volano.kernel.call import Env
    from volano.wire.http import Receive, Request, Scope, Send
    from volano.wire.lane import Lane

    Gateway = Callable[[Request], Awaitable[Response]]

JSON = ("content-type", "application/json")
FENCE = (
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
)
"""What is no page of the console says so to browsers: no type is guessed, nothing in it runs, and
no page shows it in a frame."""


class App:
    """One ASGI application around a gateway; knows draining and how many requests run."""

    def __init__(self, env: Env, health: Health, gateway: Gateway, lane: Lane) -> None:
        self._env = env
        self._health = health
        self._gateway = gateway
        self._proxies = Proxies(parse_networks(env.config.trusted_proxies), env.config.proxy_header)
        self.lane = lane
        """What our own protocol class asks first (app/protocol.py)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._proxies.tell(scope)
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = self._env.ids.request_id()
        scope["volano.request_id"] = request_id
        request = request_of(scope, receive)
        self._health.requests += 1
        try:
            response = await self._gateway(request)
            if response.header("x-request-id") is None:
                response.headers.append(("x-request-id", request_id))
            await send_response(response, receive, send, head=request.method == "HEAD", scope=scope)
        except ClientGone:
            self._env.log.debug("client left", request_id=request_id)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - gateway: the last line of defence
            self._env.log.error("gateway failed", request_id=request_id, error=repr(error))
            await _send_failure(request_id, receive, send)
        finally:
            self._health.requests -= 1

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["volano.request_id"] = self._env.ids.request_id()
        socket = WebSocket(scope, receive, send)
        handler = find_socket(scope["path"])
        if handler is None:
            await socket.refuse(404)
            return
        self._health.sockets += 1
        try:
            await handler(self._env, socket)
        except VolanoError as error:
            await socket.close(4000 + error.wire_status % 1000, error.message[:120])
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - gateway
            self._env.log.error("socket failed", path=scope["path"], error=repr(error))
            await socket.close(1011, "internal error")
        finally:
            self._health.sockets -= 1


async def _send_failure(request_id: str, receive: Receive, send: Send) -> None:
    body = orjson.dumps({"error": "internal error", "request_id": request_id})
    try:
        await send_response(
            Response(status=500, headers=[JSON], body=body), receive, send, head=False
        )
    except RuntimeError:
        return  # the response had begun: the connection is cut, which is all that can be said


def console_app(env: Env, health: Health) -> App:
    """The application of the console's port."""

    async def gateway(request: Request) -> Response:
        response = await answer(request)
        for name, value in FENCE:
            if response.header(name) is None:
                response.headers.append((name, value))
        return response

    async def answer(request: Request) -> Response:
        path = request.raw_path
        if path.startswith(("/v1/", openai.DASHSCOPE)) or path == "/v1":
            return await openai.handle(env, request)
        if path.startswith("/api/"):
            return await slack.handle(env, request)
        if path.startswith(slack_raw.PREFIXES):
            return await slack_raw.handle(env, request)
        if path.startswith(("/volano/v1", "/scim/", "/audit/v1/")):
            return await rest.handle(env, request)
        if path == "/mcp" or path.startswith("/mcp/"):
            return await mcp.handle(env, request)
        if is_caldav(path):
            return await caldav.handle(env, request)
        if oauth.is_ours(request.method, path):
            return await oauth.handle(env, request)
        found = await _operations(env, health, path)
        return found if found is not None else await serve_page(env, request)

    return App(env, health, gateway, open_console_lane(env))


def aws_app(env: Env, health: Health, test_mode: TestMode | None = None) -> App:
    """The application of the AWS port; `test_mode` is given in test mode only."""

    async def gateway(request: Request) -> Response:
        if request.method == "GET" and request.raw_path in ("/healthz", "/readyz"):
            found = await _operations(env, health, request.raw_path)
            if found is not None:
                return found
        if test_mode is not None and request.raw_path.startswith("/moto-api/"):
            return await test_mode.answer(request)
        return await aws.handle(env, request)

    return App(env, health, gateway, open_aws_lane(env))


async def _operations(env: Env, health: Health, path: str) -> Response | None:
    if path == "/healthz":
        return Response(headers=[JSON], body=b'{"status":"ok"}')
    if path == "/readyz":
        report = await health.report(env)
        status = 200 if report["ready"] else 503
        return Response(status=status, headers=[JSON], body=orjson.dumps(report))
    if path == "/metrics":
        text = await asyncio.to_thread(env.metrics.render)
        kind = ("content-type", "text/plain; version=0.0.4; charset=utf-8")
        return Response(headers=[kind], body=text.encode())
    return None
