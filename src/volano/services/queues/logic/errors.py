"""SQS's own errors (SQS API reference, "Errors" of each action), by their shapes' names."""

from __future__ import annotations

from volano.kernel.errors import AlreadyExists, Conflict, Invalid, NotFound, QuotaExceeded


class QueueDoesNotExist(NotFound):
    code = "QueueDoesNotExist"
    status = 400


class QueueNameExists(AlreadyExists):
    code = "QueueNameExists"
    status = 400


class InvalidParameterValue(Invalid):
    code = "InvalidParameterValue"


class MissingParameter(Invalid):
    code = "MissingParameter"


class InvalidAddress(Invalid):
    code = "InvalidAddress"
    status = 404


class InvalidAttributeName(Invalid):
    code = "InvalidAttributeName"


class InvalidAttributeValue(Invalid):
    code = "InvalidAttributeValue"


class InvalidMessageContents(Invalid):
    code = "InvalidMessageContents"


class ReceiptHandleIsInvalid(Invalid):
    code = "ReceiptHandleIsInvalid"


class MessageNotInflight(Conflict):
    code = "MessageNotInflight"
    status = 400


class EmptyBatchRequest(Invalid):
    code = "EmptyBatchRequest"


class TooManyEntriesInBatchRequest(Invalid):
    code = "TooManyEntriesInBatchRequest"


class BatchEntryIdsNotDistinct(Invalid):
    code = "BatchEntryIdsNotDistinct"


class InvalidBatchEntryId(Invalid):
    code = "InvalidBatchEntryId"


class BatchRequestTooLong(Invalid):
    code = "BatchRequestTooLong"


class ResourceNotFound(NotFound):
    code = "ResourceNotFoundException"


class UnsupportedOperation(Conflict):
    code = "UnsupportedOperation"
    status = 400


class KmsRefused(Invalid):
    """KMS did not let a message be sealed or opened; the code is given by the caller."""

    code = "KmsAccessDenied"


class OverLimit(QuotaExceeded):
    code = "OverLimit"
    status = 403


NO_SUCH_QUEUE = "The specified queue does not exist."


def no_such_queue() -> QueueDoesNotExist:
    return QueueDoesNotExist(NO_SUCH_QUEUE)
