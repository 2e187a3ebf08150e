"""The one tree of errors.

VolanoError
├── Invalid              400  the input is wrong; nothing was changed
├── Unauthenticated      401  no credential, or one that is not valid
├── Denied               403  a valid credential that may not do this
├── NotFound             404
├── AlreadyExists        409
├── Conflict             409  the state of the thing does not allow it now
├── PreconditionFailed   412
├── TooLarge             413  a body, header or page over its named limit
├── QuotaExceeded        429  the account's own limit; retrying does not help
├── Throttled            429  too fast; retry after `retry_after_s`
├── NotBuilt             501  a modelled operation that Volano does not have yet
├── Unavailable          503  a part is down or starting; retrying helps
├── DeadlineExceeded     504
└── Internal             500  a bug or a broken invariant

Services subclass these beside the logic that raises them and set `code` to the wire's word
(`NoSuchBucket`, `channel_not_found`). Only gateways turn errors into status and body.
`message` is for the caller: it names the input and what to do. `facts` go to the log only.
Secrets appear in neither.
"""

from __future__ import annotations

from typing import ClassVar


class VolanoError(Exception):
    """Root of the tree; `code` is the wire's word and `status` its usual HTTP status."""

    code: ClassVar[str] = "InternalError"
    status: ClassVar[int] = 500

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        facts: dict[str, object] | None = None,
        fields: dict[str, str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """`fields` are extra values of the wire's error body (`BucketName`, `param`)."""
        super().__init__(message)
        self.message = message
        self.wire_code = code or self.code
        self.wire_status = status or self.status
        self.facts = facts or {}
        self.fields = fields or {}
        self.retry_after_s = retry_after_s


class Invalid(VolanoError):
    code = "InvalidArgument"
    status = 400


class Unauthenticated(VolanoError):
    code = "Unauthenticated"
    status = 401


class Denied(VolanoError):
    code = "AccessDenied"
    status = 403


class NotFound(VolanoError):
    code = "NotFound"
    status = 404


class AlreadyExists(VolanoError):
    code = "AlreadyExists"
    status = 409


class Conflict(VolanoError):
    code = "Conflict"
    status = 409


class PreconditionFailed(VolanoError):
    code = "PreconditionFailed"
    status = 412


class TooLarge(VolanoError):
    code = "TooLarge"
    status = 413


class QuotaExceeded(VolanoError):
    code = "QuotaExceeded"
    status = 429


class Throttled(VolanoError):
    code = "Throttled"
    status = 429


class NotBuilt(VolanoError):
    code = "NotImplemented"
    status = 501


class Unavailable(VolanoError):
    code = "ServiceUnavailable"
    status = 503


class DeadlineExceeded(VolanoError):
    code = "DeadlineExceeded"
    status = 504


class Internal(VolanoError):
    code = "InternalError"
    status = 500
