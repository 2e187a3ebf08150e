"""SNS's own errors (SNS API reference, "Errors" of each action)."""

from __future__ import annotations

from volano.kernel.errors import Invalid, NotFound, QuotaExceeded


class TopicNotFound(NotFound):
    code = "NotFound"


class ResourceNotFound(NotFound):
    code = "ResourceNotFound"


class InvalidParameter(Invalid):
    code = "InvalidParameter"


class InvalidParameterValue(Invalid):
    code = "ParameterValueInvalid"


class TopicLimitExceeded(QuotaExceeded):
    code = "TopicLimitExceeded"
    status = 403


class SubscriptionLimitExceeded(QuotaExceeded):
    code = "SubscriptionLimitExceeded"
    status = 403


class TagLimitExceeded(QuotaExceeded):
    code = "TagLimitExceeded"
    status = 400


class EmptyBatchRequest(Invalid):
    code = "EmptyBatchRequest"


class TooManyEntriesInBatchRequest(Invalid):
    code = "TooManyEntriesInBatchRequest"


class BatchEntryIdsNotDistinct(Invalid):
    code = "BatchEntryIdsNotDistinct"


class BatchRequestTooLong(Invalid):
    code = "BatchRequestTooLong"


class InvalidBatchEntryId(Invalid):
    code = "InvalidBatchEntryId"


def no_such_topic() -> TopicNotFound:
    return TopicNotFound("Topic does not exist")


def no_such_subscription() -> TopicNotFound:
    return TopicNotFound("Subscription does not exist")
