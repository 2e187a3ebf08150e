"""What identity refuses, in the words of IAM and STS (API references, "Errors" of each action)."""

from __future__ import annotations

from volano.kernel.errors import AlreadyExists, Conflict, Invalid, NotFound, QuotaExceeded


class NoSuchEntity(NotFound):
    code = "NoSuchEntity"


class EntityAlreadyExists(AlreadyExists):
    code = "EntityAlreadyExists"


class DeleteConflict(Conflict):
    code = "DeleteConflict"


class LimitExceeded(QuotaExceeded):
    code = "LimitExceeded"
    status = 409


class ValidationError(Invalid):
    code = "ValidationError"


class InvalidInput(Invalid):
    code = "InvalidInput"


class InvalidParameterValue(Invalid):
    """STS says so where IAM says InvalidInput."""

    code = "InvalidParameterValue"


class MalformedPolicyDocument(Invalid):
    code = "MalformedPolicyDocument"


class PasswordPolicyViolation(Invalid):
    code = "PasswordPolicyViolation"


class InvalidAuthenticationCode(Invalid):
    code = "InvalidAuthenticationCode"
    status = 403


class KeyPairMismatch(Invalid):
    code = "KeyPairMismatch"


class MalformedCertificate(Invalid):
    code = "MalformedCertificate"


class InvalidPublicKey(Invalid):
    code = "InvalidPublicKey"


class PackedPolicyTooLarge(Invalid):
    code = "PackedPolicyTooLarge"


class InvalidAuthorizationMessage(Invalid):
    code = "InvalidAuthorizationMessageException"


class CredentialReportNotPresent(NotFound):
    code = "ReportNotPresent"
    status = 410


class UnmodifiableEntity(Invalid):
    code = "UnmodifiableEntity"
