"""The REST door: `/volano/v1/...` on the console port to actions called `volano:...`.

JSON in and out by the handlers' structs. A list answers `{"items": […], "next_cursor": null}` and
takes `limit` and `cursor`. The caller is a bearer token or the console's session; a session needs
its CSRF header for anything but GET and HEAD. The OpenAPI document of all this is served at
`/volano/v1/openapi.json` to anyone.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

import volano.wire.rest.live  # noqa: F401 - registers the socket route of live updates
from volano.kernel.errors import Denied, Internal, Unauthenticated, VolanoError
from volano.wire.action import PUBLIC, run_action
from volano.wire.credential import (
    call_of,
    find_principal,
    has_credential,
    is_from_elsewhere,
    request_id_of,
)
from volano.wire.decode import require_sane
from volano.wire.http import ClientGone, Response
from volano.wire.refusals import record_refusal
from volano.wire.rest.openapi import openapi_bytes
from volano.wire.rest.problem import problem_of, problem_response, scim_response
from volano.wire.routes import ActionRoutes
from volano.wire.stream import stream_response
from volano.wire.typed import read_typed, to_response

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.wire.http import Request
    from volano.wire.results import EventStream

PREFIX = "/volano/v1/"
SCIM_PREFIX = "/scim/"
OPENAPI_PATH = "/volano/v1/openapi.json"
_ROUTES = ActionRoutes("rest")


async def handle(env: Env, request: Request) -> Response:
    """Answer one request; never raises but for cancellation."""
    request_id = request_id_of(env, request)
    try:
        require_sane(request)
        response = await _answer(env, request)
    except VolanoError as error:
        is_scim = request.raw_path.startswith(SCIM_PREFIX)
        response = scim_response(error) if is_scim else problem_response(error, request_id)
    except ClientGone:
        response = Response(status=499)
    except Exception as error:  # noqa: BLE001 - a gateway turns every error into an answer
        env.log.error("rest request failed", request_id=request_id, error=repr(error))
        said = f"An internal error happened; quote request id {request_id} to your operator."
        response = problem_response(Internal(said), request_id)
    response.headers.append(("x-request-id", request_id))
    if response.header("x-content-type-options") is None:
        response.headers.append(("x-content-type-options", "nosniff"))
    if response.header("cache-control") is None:
        response.headers.append(("cache-control", "no-store"))
    return response


async def _answer(env: Env, request: Request) -> Response:
    if request.raw_path == OPENAPI_PATH and request.method in ("GET", "HEAD"):
        return Response(headers=[("content-type", "application/json")], body=openapi_bytes())
    found, params = _ROUTES.require(request.method, request.raw_path)
    principal = await find_principal(env, request)
    if principal is None and found.permission != PUBLIC:
        refused = Unauthenticated("This call needs an API key or a console session.")
        if has_credential(request):
            record_refusal(env, request, refused, door="rest", action=found.name)
        raise refused
    if found.permission == PUBLIC and found.method != "GET" and is_from_elsewhere(request):
        raise Denied("Another site may not sign anybody in here.")
    call = call_of(env, request, principal, door="rest")
    typed = await read_typed(env, found, request, params, is_known=principal is not None)
    result = await run_action(env, call, found, typed)
    response = await to_response(result, partial(_stream, env, call))
    if result is None:
        response.status, response.body = 204, b""
    return response


async def _stream(env: Env, call: Call, stream: EventStream) -> Response:
    return await stream_response(env, call, stream, partial(_error_event, call))


def _error_event(call: Call, error: VolanoError) -> bytes:
    body = msgspec.json.encode(problem_of(error, call.request_id))
    return b"event: error\ndata: " + body + b"\n\n"
