"""Secrets Manager's own errors (its API reference, "Errors" of each action)."""

from __future__ import annotations

from volano.kernel.errors import (
    AlreadyExists,
    Conflict,
    Invalid,
    NotFound,
    PreconditionFailed,
    QuotaExceeded,
)


class ResourceNotFound(NotFound):
    code = "ResourceNotFoundException"

    def __init__(self, message: str = "Secrets Manager can't find the specified secret.") -> None:
        super().__init__(message)


class ResourceExists(AlreadyExists):
    code = "ResourceExistsException"


class InvalidRequest(Conflict):
    code = "InvalidRequestException"


class InvalidParameter(Invalid):
    code = "InvalidParameterException"


class InvalidName(Invalid):
    code = "ValidationException"


class InvalidNextToken(Invalid):
    code = "InvalidNextTokenException"


class MalformedPolicy(Invalid):
    code = "MalformedPolicyDocumentException"


class PublicPolicy(Invalid):
    code = "PublicPolicyException"


class PreconditionNotMet(PreconditionFailed):
    code = "PreconditionNotMetException"


class LimitExceeded(QuotaExceeded):
    code = "LimitExceededException"
    status = 400


def marked_deleted() -> InvalidRequest:
    return InvalidRequest(
        "You can't perform this operation on the secret because it was marked for deletion."
    )
