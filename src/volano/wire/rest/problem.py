"""The error tree as RFC 9457 problem documents (`application/problem+json`)."""

from __future__ import annotations

import math
import re
from http import HTTPStatus

import msgspec

from volano.kernel.errors import Throttled, VolanoError
from volano.wire.http import Response

PROBLEM_TYPE = "application/problem+json"
SCIM_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Problem(msgspec.Struct, omit_defaults=True):
    """What went wrong. `code` is stable and meant for programs; `fields` name the inputs."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    fields: dict[str, str] = {}


def problem_of(error: VolanoError, request_id: str) -> Problem:
    """The problem document for `error`."""
    code = _CAMEL.sub("_", error.wire_code).lower()
    return Problem(
        type=f"urn:volano:problem:{code}",
        title=_title(error.wire_status),
        status=error.wire_status,
        code=code,
        detail=error.message,
        request_id=request_id,
        fields=error.fields,
    )


def problem_response(error: VolanoError, request_id: str) -> Response:
    """The HTTP answer for `error`."""
    headers = [("content-type", PROBLEM_TYPE)]
    wait_s = error.retry_after_s or (1.0 if isinstance(error, Throttled) else None)
    if wait_s is not None:
        headers.append(("retry-after", str(max(1, math.ceil(wait_s)))))
    if "allow" in error.fields:
        headers.append(("allow", error.fields["allow"]))
    if error.wire_status == HTTPStatus.UNAUTHORIZED:
        headers.append(("www-authenticate", 'Bearer realm="volano"'))
    body = msgspec.json.encode(problem_of(error, request_id))
    return Response(status=error.wire_status, headers=headers, body=body)


def scim_response(error: VolanoError) -> Response:
    """The answer for `error` under `/scim/`: RFC 7644, 3.12, and Slack's `Errors` of SCIM 1."""
    status = error.wire_status
    body = {
        "schemas": [SCIM_ERROR],
        "detail": error.message,
        "status": str(status),
        "Errors": {"description": error.message, "code": status},
    }
    headers = [("content-type", "application/scim+json")]
    return Response(status=status, headers=headers, body=msgspec.json.encode(body))


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
