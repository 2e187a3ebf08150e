"""CloudTrail's own errors (its API reference, "Errors" of each action)."""

from __future__ import annotations

from volano.kernel.errors import AlreadyExists, Denied, Invalid, NotFound, QuotaExceeded


class TrailNotFound(NotFound):
    code = "TrailNotFoundException"


class TrailAlreadyExists(AlreadyExists):
    code = "TrailAlreadyExistsException"


class InvalidTrailName(Invalid):
    code = "InvalidTrailNameException"


class InvalidCombination(Invalid):
    code = "InvalidParameterCombinationException"


class InvalidBucketPrefix(Invalid):
    code = "InvalidS3PrefixException"


class BucketDoesNotExist(NotFound):
    code = "S3BucketDoesNotExistException"


class InsufficientBucketPolicy(Denied):
    code = "InsufficientS3BucketPolicyException"


class InsufficientTopicPolicy(Denied):
    code = "InsufficientSnsTopicPolicyException"


class InvalidEventSelectors(Invalid):
    code = "InvalidEventSelectorsException"


class InsightNotEnabled(Invalid):
    code = "InsightNotEnabledException"


class InvalidLookupAttributes(Invalid):
    code = "InvalidLookupAttributesException"


class InvalidTimeRange(Invalid):
    code = "InvalidTimeRangeException"


class InvalidNextToken(Invalid):
    code = "InvalidNextTokenException"


class InvalidTag(Invalid):
    code = "InvalidTagParameterException"


class TagsLimitExceeded(QuotaExceeded):
    code = "TagsLimitExceededException"
    status = 400


class InvalidArn(Invalid):
    code = "CloudTrailARNInvalidException"


class TooManyTrails(QuotaExceeded):
    code = "MaximumNumberOfTrailsExceededException"
    status = 403
