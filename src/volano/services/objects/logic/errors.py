"""S3's own errors (API reference, "Error responses"); each names what it is about."""

from __future__ import annotations

from volano.kernel.errors import (
    AlreadyExists,
    Conflict,
    Denied,
    Invalid,
    NotFound,
    QuotaExceeded,
)
from volano.kernel.errors import PreconditionFailed as KernelPreconditionFailed


class NoSuchBucket(NotFound):
    code = "NoSuchBucket"


class NoSuchKey(NotFound):
    code = "NoSuchKey"


class NoSuchVersion(NotFound):
    code = "NoSuchVersion"


class NoSuchUpload(NotFound):
    code = "NoSuchUpload"


class NoSuchSetting(NotFound):
    """A bucket setting that was never made; the code is given by the caller."""


class MethodNotAllowed(Invalid):
    code = "MethodNotAllowed"
    status = 405


class BucketAlreadyExists(AlreadyExists):
    code = "BucketAlreadyExists"


class BucketAlreadyOwnedByYou(AlreadyExists):
    code = "BucketAlreadyOwnedByYou"


class BucketNotEmpty(Conflict):
    code = "BucketNotEmpty"


class ConditionalRequestConflict(Conflict):
    code = "ConditionalRequestConflict"


class TooManyBuckets(QuotaExceeded):
    code = "TooManyBuckets"
    status = 400


class PreconditionFailed(KernelPreconditionFailed):
    code = "PreconditionFailed"


class InvalidArgument(Invalid):
    code = "InvalidArgument"


class InvalidRequest(Invalid):
    code = "InvalidRequest"


class InvalidBucketName(Invalid):
    code = "InvalidBucketName"


class InvalidBucketOwner(Invalid):
    code = "InvalidBucketOwnerAWSAccountID"


class IllegalLocationConstraint(Invalid):
    code = "IllegalLocationConstraintException"


class InvalidLocationConstraint(Invalid):
    code = "InvalidLocationConstraint"


class KeyTooLong(Invalid):
    code = "KeyTooLongError"


class InvalidRange(Invalid):
    code = "InvalidRange"
    status = 416


class BadDigest(Invalid):
    code = "BadDigest"


class InvalidDigest(Invalid):
    code = "InvalidDigest"


class IncompleteBody(Invalid):
    code = "IncompleteBody"


class MissingContentLength(Invalid):
    code = "MissingContentLength"
    status = 411


class EntityTooLarge(Invalid):
    code = "EntityTooLarge"


class EntityTooSmall(Invalid):
    code = "EntityTooSmall"


class MetadataTooLarge(Invalid):
    code = "MetadataTooLarge"


class InvalidPart(Invalid):
    code = "InvalidPart"


class InvalidPartOrder(Invalid):
    code = "InvalidPartOrder"


class InvalidTag(Invalid):
    code = "InvalidTag"


class InvalidStorageClass(Invalid):
    code = "InvalidStorageClass"


_NOT_OF_SCHEMA = (
    "The XML you provided was not well-formed or did not validate against our published schema"
)


class MalformedXml(Invalid):
    code = "MalformedXML"

    def __init__(self, message: str = _NOT_OF_SCHEMA) -> None:
        super().__init__(message)


class MalformedPolicy(Invalid):
    code = "MalformedPolicy"


class InvalidUri(Invalid):
    code = "InvalidURI"


class InvalidObjectState(Denied):
    code = "InvalidObjectState"


class ObjectNotInActiveTier(Denied):
    code = "ObjectNotInActiveTierError"


class AccessDenied(Denied):
    code = "AccessDenied"


class AclNotSupported(InvalidRequest):
    """Access lists on a bucket whose ownership is BucketOwnerEnforced."""

    code = "AccessControlListNotSupported"


class MalformedAcl(Invalid):
    code = "MalformedACLError"

    def __init__(self) -> None:
        super().__init__(_NOT_OF_SCHEMA)


class UnresolvableEmail(Invalid):
    code = "UnresolvableGrantByEmailAddress"


class InvalidEncryptionAlgorithm(Invalid):
    code = "InvalidEncryptionAlgorithmError"


class KmsError(Invalid):
    """What KMS answered, with `KMS.` before its code; the code is given by the caller."""
