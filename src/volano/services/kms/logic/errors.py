"""KMS's own errors (AWS KMS API reference, "Errors" of each action)."""

from __future__ import annotations

from volano.kernel.errors import (
    AlreadyExists,
    Conflict,
    Denied,
    Invalid,
    NotFound,
    PreconditionFailed,
    QuotaExceeded,
)


class NotFoundException(NotFound):
    code = "NotFoundException"


class AlreadyExistsException(AlreadyExists):
    code = "AlreadyExistsException"


class DisabledException(Conflict):
    code = "DisabledException"


class KmsInvalidState(Conflict):
    code = "KMSInvalidStateException"


class InvalidKeyUsage(Invalid):
    code = "InvalidKeyUsageException"


class InvalidCiphertext(Invalid):
    code = "InvalidCiphertextException"


class InvalidSignature(Invalid):
    code = "KMSInvalidSignatureException"


class InvalidMac(Invalid):
    code = "KMSInvalidMacException"


class IncorrectKey(Invalid):
    code = "IncorrectKeyException"


class InvalidArn(Invalid):
    code = "InvalidArnException"


class InvalidMarker(Invalid):
    code = "InvalidMarkerException"


class InvalidGrantToken(Invalid):
    code = "InvalidGrantTokenException"


class InvalidGrantId(Invalid):
    code = "InvalidGrantIdException"


class InvalidImportToken(Invalid):
    code = "InvalidImportTokenException"


class ExpiredImportToken(Invalid):
    code = "ExpiredImportTokenException"


class IncorrectKeyMaterial(Invalid):
    code = "IncorrectKeyMaterialException"


class MalformedPolicy(Invalid):
    code = "MalformedPolicyDocumentException"


class TagError(Invalid):
    code = "TagException"


class ValidationException(Invalid):
    code = "ValidationException"


class UnsupportedOperation(Invalid):
    code = "UnsupportedOperationException"


class DryRunOperation(PreconditionFailed):
    code = "DryRunOperationException"


class LimitExceeded(QuotaExceeded):
    code = "LimitExceededException"
    status = 400


class AccessDenied(Denied):
    code = "AccessDeniedException"


class NotAuthorized(Denied):
    """What KMS says of names that are its own."""

    code = "NotAuthorizedException"
    status = 400
