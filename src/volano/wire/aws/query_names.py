"""What SQS's model leaves out since it speaks JSON: names and codes of its older query protocol.

The model kept which lists and maps are flattened. The names below are those of the API version
2012-11-05 as older clients write and read them, and the codes are what clients of either protocol
find in `x-amzn-query-error` (SQS API reference, "Common errors"; "AWS JSON protocol" in the
developer guide).
"""

from __future__ import annotations

import copy
from typing import Any

NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"
_LISTS = {
    "AWSAccountIdList": "AWSAccountId",
    "ActionNameList": "ActionName",
    "AttributeNameList": "AttributeName",
    "BatchResultErrorEntryList": "BatchResultErrorEntry",
    "ChangeMessageVisibilityBatchRequestEntryList": "ChangeMessageVisibilityBatchRequestEntry",
    "ChangeMessageVisibilityBatchResultEntryList": "ChangeMessageVisibilityBatchResultEntry",
    "DeleteMessageBatchRequestEntryList": "DeleteMessageBatchRequestEntry",
    "DeleteMessageBatchResultEntryList": "DeleteMessageBatchResultEntry",
    "ListMessageMoveTasksResultEntryList": "ListMessageMoveTasksResultEntry",
    "MessageAttributeNameList": "MessageAttributeName",
    "MessageList": "Message",
    "MessageSystemAttributeList": "MessageSystemAttributeName",
    "QueueUrlList": "QueueUrl",
    "SendMessageBatchRequestEntryList": "SendMessageBatchRequestEntry",
    "SendMessageBatchResultEntryList": "SendMessageBatchResultEntry",
    "TagKeyList": "TagKey",
}
_MAPS = {
    "QueueAttributeMap": ("Attribute", "Name", "Value"),
    "MessageSystemAttributeMap": ("Attribute", "Name", "Value"),
    "MessageBodyAttributeMap": ("MessageAttribute", "Name", "Value"),
    "MessageBodySystemAttributeMap": ("MessageSystemAttribute", "Name", "Value"),
    "TagMap": ("Tag", "Key", "Value"),
}
_PREFIXED = (
    "BatchEntryIdsNotDistinct",
    "BatchRequestTooLong",
    "EmptyBatchRequest",
    "InvalidBatchEntryId",
    "MessageNotInflight",
    "PurgeQueueInProgress",
    "QueueDeletedRecently",
    "TooManyEntriesInBatchRequest",
    "UnsupportedOperation",
)
_CODES = {name: f"AWS.SimpleQueueService.{name}" for name in _PREFIXED} | {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "KmsAccessDenied": "KMS.AccessDeniedException",
    "KmsDisabled": "KMS.DisabledException",
    "KmsInvalidKeyUsage": "KMS.InvalidKeyUsageException",
    "KmsInvalidState": "KMS.InvalidStateException",
    "KmsNotFound": "KMS.NotFoundException",
}
JSON_NAMES = {
    "InvalidParameterValue": "InvalidParameterValueException",
    "MissingParameter": "MissingRequiredParameterException",
}
"""What `__type` calls codes that the model has no shape for."""
_MESSAGES = {"QueueDoesNotExist": "The specified queue does not exist for this wsdl version."}


def query_message(code: str, message: str) -> str:
    """An error's message as the query protocol words it."""
    return _MESSAGES.get(code, message)


def with_codes(raw: dict[str, Any]) -> dict[str, Any]:
    """SQS's raw model with the query codes of its errors."""
    for name, code in _CODES.items():
        raw["shapes"][name]["error"] = {"code": code}
    return raw


def with_query_names(raw: dict[str, Any]) -> dict[str, Any]:
    """A copy of SQS's raw model with the names of the query protocol."""
    named = copy.deepcopy(raw)
    named["metadata"]["xmlNamespace"] = NAMESPACE
    shapes = named["shapes"]
    for shape in shapes.values():
        for member in shape.get("members", {}).values():
            found = _MAPS.get(member["shape"])
            if found is not None:
                member["locationName"] = found[0]
    for name, item in _LISTS.items():
        shapes[name]["flattened"] = True
        shapes[name]["member"]["locationName"] = item
    for name, (_, key, value) in _MAPS.items():
        shapes[name]["flattened"] = True
        shapes[name]["key"]["locationName"] = key
        shapes[name]["value"]["locationName"] = value
    return named
