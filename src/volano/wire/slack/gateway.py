"""The Slack door: `/api/<method>` on the console port to actions called `slack:<method>`.

A token comes in the Authorization header or as `token`; the console's session works too, with its
CSRF header on every method, because Slack's methods also write on GET. Who is known only by a
`token` in the body may send but small files in it: they are read before it is known whose they
are. Answers are envelopes with
HTTP 200, except 429. A method that Slack has and Volano has not answers `method_not_built`, which
Slack does not use, so that programs and the coverage table can tell it from `unknown_method`.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import volano.wire.slack.socket  # noqa: F401 - registers the socket route of Socket Mode
from volano.kernel.errors import Internal, VolanoError
from volano.wire.action import (
    PUBLIC,
    find_action,
    list_actions,
    registry_generation,
    request_type,
    run_action,
)
from volano.wire.credential import (
    CSRF_HEADER,
    bearer_token,
    call_of,
    cookie_of,
    request_id_of,
)
from volano.wire.decode import fields_of, require_sane
from volano.wire.form import MAX_UPLOAD_BYTES
from volano.wire.http import ClientGone, Response
from volano.wire.refusals import record_refusal
from volano.wire.slack.arguments import MAX_SLACK_BODY_BYTES, read_arguments, to_request
from volano.wire.slack.coverage import require_built
from volano.wire.slack.errors import (
    InvalidAuth,
    MissingScope,
    NotAuthed,
    UnknownMethod,
    error_response,
)
from volano.wire.slack.limits import require_rate
from volano.wire.typed import encode_json, to_response

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.identity import Principal
    from volano.wire.action import Action
    from volano.wire.http import Request
    from volano.wire.results import EventStream

PREFIX = "/api/"
_THINGS = ("channel", "file", "usergroup")
_IDS = ("canvas_id", "app_id")
HOST = "volano:Host"
"""Key of the call's context: the host that the client believes it talks to."""


async def handle(env: Env, request: Request) -> Response:
    """Answer one request; never raises but for cancellation."""
    request_id = request_id_of(env, request)
    try:
        require_sane(request)
        response = await _answer(env, request)
    except VolanoError as error:
        response = error_response(error)
    except ClientGone:
        response = Response(status=499)
    except Exception as error:  # noqa: BLE001 - a gateway turns every error into an answer
        env.log.error("slack request failed", request_id=request_id, error=repr(error))
        response = error_response(Internal(f"Quote request id {request_id} to your operator."))
    response.headers.append(("x-slack-req-id", request_id))
    return response


async def _answer(env: Env, request: Request) -> Response:
    found = _route(request)
    principal = await _find_principal(env, request)
    limit = MAX_UPLOAD_BYTES if principal is not None else MAX_SLACK_BODY_BYTES
    arguments = await read_arguments(env, request, max_file_bytes=limit)
    token = arguments.pop("token", None)
    if isinstance(token, str) and token and bearer_token(request) is None:
        principal = await env.authority.find_token(token)
    headers = [("x-accepted-oauth-scopes", ",".join(found.scopes))]
    if principal is None and found.permission != PUBLIC:
        if _has_no_credential(request, token):
            raise NotAuthed("This method needs a valid token.")
        refused = InvalidAuth("This method needs a valid token.")
        record_refusal(env, request, refused, door="slack", action=found.name)
        raise refused
    if principal is not None:
        headers.append(("x-oauth-scopes", provided_scopes(principal)))
    try:
        if "token" in fields_of(request_type(found)):
            arguments["token"] = bearer_token(request) or token
        call = call_of(env, request, principal, door="slack")
        call.context[HOST] = request.host
        response = await _run(env, call, found, arguments)
    except VolanoError as error:
        response = error_response(error)
    response.headers += headers
    return response


async def _run(env: Env, call: Call, found: Action, arguments: dict[str, Any]) -> Response:
    result = await run_method(env, call, found, arguments)
    response = await to_response(result, partial(_refuse_stream, found), _envelope)
    if response.header("content-type") == "application/json":
        response.headers[0] = ("content-type", "application/json; charset=utf-8")
    return response


async def run_method(env: Env, call: Call, found: Action, arguments: dict[str, Any]) -> Any:
    """The result of a method within the caller's rate and scopes."""
    require_rate(env, call, found.operation, arguments.get("channel"))
    if found.permission != PUBLIC:
        require_scopes(found, call.principal)
    request = to_request(arguments, request_type(found))
    return await run_action(env, call, found, request, tell=_made)


def _made(_call: Call, _request: Any, result: Any) -> str:
    """For the trail: the ids of what a method made, which its resource cannot name before."""
    if not isinstance(result, dict):
        return ""
    made = {
        name: value["id"]
        for name in _THINGS
        if isinstance(value := result.get(name), dict) and "id" in value
    }
    made |= {name: result[name] for name in _IDS if name in result}
    return encode_json({"responseElements": made}).decode() if made else ""


def _route(request: Request) -> Action:
    method = request.path.removeprefix(PREFIX).rstrip("/")
    found = find_action(f"slack:{method}")
    if found is None:
        require_built(method)
        raise UnknownMethod(f"Slack has no method {method[:100]}.")
    return found


async def _find_principal(env: Env, request: Request) -> Principal | None:
    """Whoever the headers tell."""
    token = bearer_token(request)
    if token is not None:
        return await env.authority.find_token(token)
    cookie = cookie_of(request)
    if cookie is None:
        return None
    return await env.authority.find_session(cookie, request.headers.get(CSRF_HEADER), safe=False)


def _has_no_credential(request: Request, token: object) -> bool:
    return not (token or bearer_token(request) or cookie_of(request))


def provided_scopes(principal: Principal) -> str:
    """The scopes of a token, sorted; those of all methods when it is not limited."""
    if principal.scopes is not None:
        return ",".join(sorted(principal.scopes))
    return _every_scope(registry_generation())


@lru_cache(maxsize=1)
def _every_scope(_generation: int) -> str:
    """Those of all methods; going through the registry costs as much as a call."""
    return ",".join(sorted({scope for found in list_actions("slack") for scope in found.scopes}))


def require_scopes(found: Action, principal: Principal) -> None:
    """Raise MissingScope unless the token has one of the method's scopes."""
    if principal.scopes is None or not found.scopes:
        return
    if principal.scopes.isdisjoint(found.scopes):
        needed = ",".join(found.scopes)
        raise MissingScope(
            f"{found.operation} needs the scope {needed.replace(',', ' or ')}.",
            fields={"needed": needed, "provided": provided_scopes(principal)},
        )


def _envelope(result: Any) -> bytes:
    """`{"ok": true, …}`, spliced in front of the result's own fields."""
    body = b"{}" if result is None else encode_json(result)
    if body == b"{}":
        return b'{"ok":true}'
    assert body[:1] == b"{", "a Slack method answers an object"
    return b'{"ok":true,' + body[1:]


async def _refuse_stream(found: Action, _: EventStream) -> Response:
    raise TypeError(f"{found.name} answered a stream; Slack's methods have none")
