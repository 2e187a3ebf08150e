"""Errors in each protocol's own body, code and status.

S3: `<Error>`; query: `<ErrorResponse>`; EC2: `<Response><Errors>`; JSON and CBOR: `__type`. Codes
that the kernel or SigV4 raise are turned into the words that the service's real counterpart uses
("Common errors" of each API reference; S3's list of error codes); a service's own codes pass.
A field of an error named `header:NAME` becomes a response header instead of part of the body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from volano.kernel.errors import Unauthenticated, VolanoError
from volano.wire.aws import cbor
from volano.wire.aws.query_names import JSON_NAMES, query_message
from volano.wire.aws.sigv4 import AuthFailure, AuthMalformed
from volano.wire.aws.xml import DECLARATION, escape
from volano.wire.http import Response

if TYPE_CHECKING:
    from botocore.model import ServiceModel

    from volano.kernel.call import Call

HEADER_FIELD = "header:"

_FAMILY = {
    "rest-xml": "query",
    "query": "query",
    "ec2": "ec2",
    "json": "json",
    "rest-json": "json",
    "smithy-rpc-v2-cbor": "json",
}
_AUTH_WORDS: dict[str, dict[str, tuple[str, int]]] = {
    "InvalidAccessKeyId": {
        "query": ("InvalidClientTokenId", 403),
        "ec2": ("AuthFailure", 401),
        "json": ("UnrecognizedClientException", 403),
    },
    "InvalidToken": {
        "query": ("InvalidClientTokenId", 403),
        "ec2": ("AuthFailure", 401),
        "json": ("UnrecognizedClientException", 403),
    },
    "ExpiredToken": {
        "query": ("ExpiredToken", 403),
        "ec2": ("RequestExpired", 400),
        "json": ("ExpiredTokenException", 403),
    },
    "SignatureDoesNotMatch": {
        "query": ("SignatureDoesNotMatch", 403),
        "ec2": ("AuthFailure", 401),
        "json": ("InvalidSignatureException", 403),
    },
    "RequestTimeTooSkewed": {
        "query": ("SignatureDoesNotMatch", 403),
        "ec2": ("RequestExpired", 400),
        "json": ("InvalidSignatureException", 403),
    },
    "AuthorizationHeaderMalformed": {
        "query": ("IncompleteSignature", 400),
        "ec2": ("IncompleteSignature", 400),
        "json": ("IncompleteSignatureException", 403),
    },
    "AuthorizationQueryParametersError": {
        "query": ("IncompleteSignature", 400),
        "ec2": ("IncompleteSignature", 400),
        "json": ("IncompleteSignatureException", 403),
    },
    "MissingAuthenticationToken": {
        "query": ("MissingAuthenticationToken", 403),
        "ec2": ("AuthFailure", 401),
        "json": ("MissingAuthenticationTokenException", 403),
    },
}
_KERNEL_WORDS: dict[str, dict[str, tuple[str, int]]] = {
    "InvalidArgument": {
        "query": ("ValidationError", 400),
        "ec2": ("InvalidParameterValue", 400),
        "json": ("ValidationException", 400),
    },
    "AccessDenied": {
        "query": ("AccessDenied", 403),
        "ec2": ("UnauthorizedOperation", 403),
        "json": ("AccessDeniedException", 403),
    },
    "Unauthenticated": {
        "s3": ("AccessDenied", 403),
        "query": ("MissingAuthenticationToken", 403),
        "ec2": ("AuthFailure", 401),
        "json": ("MissingAuthenticationTokenException", 403),
    },
    "NotFound": {"json": ("ResourceNotFoundException", 404)},
    "AlreadyExists": {"json": ("ResourceExistsException", 409)},
    "Conflict": {"json": ("ConflictException", 409)},
    "TooLarge": {
        "s3": ("EntityTooLarge", 400),
        "query": ("RequestEntityTooLarge", 413),
        "ec2": ("RequestEntityTooLarge", 413),
        "json": ("RequestEntityTooLargeException", 413),
    },
    "Throttled": {
        "s3": ("SlowDown", 503),
        "query": ("Throttling", 400),
        "ec2": ("RequestLimitExceeded", 503),
        "json": ("ThrottlingException", 400),
    },
    "QuotaExceeded": {
        "s3": ("QuotaExceeded", 403),
        "query": ("LimitExceeded", 409),
        "ec2": ("ResourceLimitExceeded", 400),
        "json": ("LimitExceededException", 400),
    },
    "NotImplemented": {"json": ("NotImplementedException", 501)},
    "ServiceUnavailable": {
        "ec2": ("Unavailable", 503),
        "json": ("ServiceUnavailableException", 503),
    },
    "DeadlineExceeded": {
        "s3": ("ServiceUnavailable", 503),
        "query": ("ServiceUnavailable", 503),
        "ec2": ("Unavailable", 503),
        "json": ("ServiceUnavailableException", 503),
    },
    "InternalError": {"query": ("InternalFailure", 500), "json": ("InternalFailure", 500)},
    "UnknownOperation": {
        "s3": ("MethodNotAllowed", 405),
        "query": ("InvalidAction", 400),
        "ec2": ("InvalidAction", 400),
        "json": ("UnknownOperationException", 404),
    },
    "BadInput": {
        "s3": ("InvalidArgument", 400),
        "query": ("MalformedInput", 400),
        "ec2": ("InvalidParameterValue", 400),
        "json": ("SerializationException", 400),
    },
    "MissingInput": {
        "s3": ("InvalidRequest", 400),
        "query": ("ValidationError", 400),
        "ec2": ("MissingParameter", 400),
        "json": ("ValidationException", 400),
    },
}


@dataclass(slots=True, kw_only=True)
class Origin:
    """Where an error happened, as far as the gateway knows by then."""

    request_id: str
    host_id: str
    protocol: str = "rest-xml"
    service: str = "s3"
    head: bool = False
    query_mode: bool = False
    model: ServiceModel | None = None
    operation: str = "*"
    ran: bool = False
    """Whether an action was begun, which then leaves an audit record by itself."""
    bucket: str = ""
    key: str = ""
    """What an S3 request names, still percent-encoded."""
    call: Call | None = None
    began_s: float = 0.0
    code: str = ""
    """The error's code in the answer, '' when there was none."""
    signature_version: str = ""
    auth_type: str = ""
    """How an S3 request was signed, as access logs say it."""


