"""KMS's own errors (AWS KMS API reference, "Errors" of each action)."""

from __future__ import annotations

from volano.kernel.errors import AlreadyExists, Conflict, Denied, Invalid, NotFound, QuotaExceeded


class NotFoundException(NotFound):
    code = "NotFoundException"


class AlreadyExistsException(AlreadyExists):
    code = "AlreadyExistsException"


class DisabledException(Conflict):
    code = "DisabledException"


class KmsInvalidState(Conflict):
    code = "KMSInvalidStateException"


class InvalidCiphertext(Invalid):
    code = "InvalidCiphertextException"


class IncorrectKey(Invalid):
    code = "IncorrectKeyException"


class InvalidArn(Invalid):
    code = "InvalidArnException"


class InvalidAliasName(Invalid):
    code = "InvalidAliasNameException"


class InvalidMarker(Invalid):
    code = "InvalidMarkerException"


class MalformedPolicy(Invalid):
    code = "MalformedPolicyDocumentException"


class TagError(Invalid):
    code = "TagException"


class ValidationException(Invalid):
    code = "ValidationException"


class LimitExceeded(QuotaExceeded):
    code = "LimitExceededException"
    status = 400


class AccessDenied(Denied):
    code = "AccessDeniedException"
