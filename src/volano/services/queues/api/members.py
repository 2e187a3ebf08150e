"""Between botocore's member names and the model, and the facts that authorization needs."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from volano.kernel.ids import parse_arn
from volano.services.queues.logic.access import facts_at, parse_queue_url
from volano.services.queues.logic.contents import size_of
from volano.services.queues.logic.errors import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    InvalidParameterValue,
    TooManyEntriesInBatchRequest,
)
from volano.services.queues.logic.sending import Draft
from volano.services.queues.model import MAX_BATCH, MAX_BATCH_BYTES, MAX_PAGE, MessageAttribute
from volano.wire.action import RESOLVED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.errors import VolanoError

Shape = dict[str, Any]

NAMED = "arn:aws:sqs:{region}:{account}:{QueueName}"
ANY_QUEUE = "arn:aws:sqs:{region}:{account}:*"
_BATCH_ID = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")


def queue_resource(call: Call, request: Shape) -> str:
    """The ARN behind QueueUrl."""
    account, name = parse_queue_url(call, request["QueueUrl"])
    return f"arn:aws:sqs:{call.region}:{account}:{name}"


async def facts_of_queue(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """Owner, policy and tags of the queue that QueueUrl names."""
    arn, facts = await facts_at(env, *parse_queue_url(call, request["QueueUrl"]))
    return {**facts, **tag_facts(request), RESOLVED: arn}


async def facts_of_named(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """The same for QueueName and the owner's account, or the caller's."""
    account = request.get("QueueOwnerAWSAccountId") or call.account
    arn, facts = await facts_at(env, account, request["QueueName"].replace("\x00", ""))
    return {**facts, RESOLVED: arn}


async def facts_of_source(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """The same for the ARN of a dead-letter queue."""
    arn = parse_arn(request["SourceArn"])
    if arn is None or arn.service != "sqs" or "\x00" in request["SourceArn"]:
        return {}
    resource, facts = await facts_at(env, arn.account, arn.resource)
    return {**facts, RESOLVED: resource}


def tag_facts(request: Shape) -> dict[str, str]:
    """Condition keys of a request that sets or removes tags."""
    tags = request.get("Tags") or request.get("tags") or {}
    facts = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    names = list(tags) or list(request.get("TagKeys") or ())
    if names:
        facts["aws:TagKeys"] = "\n".join(names)
    return facts


def to_attributes(given: Mapping[str, Shape] | None) -> dict[str, MessageAttribute]:
    """Raises InvalidParameterValue for lists, which SQS does not have either."""
    found = {}
    for name, value in (given or {}).items():
        if value.get("StringListValues") or value.get("BinaryListValues"):
            raise InvalidParameterValue("Message attribute list values are not supported.")
        found[name] = MessageAttribute(
            kind=value.get("DataType") or "",
            text=value.get("StringValue"),
            data=value.get("BinaryValue"),
        )
    return found


def attribute_shape(attribute: MessageAttribute) -> Shape:
    if attribute.data is not None:
        return {"BinaryValue": attribute.data, "DataType": attribute.kind}
    return {"StringValue": attribute.text, "DataType": attribute.kind}


def to_draft(request: Shape) -> Draft:
    """A message as SendMessage and the entries of its batch describe it."""
    system = to_attributes(request.get("MessageSystemAttributes"))
    trace = system.pop("AWSTraceHeader", None)
    if system:
        raise InvalidParameterValue(
            f"Message system attribute name '{next(iter(system))[:80]}' is invalid."
        )
    if trace is not None and (trace.kind != "String" or not trace.text):
        raise InvalidParameterValue("The AWSTraceHeader must be a String.")
    return Draft(
        body=request.get("MessageBody") or "",
        attributes=to_attributes(request.get("MessageAttributes")),
        delay_s=request.get("DelaySeconds"),
        group_id=request.get("MessageGroupId"),
        dedup_id=request.get("MessageDeduplicationId"),
        trace_header=trace,
    )


def require_entries(entries: Sequence[Shape], kind: str) -> None:
    """Raises the errors of a batch as a whole."""
    if not entries:
        raise EmptyBatchRequest(f"There should be at least one {kind} in the request.")
    if len(entries) > MAX_BATCH:
        raise TooManyEntriesInBatchRequest(
            f"Maximum number of entries per request are {MAX_BATCH}. You have sent {len(entries)}."
        )
    seen: set[str] = set()
    for entry in entries:
        name = entry["Id"]
        if not _BATCH_ID.match(name):
            raise InvalidBatchEntryId(
                "A batch entry id can only contain alphanumeric characters, hyphens and "
                "underscores. It can be at most 80 letters long."
            )
        if name in seen:
            raise BatchEntryIdsNotDistinct(f"Id {name} repeated.")
        seen.add(name)


def require_batch_size(drafts: Sequence[Draft]) -> None:
    """Raises BatchRequestTooLong."""
    size = sum(size_of(draft.body, draft.attributes) for draft in drafts)
    if size > MAX_BATCH_BYTES:
        raise BatchRequestTooLong(
            f"Batch requests cannot be longer than {MAX_BATCH_BYTES} bytes. You have sent {size} "
            "bytes."
        )


def failed_entry(entry_id: str, error: VolanoError) -> Shape:
    return {
        "Id": entry_id,
        "SenderFault": error.wire_status < 500,
        "Code": error.wire_code,
        "Message": error.message,
    }


def page_limit(request: Shape) -> int:
    """Raises InvalidParameterValue."""
    wanted = request.get("MaxResults")
    if wanted is None:
        return MAX_PAGE
    if not 1 <= wanted <= MAX_PAGE:
        raise InvalidParameterValue(
            f"Value {wanted} for parameter MaxResults is invalid. Reason: MaxResults must be an "
            f"integer between 1 and {MAX_PAGE}."
        )
    return int(wanted)


def parse_page(request: Shape) -> str:
    """Where a page begins; raises InvalidParameterValue."""
    token = request.get("NextToken")
    if not token:
        return ""
    try:
        text = base64.urlsafe_b64decode(token.encode("ascii")).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidParameterValue("Invalid or expired next token.") from error
    if "\x00" in text:
        raise InvalidParameterValue("Invalid or expired next token.")
    return text


def page_token(request: Shape, after: str | None) -> Shape:
    """The token of the next page, given only to who asked for pages."""
    if after is None or request.get("MaxResults") is None:
        return {}
    return {"NextToken": base64.urlsafe_b64encode(after.encode()).decode()}