def render(error: VolanoError, origin: Origin) -> Response:
    """The response for `error`, without the request id headers."""
    code, status = words(error, origin)
    origin.code = code
    extra = {k: v for k, v in error.fields.items() if not k.startswith(HEADER_FIELD)}
    headers = [
        (key.removeprefix(HEADER_FIELD), value)
        for key, value in error.fields.items()
        if key.startswith(HEADER_FIELD)
    ]
    if origin.service != "s3" and isinstance(error, AuthFailure | AuthMalformed):
        extra = {}  # only S3 shows what it signed
    if error.retry_after_s is not None:
        headers.append(("Retry-After", str(max(1, round(error.retry_after_s)))))
    if status == 304 or (origin.head and origin.service == "s3"):
        return Response(status=status, headers=headers)
    write = _WRITERS["s3" if origin.service == "s3" else origin.protocol]
    response = write(code, status, error.message, extra, origin)
    response.headers.extend(headers)
    return response


def words(error: VolanoError, origin: Origin) -> tuple[str, int]:
    """Code and status of `error` in the service's own words."""
    family = "s3" if origin.service == "s3" else _FAMILY[origin.protocol]
    found = None
    if isinstance(error, AuthFailure | AuthMalformed | Unauthenticated):
        found = _AUTH_WORDS.get(error.wire_code, {}).get(family)
    found = found or _KERNEL_WORDS.get(error.wire_code, {}).get(family)
    code, status = found or (error.wire_code, error.wire_status)
    if origin.protocol == "json" and 400 <= status < 500 and status != 413:
        status = 400
    return code, status


