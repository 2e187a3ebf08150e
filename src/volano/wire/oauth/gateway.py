"""The OAuth door: `/oauth/...` to actions called `oauth:...`, and the two metadata documents.

Programs find everything from the address of the MCP server: its 401 names the protected resource's
document (RFC 9728), which names this authorization server, whose document (RFC 8414) names the
endpoints. `GET /oauth/authorize` is a page of the console. Browser programs of any site may call
these (CORS): nothing here looks at cookies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from volano.kernel.errors import Internal, Invalid, VolanoError
from volano.wire.action import request_type, run_action
from volano.wire.credential import call_of, request_id_of
from volano.wire.decode import merge_text, parse_json_object, read_body, require_sane, to_struct
from volano.wire.http import ClientGone, Response
from volano.wire.routes import ActionRoutes
from volano.wire.typed import to_response

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.wire.action import Action
    from volano.wire.http import Request
    from volano.wire.results import EventStream

PREFIXES = ("/oauth/", "/.well-known/oauth-")
AUTHORIZE = "/oauth/authorize"
RESOURCE = "/.well-known/oauth-protected-resource"
SERVER = "/.well-known/oauth-authorization-server"
MAX_BODY_BYTES = 64 * 1024
MAX_FIELDS = 50
JSON = ("content-type", "application/json")
_CORS = [
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "GET, POST, OPTIONS"),
    ("access-control-allow-headers", "content-type, mcp-protocol-version"),
]
_ROUTES = ActionRoutes("oauth")


def is_ours(method: str, path: str) -> bool:
    """Whether a request of the console's port is for this door."""
    if path.startswith(AUTHORIZE) and method in ("GET", "HEAD"):
        return False
    return path.startswith(PREFIXES)


async def handle(env: Env, request: Request) -> Response:
    """Answer one request; never raises but for cancellation."""
    request_id = request_id_of(env, request)
    try:
        require_sane(request)
        response = await _answer(env, request)
    except VolanoError as error:
        response = _error_response(error)
    except ClientGone:
        response = Response(status=499)
    except Exception as error:  # noqa: BLE001 - a gateway turns every error into an answer
        env.log.error("oauth request failed", request_id=request_id, error=repr(error))
        response = _error_response(Internal(f"Quote request id {request_id} to your operator."))
    response.headers += [("x-request-id", request_id), ("cache-control", "no-store"), *_CORS]
    return response


async def _answer(env: Env, request: Request) -> Response:
    if request.method == "OPTIONS":
        return Response(status=204)
    base = f"{request.scheme}://{request.host}"
    if request.method in ("GET", "HEAD") and request.path.startswith(RESOURCE):
        resource = request.path.removeprefix(RESOURCE) or "/mcp"
        return _document(_resource_metadata(base, resource))
    if request.method in ("GET", "HEAD") and request.path.startswith(SERVER):
        return _document(_server_metadata(base))
    found, _ = _ROUTES.require(request.method, request.raw_path)
    typed = to_struct(await _fields(request, found), request_type(found))
    result = await run_action(env, call_of(env, request, None, door="oauth"), found, typed)
    if result is None:
        return Response(headers=[JSON], body=b"{}")
    return await to_response(result, _refuse_stream)


async def _fields(request: Request, found: Action) -> dict[str, Any]:
    """A form or JSON, whatever the client sends."""
    body = await read_body(request, MAX_BODY_BYTES)
    if request.headers.get("content-type", "").lower().startswith("application/json"):
        return parse_json_object(body)
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise Invalid(f"The form cannot be read: {error}.") from error
    return merge_text({}, pairs, request_type(found))


def _document(value: dict[str, Any]) -> Response:
    return Response(headers=[JSON], body=msgspec.json.encode(value))


def _resource_metadata(base: str, resource: str) -> dict[str, Any]:
    return {
        "resource": base + resource,
        "resource_name": "Volano",
        "authorization_servers": [base],
        "scopes_supported": ["all", "read"],
        "bearer_methods_supported": ["header"],
    }


def _server_metadata(base: str) -> dict[str, Any]:
    return {
        "issuer": base,
        "authorization_endpoint": base + AUTHORIZE,
        "token_endpoint": f"{base}/oauth/token",
        "registration_endpoint": f"{base}/oauth/register",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "scopes_supported": ["all", "read"],
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
    }


def _error_response(error: VolanoError) -> Response:
    """RFC 6749 section 5.2; what is wrong with the form itself is `invalid_request`."""
    own = error.wire_code if error.wire_code.islower() else "invalid_request"
    code = "invalid_request" if type(error) is Invalid else own
    if error.wire_status >= 500 or error.wire_status == 429:
        code = "temporarily_unavailable" if error.wire_status == 429 else "server_error"
    body = msgspec.json.encode({"error": code, "error_description": error.message})
    return Response(status=error.wire_status, headers=[JSON], body=body)


async def _refuse_stream(_: EventStream) -> Response:
    raise TypeError("OAuth has no streams")
