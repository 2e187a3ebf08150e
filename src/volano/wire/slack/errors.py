"""The error tree as Slack's envelopes: `{"ok": false, "error": …}` with HTTP 200, but 429."""

from __future__ import annotations

import math
import re

import msgspec

from volano.kernel import errors
from volano.kernel.errors import VolanoError
from volano.wire.http import Response
from volano.wire.typed import encode_json

_WORDS = {
    "InvalidArgument": "invalid_arguments",
    "Unauthenticated": "invalid_auth",
    "AccessDenied": "no_permission",
    "NotFound": "not_found",
    "AlreadyExists": "already_exists",
    "Conflict": "invalid_state",
    "PreconditionFailed": "precondition_failed",
    "TooLarge": "request_too_large",
    "QuotaExceeded": "limit_reached",
    "Throttled": "ratelimited",
    "NotImplemented": "method_not_built",
    "ServiceUnavailable": "service_unavailable",
    "DeadlineExceeded": "request_timeout",
    "InternalError": "internal_error",
}
_NOT_SHOWN = ("param", "errors")
"""`errors` is a list as JSON text (`apps.manifest.create`)."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ARGUMENT_CODES = frozenset(
    {"invalid_type", "invalid_value", "missing_required_parameter", "unknown_parameter"}
)


class NotAuthed(errors.Unauthenticated):
    """No token was sent."""

    code = "not_authed"


class InvalidAuth(errors.Unauthenticated):
    """The token or session is not valid."""

    code = "invalid_auth"


class MissingScope(errors.Denied):
    """The token lacks a scope; `fields` hold `needed` and `provided`."""

    code = "missing_scope"


class UnknownMethod(errors.NotFound):
    """Nobody has a method of that name."""

    code = "unknown_method"


class MethodNotBuilt(errors.NotBuilt):
    """Slack has this method and Volano does not have it yet."""

    code = "method_not_built"


def error_word(error: VolanoError) -> str:
    """Slack's word for `error`; a service's own code is taken as it is."""
    code = error.wire_code
    if code in _ARGUMENT_CODES:
        return "invalid_arguments"
    return _WORDS.get(code) or _CAMEL.sub("_", code).lower()


def error_envelope(error: VolanoError) -> dict[str, object]:
    """The body for `error`; a message goes where Slack puts messages for developers."""
    envelope: dict[str, object] = {"ok": False, "error": error_word(error)}
    envelope |= {name: value for name, value in error.fields.items() if name not in _NOT_SHOWN}
    if "errors" in error.fields:
        envelope["errors"] = msgspec.Raw(error.fields["errors"].encode())
    if isinstance(error, errors.Invalid | errors.NotBuilt | errors.Internal):
        lines = error.message.splitlines() or [""]
        envelope["response_metadata"] = {"messages": [f"[ERROR] {line}" for line in lines]}
    return envelope


def error_response(error: VolanoError) -> Response:
    """HTTP 200 with an envelope, or 429 with Retry-After in whole seconds."""
    headers = [("content-type", "application/json; charset=utf-8")]
    throttled = isinstance(error, errors.Throttled)
    if throttled:
        headers.append(("retry-after", str(max(1, math.ceil(error.retry_after_s or 1)))))
    status = 429 if throttled else 200
    return Response(status=status, headers=headers, body=encode_json(error_envelope(error)))
