"""The error tree as OpenAI's error objects (platform.openai.com, guides/error-codes)."""

from __future__ import annotations

import math
import re

import msgspec

from volano.kernel import errors
from volano.kernel.errors import VolanoError
from volano.wire.http import Response

_TYPES: tuple[tuple[type[VolanoError], str], ...] = (
    (errors.Unauthenticated, "authentication_error"),
    (errors.Denied, "permission_error"),
    (errors.QuotaExceeded, "insufficient_quota"),
    (errors.Throttled, "rate_limit_error"),
    (errors.NotBuilt, "invalid_request_error"),
    (errors.Unavailable, "server_error"),
    (errors.DeadlineExceeded, "server_error"),
    (errors.Internal, "server_error"),
)
_CODES = {"QuotaExceeded": "insufficient_quota", "Throttled": "rate_limit_exceeded"}
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class InvalidApiKey(errors.Unauthenticated):
    """No API key, or one that is not valid."""

    code = "invalid_api_key"


class MismatchedOrganization(errors.Unauthenticated):
    """The request names an organisation that its key is not of."""

    code = "mismatched_organization"


class ErrorObject(msgspec.Struct):
    """`error` of an error body and of an error event in a stream."""

    message: str
    type: str
    param: str | None
    code: str | None


def error_object(error: VolanoError) -> ErrorObject:
    """What the client reads about `error`."""
    kind = next((name for cls, name in _TYPES if isinstance(error, cls)), "invalid_request_error")
    if isinstance(error, InvalidApiKey):
        kind = "invalid_request_error"
    code = _CODES.get(error.wire_code, _WORD.sub("_", error.wire_code).lower())
    return ErrorObject(
        message=error.message, type=kind, param=error.fields.get("param"), code=code or None
    )


def error_body(error: VolanoError) -> bytes:
    return msgspec.json.encode({"error": error_object(error)})


def error_response(error: VolanoError) -> Response:
    """The HTTP answer for `error`."""
    headers = [("content-type", "application/json")]
    if error.retry_after_s is not None:
        headers.append(("retry-after", str(max(1, math.ceil(error.retry_after_s)))))
        headers.append(("retry-after-ms", str(max(1, int(error.retry_after_s * 1000)))))
    elif isinstance(error, errors.Throttled):
        headers.append(("retry-after", "1"))
    if isinstance(error, errors.NotBuilt):
        headers.append(("x-should-retry", "false"))  # the SDKs would ask twice more for a 501
    headers += [pair for pair in error.fields.items() if pair[0].startswith("x-ratelimit-")]
    if "allow" in error.fields:
        headers.append(("allow", error.fields["allow"]))
    return Response(status=error.wire_status, headers=headers, body=error_body(error))
