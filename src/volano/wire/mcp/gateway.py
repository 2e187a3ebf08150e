"""The MCP door: `/mcp` on the console port, by Streamable HTTP with plain JSON answers.

A request needs a bearer token: an API key, or what OAuth gave (`/.well-known/oauth-…`); without one
the answer says where to get it (RFC 9728). A browser page of another site is refused, whatever it
knows (the specification's guard against DNS rebinding). No stream is offered on GET.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import Denied, Unauthenticated, VolanoError
from volano.wire.credential import bearer_token, call_of, is_from_elsewhere, request_id_of
from volano.wire.decode import query_pairs, read_body, require_sane
from volano.wire.http import ClientGone, Response
from volano.wire.mcp.methods import answer, require_view
from volano.wire.mcp.rpc import (
    INTERNAL_ERROR,
    RpcError,
    error_body,
    read_message,
    result_body,
    status_of,
)
from volano.wire.refusals import record_refusal

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.wire.http import Request

PREFIX = "/mcp"
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
JSON = ("content-type", "application/json")


async def handle(env: Env, request: Request) -> Response:
    """Answer one request; never raises but for cancellation."""
    request_id = request_id_of(env, request)
    try:
        require_sane(request)
        response = await _answer(env, request)
    except VolanoError as error:
        response = _refusal(request, error)
    except ClientGone:
        response = Response(status=499)
    except Exception as error:  # noqa: BLE001 - a gateway turns every error into an answer
        env.log.error("mcp request failed", request_id=request_id, error=repr(error))
        told = RpcError(INTERNAL_ERROR, f"Quote request id {request_id} to your operator.")
        response = Response(status=500, headers=[JSON], body=error_body(None, told))
    response.headers += [("x-request-id", request_id), ("cache-control", "no-store")]
    return response


async def _answer(env: Env, request: Request) -> Response:
    if is_from_elsewhere(request):
        raise Denied("Pages of other sites may not speak to this server.")
    if request.method != "POST":
        return Response(status=405, headers=[("allow", "POST")])
    principal = None
    token = bearer_token(request)
    if token is not None:
        principal = await env.authority.find_token(token)
    if principal is None:
        refused = Unauthenticated("Connect with an API key or through OAuth.")
        if token is not None:
            record_refusal(env, request, refused, door="mcp", action="mcp")
        raise refused
    wants_reading = dict(query_pairs(request)).get("read_only", "").lower() in ("1", "true", "yes")
    view_path = request.path.rstrip("/")
    call = call_of(env, request, principal, door="mcp")
    return await _exchange(env, call, request, (view_path, wants_reading))


async def _exchange(env: Env, call: Call, request: Request, where: tuple[str, bool]) -> Response:
    id_: str | int | None = None
    try:
        message = read_message(await read_body(request, MAX_MESSAGE_BYTES), request.headers)
        if message is None or message.id is None:
            return Response(status=202)
        id_ = message.id
        view = require_view(env, where[0], read_only=where[1])
        result = await answer(env, call, view, message)
    except RpcError as error:
        return Response(status=status_of(error), headers=[JSON], body=error_body(id_, error))
    return Response(headers=[JSON], body=result_body(message, result))


def _refusal(request: Request, error: VolanoError) -> Response:
    """A refusal before any message was read."""
    body = msgspec.json.encode({"error": error.wire_code, "error_description": error.message})
    headers = [JSON]
    if isinstance(error, Unauthenticated):
        at = f"{request.scheme}://{request.host}/.well-known/oauth-protected-resource"
        invalid = ', error="invalid_token"' if bearer_token(request) else ""
        headers.append(
            ("www-authenticate", f'Bearer resource_metadata="{at}{request.path}"{invalid}')
        )
    return Response(status=error.wire_status, headers=headers, body=body)
