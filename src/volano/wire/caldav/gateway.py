"""The CalDAV door: `/dav/...` and `/.well-known/caldav` to actions called `caldav:...`.

Programs sign in by HTTP Basic with an API key of the person as the password; the key alone says
who it is, whatever user name is given. A bearer token is the same key.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from volano.kernel.errors import Internal, Invalid, Unauthenticated, VolanoError
from volano.wire.action import find_action, run_action
from volano.wire.caldav.nodes import (
    Broken,
    Busy,
    Changes,
    DavRequest,
    Kind,
    Look,
    Multiget,
    Node,
    Put,
    Query,
    Remove,
    Sync,
    Written,
)
from volano.wire.caldav.paths import WELL_KNOWN, parse_path
from volano.wire.caldav.reading import (
    CALENDAR_DATA,
    DAV,
    asked_properties,
    parse_report,
    parse_xml,
)
from volano.wire.caldav.writing import error_body, multistatus, refused_properties
from volano.wire.credential import bearer_token, call_of, request_id_of
from volano.wire.decode import read_body, require_sane
from volano.wire.http import ClientGone, Response
from volano.wire.refusals import record_refusal
from volano.wire.routes import MethodNotAllowed

if TYPE_CHECKING:
    from typing import Any

    from volano.kernel.call import Call, Env
    from volano.kernel.identity import Principal
    from volano.wire.http import Request

MAX_BODY_BYTES = 1024 * 1024
XML = ("content-type", "application/xml; charset=utf-8")
ICS = ("content-type", "text/calendar; charset=utf-8")
METHODS = "OPTIONS, PROPFIND, PROPPATCH, REPORT, GET, HEAD, PUT, DELETE"
_DAV = [("dav", "1, 3, calendar-access"), ("allow", METHODS)]
_REPORTS = {
    Query: "caldav:calendar-query",
    Multiget: "caldav:calendar-multiget",
    Sync: "caldav:sync-collection",
    Busy: "caldav:free-busy-query",
}


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
        env.log.error("caldav request failed", request_id=request_id, error=repr(error))
        response = _error_response(Internal(f"Quote request id {request_id} to your operator."))
    response.headers += [("x-request-id", request_id), ("cache-control", "no-store"), *_DAV[:1]]
    return response


def _error_response(error: VolanoError) -> Response:
    body = error_body(error.wire_code, error.message)
    headers = [XML]
    if error.wire_status == 401:
        headers.append(("www-authenticate", 'Basic realm="Volano", charset="UTF-8"'))
    if isinstance(error, MethodNotAllowed):
        headers.append(_DAV[1])
    return Response(status=error.wire_status, headers=headers, body=body)


async def _answer(env: Env, request: Request) -> Response:
    if request.raw_path.startswith(WELL_KNOWN):
        return Response(status=301, headers=[("location", "/dav/")])
    if request.method == "OPTIONS":
        return Response(headers=_DAV[1:])
    principal = await _find_principal(env, request)
    if principal is None:
        refused = Unauthenticated("Sign in with an API key as the password.")
        if "authorization" in request.headers:
            record_refusal(env, request, refused, door="caldav", action="caldav:signIn")
        raise refused
    call = call_of(env, request, principal, door="caldav")
    return await _run(env, call, request)


async def _find_principal(env: Env, request: Request) -> Principal | None:
    token = bearer_token(request) or _basic_password(request)
    return await env.authority.find_token(token) if token else None


def _basic_password(request: Request) -> str | None:
    """The password of an `Authorization: Basic` header (RFC 7617)."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return pair.partition(":")[2]


async def _run(env: Env, call: Call, request: Request) -> Response:
    place = parse_path(request.raw_path)
    match request.method:
        case "PROPFIND":
            root = parse_xml(await read_body(request, MAX_BODY_BYTES))
            asked = asked_properties(root)
            with_text = CALENDAR_DATA in (asked or ())
            depth = 0 if request.headers.get("depth") == "0" else 1
            look = Look(place=place, depth=depth, with_text=with_text)
            return _listed(await _act(env, call, "caldav:PROPFIND", look), asked)
        case "REPORT":
            root = parse_xml(await read_body(request, MAX_BODY_BYTES))
            return await _report(env, call, parse_report(root, place), asked_properties(root))
        case "PROPPATCH":
            root = parse_xml(await read_body(request, MAX_BODY_BYTES))
            names = [] if root is None else [str(p.tag) for p in root.iterfind(f".//{DAV}prop/*")]
            return Response(status=207, headers=[XML], body=refused_properties(place, names))
        case "GET" | "HEAD" if place.kind is Kind.OBJECT:
            found: Node = await _act(env, call, "caldav:GET", DavRequest(place=place))
            headers = [ICS, ("etag", f'"{found.etag}"')]
            return Response(headers=headers, body=found.text.encode())
        case "PUT" if place.kind is Kind.OBJECT:
            return await _put(env, call, request)
        case "DELETE" if place.kind is Kind.OBJECT:
            removal = Remove(place=place, match=_etag(request, "if-match"))
            await _act(env, call, "caldav:DELETE", removal)
            return Response(status=204)
        case _:
            raise MethodNotAllowed(f"{request.method} is not allowed here.")


async def _act(env: Env, call: Call, name: str, typed: DavRequest) -> Any:
    found = find_action(name)
    assert found is not None, name
    return await run_action(env, call, found, typed)


def _listed(nodes: list[Node], asked: list[str] | None) -> Response:
    return Response(status=207, headers=[XML], body=multistatus(nodes, asked))


async def _report(env: Env, call: Call, typed: DavRequest, asked: list[str] | None) -> Response:
    result = await _act(env, call, _REPORTS[type(typed)], typed)
    if isinstance(result, str):
        return Response(headers=[ICS], body=result.encode())
    if isinstance(result, Changes):
        body = multistatus(result.nodes, asked, state=result.state)
        return Response(status=207, headers=[XML], body=body)
    return _listed(result, asked)


async def _put(env: Env, call: Call, request: Request) -> Response:
    data = await read_body(request, MAX_BODY_BYTES)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Broken("A calendar object is UTF-8.", code="CALDAV:valid-calendar-data") from error
    if not text.strip():
        raise Invalid("A calendar object has a body.")
    wanted = Put(
        place=parse_path(request.raw_path),
        text=text,
        match=_etag(request, "if-match"),
        none_match=_etag(request, "if-none-match"),
    )
    written: Written = await _act(env, call, "caldav:PUT", wanted)
    status = 201 if written.created else 204
    return Response(status=status, headers=[("etag", f'"{written.etag}"')])


def _etag(request: Request, header: str) -> str:
    """The one ETag of a condition, without quotes."""
    return request.headers.get(header, "").strip().removeprefix("W/").strip('"')
