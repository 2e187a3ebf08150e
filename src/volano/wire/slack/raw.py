"""Slack routes that are not methods: uploads, file downloads, incoming hooks.

They stand under a few prefixes of the console port and authenticate by themselves, by a ticket in
the path, a token or the console's session. A handler is `async def f(env, request, params)` and
answers a Response; the errors it raises become plain HTTP errors with Slack's word as text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Internal, VolanoError
from volano.wire.credential import request_id_of
from volano.wire.decode import require_sane
from volano.wire.http import ClientGone, Response
from volano.wire.routes import RouteTable
from volano.wire.slack.errors import error_word

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.call import Env
    from volano.wire.http import Request

    RawHandler = Callable[[Env, Request, dict[str, str]], Awaitable[Response]]

PREFIXES = ("/slack/", "/services/", "/oauth/v2/", "/openid/connect/")

_ROUTES: dict[str, tuple[str, str, RawHandler]] = {}
_TABLES: dict[tuple[str, ...], RouteTable] = {}


def raw_route(method: str, path: str) -> Callable[[Any], Any]:
    """Register a handler for `method` on `path`, a template such as `/slack/upload/{ticket}`."""

    def register(handler: RawHandler) -> RawHandler:
        name = f"{method} {path}"
        if name in _ROUTES:
            raise ValueError(f"two raw routes are called {name}")
        _ROUTES[name] = (method, path, handler)
        return handler

    return register


async def handle(env: Env, request: Request) -> Response:
    """Answer one request; never raises but for cancellation."""
    request_id = request_id_of(env, request)
    try:
        require_sane(request)
        name, params = _table().require(request.method, request.raw_path)
        response = await _ROUTES[name][2](env, request, params)
    except VolanoError as error:
        response = _refusal(error)
    except ClientGone:
        response = Response(status=499)
    except Exception as error:  # noqa: BLE001 - a gateway turns every error into an answer
        env.log.error("slack route failed", request_id=request_id, error=repr(error))
        response = _refusal(Internal(f"Quote request id {request_id} to your operator."))
    response.headers.append(("x-slack-req-id", request_id))
    return response


def _table() -> RouteTable:
    names = tuple(_ROUTES)
    if names not in _TABLES:
        _TABLES.clear()
        _TABLES[names] = RouteTable((row[0], row[1], name) for name, row in _ROUTES.items())
    return _TABLES[names]


def _refusal(error: VolanoError) -> Response:
    headers = [("content-type", "text/plain; charset=utf-8")]
    headers += [("allow", error.fields["allow"])] if "allow" in error.fields else []
    text = f"{error_word(error)}: {error.message}\n"
    return Response(status=error.wire_status, headers=headers, body=text.encode())
