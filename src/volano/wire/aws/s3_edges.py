"""What surrounds an S3 operation and is no operation itself: CORS, access logs, website hosts.

The object store's api/ says how (`s3_edge`), the gateway when. Nothing here knows a service.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Denied, Invalid, NotFound
from volano.wire.aws.routes import decode_label
from volano.wire.aws.scalars import BadValue
from volano.wire.credential import call_of
from volano.wire.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.kernel.call import Call, Env
    from volano.kernel.errors import VolanoError
    from volano.wire.aws.errors import Origin
    from volano.wire.http import Request

    Headers = list[tuple[str, str]]

CORS, WEBSITE, ACCESS_LOG = "cors", "website", "access-log"
LOGGED = "volano:access-log"
"""In a call's context when its bucket has access logs."""
CHARGED = "volano:request-charged"
"""In a call's context when the requester pays: what the answer's header says."""
METHODS = ("GET", "PUT", "HEAD", "POST", "DELETE")
WEBSITE_MARK = ".s3-website"
VISIT = "WebsiteGet"
"""What access logs are told of a visitor, in place of an operation."""

_EDGES: dict[str, Callable[..., Any]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsQuestion:
    """What a page asks: its origin, the method, and the headers of a preflight."""

    origin: str
    method: str
    headers: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Served:
    """One answered request, as an access log tells it."""

    call: Call
    request: Request
    operation: str
    bucket: str
    key: str
    status: int
    error_code: str
    sent_bytes: int
    took_s: float
    host_id: str
    headers: Headers = field(default_factory=list)
    signature_version: str = ""
    auth_type: str = ""


def s3_edge(name: str) -> Callable[[Any], Any]:
    """Register the function behind CORS, WEBSITE or ACCESS_LOG."""

    def register(function: Any) -> Any:
        if name in _EDGES:
            raise ValueError(f"two functions are the edge {name}")
        _EDGES[name] = function
        return function

    return register


async def answer_preflight(env: Env, request: Request, bucket: str, key: str) -> Response:
    """The answer to OPTIONS (S3 user guide, "Cross-origin resource sharing")."""
    origin = request.headers.get("origin", "")
    method = request.headers.get("access-control-request-method", "")
    if not origin:
        raise _insufficient("Insufficient information. Origin request header needed.")
    if method and method not in METHODS:
        raise _insufficient(f"Invalid Access-Control-Request-Method: {method[:32]}")
    question = CorsQuestion(origin=origin, method=method, headers=_headers_asked(request))
    ask = _EDGES.get(CORS)
    try:
        headers = None if ask is None else await ask(env, _decoded(bucket), question)
    except NotFound:
        raise _refused("CORSResponse: Bucket not found", method, "BUCKET") from None
    if headers is None:
        raise _refused("CORSResponse: CORS is not enabled for this bucket.", method, "BUCKET")
    if not headers and not method:
        raise _insufficient("Invalid Access-Control-Request-Method: null")
    if not headers:
        raise _refused(
            "CORSResponse: This CORS request is not allowed. This is usually because the "
            "evalution of Origin, request method / Access-Control-Request-Method or "
            "Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
            method,
            "OBJECT" if key else "BUCKET",
        )
    return Response(headers=headers)


def _headers_asked(request: Request) -> tuple[str, ...]:
    """The headers that a page wants to send, in lower case."""
    wanted = request.headers.get("access-control-request-headers", "").split(",")
    return tuple(name.strip().lower() for name in wanted if name.strip())


def _insufficient(message: str) -> VolanoError:
    return Invalid(message, code="BadRequest")


def _refused(message: str, method: str, kind: str) -> VolanoError:
    fields = {"Method": method or "OPTIONS", "ResourceType": kind}
    return Denied(message, code="AccessForbidden", fields=fields)


async def add_cors_headers(env: Env, request: Request, response: Response, bucket: str) -> None:
    """Tell a page whether it may read the answer, also when that is a refusal."""
    method = request.headers.get("access-control-request-method") or request.method
    if not bucket or method not in METHODS or CORS not in _EDGES:
        return
    question = CorsQuestion(
        origin=request.headers["origin"], method=method, headers=_headers_asked(request)
    )
    with suppress(NotFound):
        response.headers.extend(await _EDGES[CORS](env, _decoded(bucket), question) or ())


def note_served(env: Env, request: Request, response: Response, origin: Origin, call: Call) -> None:
    """Hand an answered request to the access log of its bucket."""
    body = response.body
    sent = len(body) if isinstance(body, bytes) else response.length or 0
    _EDGES[ACCESS_LOG](
        env,
        Served(
            call=call,
            request=request,
            operation=origin.operation,
            bucket=_decoded(origin.bucket),
            key=origin.key,
            status=response.status,
            error_code=origin.code,
            sent_bytes=0 if request.method == "HEAD" else sent,
            took_s=env.clock.monotonic_s() - origin.began_s,
            host_id=origin.host_id,
            headers=response.headers,
            signature_version=origin.signature_version,
            auth_type=origin.auth_type,
        ),
    )


@lru_cache(maxsize=4096)
def website_bucket_of_host(host: str) -> str:
    """The bucket in `bucket.s3-website.<any>` or `bucket.s3-website-<region>.<any>`, or ''."""
    name = (host.rpartition(":")[0] if ":" in host else host).lower().rstrip(".")
    at = name.find(WEBSITE_MARK)
    after = name[at + len(WEBSITE_MARK) : at + len(WEBSITE_MARK) + 1]
    return name[:at] if at > 0 and after in (".", "-") else ""


async def answer_website(env: Env, request: Request, bucket: str, origin: Origin) -> Response:
    """What a website's visitor gets."""
    call = call_of(env, request, None, door="aws")
    origin.call, origin.operation = call, VISIT
    origin.bucket, origin.key = bucket, request.raw_path[1:]
    if "referer" in request.headers:
        call.context["aws:Referer"] = request.headers["referer"]
    answered: Response = await _EDGES[WEBSITE](env, request, call, bucket)
    return answered


def _decoded(label: str) -> str:
    try:
        return decode_label(label)
    except BadValue:
        return ""