def _s3(code: str, status: int, message: str, extra: dict[str, str], origin: Origin) -> Response:
    fields = {"Code": code, "Message": message, **extra}
    fields |= {"RequestId": origin.request_id, "HostId": origin.host_id}
    body = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    return Response(
        status=status,
        headers=[("Content-Type", "application/xml")],
        body=f"{DECLARATION}<Error>{body}</Error>".encode("utf-8", "replace"),
    )


def _query(code: str, status: int, message: str, extra: dict[str, str], origin: Origin) -> Response:
    shape_code = _error_code(origin, code)
    message = query_message(code, message) if origin.service == "sqs" else message
    kind = "Sender" if status < 500 else "Receiver"
    details = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in extra.items())
    namespace = "" if origin.model is None else origin.model.metadata.get("xmlNamespace", "")
    body = (
        f'{DECLARATION}<ErrorResponse xmlns="{namespace}"><Error><Type>{kind}</Type>'
        f"<Code>{escape(shape_code)}</Code><Message>{escape(message)}</Message>{details}</Error>"
        f"<RequestId>{origin.request_id}</RequestId></ErrorResponse>"
    )
    return Response(
        status=status,
        headers=[("Content-Type", "text/xml")],
        body=body.encode("utf-8", "replace"),
    )


def _error_code(origin: Origin, code: str) -> str:
    """The query protocol's code of a modelled error that was raised by its shape's name."""
    if origin.model is None or code not in origin.model.shape_names:
        return code
    declared = origin.model.shape_for(code).metadata.get("error", {})
    return str(declared.get("code", code))


def _ec2(code: str, status: int, message: str, extra: dict[str, str], origin: Origin) -> Response:
    details = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in extra.items())
    body = (
        f"{DECLARATION}<Response><Errors><Error><Code>{escape(code)}</Code>"
        f"<Message>{escape(message)}</Message>{details}</Error></Errors>"
        f"<RequestID>{origin.request_id}</RequestID></Response>"
    )
    return Response(
        status=status,
        headers=[("Content-Type", "text/xml;charset=UTF-8")],
        body=body.encode("utf-8", "replace"),
    )


def _json(code: str, status: int, message: str, extra: dict[str, str], origin: Origin) -> Response:
    media = "application/json" if origin.protocol == "rest-json" else "application/x-amz-json-1.1"
    shape, headers = _modelled(code, status, origin)
    told = {"message": message, "Message": message} if message else {}
    body = {"__type": shape, **told, **extra}
    return Response(
        status=status,
        headers=[("Content-Type", media), ("x-amzn-ErrorType", shape), *headers],
        body=orjson.dumps(body),
    )


def _cbor(code: str, status: int, message: str, extra: dict[str, str], origin: Origin) -> Response:
    shape, headers = _modelled(code, status, origin)
    body = {"__type": shape, "message": message, "Message": message, **extra}
    return Response(
        status=status,
        headers=[
            ("Content-Type", "application/cbor"),
            ("smithy-protocol", "rpc-v2-cbor"),
            *headers,
        ],
        body=cbor.encode(body),
    )


def _modelled(code: str, status: int, origin: Origin) -> tuple[str, list[tuple[str, str]]]:
    """The error's shape name, and the old query code for clients in query-compatible mode."""
    if origin.model is None or not origin.model.is_query_compatible:
        return code, []
    by_code = {
        shape.metadata.get("error", {}).get("code", shape.name): shape.name
        for shape in origin.model.error_shapes
    }
    shape = by_code.get(code, code)
    old = next((old for old, name in by_code.items() if name == shape), code)
    kind = "Sender" if status < 500 else "Receiver"
    if origin.service == "sqs":
        modelled = shape in by_code.values()
        shape = f"com.amazonaws.sqs#{shape}" if modelled else JSON_NAMES.get(shape, shape)
    return shape, [("x-amzn-query-error", f"{old};{kind}")] if origin.query_mode else []


_WRITERS = {
    "s3": _s3,
    "rest-xml": _query,
    "query": _query,
    "ec2": _ec2,
    "json": _json,
    "rest-json": _json,
    "smithy-rpc-v2-cbor": _cbor,
}
