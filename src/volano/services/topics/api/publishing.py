"""SNS: publish messages, one by one and in batches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.kernel.errors import NotBuilt, VolanoError
from volano.services.topics.api.members import Shape, facts_of_topic, to_attributes
from volano.services.topics.logic.errors import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    InvalidParameter,
    TooManyEntriesInBatchRequest,
)
from volano.services.topics.logic.publishing import (
    Published,
    get_published_topic,
    require_draft,
    size_of,
)
from volano.services.topics.logic.publishing import (
    publish as publish_draft,
)
from volano.services.topics.model import MAX_BATCH, MAX_MESSAGE_BYTES, Draft
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

MAX_ID = 80
_BATCH_ID = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_ID}}}\Z")


def _resource(call: Call, request: Shape) -> str:
    if request.get("PhoneNumber"):
        raise NotBuilt("This cloud sends no SMS; publish to a topic.")
    arn = request.get("TopicArn") or request.get("TargetArn")
    if not arn:
        raise InvalidParameter(
            "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"
        )
    return str(arn)


async def _facts(env: Env, call: Call, request: Shape) -> dict[str, str]:
    return await facts_of_topic(env, call, {"TopicArn": _resource(call, request)})


def _to_draft(request: Shape) -> Draft:
    structure = request.get("MessageStructure")
    if structure not in (None, "", "json"):
        raise InvalidParameter("Invalid parameter: MessageStructure")
    return Draft(
        message=request.get("Message") or "",
        subject=request.get("Subject"),
        attributes=to_attributes(request.get("MessageAttributes")),
        structured=structure == "json",
        group_id=request.get("MessageGroupId"),
        dedup_id=request.get("MessageDeduplicationId"),
    )


@action("sns:Publish", permission="sns:Publish", resource=_resource, facts=_facts)
async def publish(env: Env, call: Call, request: Shape) -> Shape:
    topic = await get_published_topic(env, _resource(call, request))
    published = await publish_draft(env, topic, _to_draft(request))
    return _shape(published)


def _shape(published: Published) -> Shape:
    shape: Shape = {"MessageId": published.message_id}
    return shape | {"SequenceNumber": published.sequence} if published.sequence else shape


@action("sns:PublishBatch", permission="sns:Publish", resource=_resource, facts=_facts)
async def publish_batch(env: Env, call: Call, request: Shape) -> Shape:
    topic = await get_published_topic(env, _resource(call, request))
    entries = request["PublishBatchRequestEntries"]
    _require_entries(entries)
    drafts = [_to_draft(entry) for entry in entries]
    if sum(size_of(draft) for draft in drafts) > MAX_MESSAGE_BYTES:
        raise BatchRequestTooLong(
            "The length of all the messages put together is more than the limit."
        )
    for draft in drafts:
        require_draft(topic, draft)
    successful, failed = [], []
    for entry, draft in zip(entries, drafts, strict=True):
        try:
            published = await publish_draft(env, topic, draft)
            successful.append({"Id": entry["Id"], **_shape(published)})
        except VolanoError as error:
            failed.append(
                {
                    "Id": entry["Id"],
                    "Code": error.wire_code,
                    "Message": error.message,
                    "SenderFault": error.wire_status < 500,
                }
            )
    return {"Successful": successful, "Failed": failed}


def _require_entries(entries: list[Shape]) -> None:
    if not entries:
        raise EmptyBatchRequest("The batch request doesn't contain any entries.")
    if len(entries) > MAX_BATCH:
        raise TooManyEntriesInBatchRequest(
            "The batch request contains more entries than permissible."
        )
    names = [entry["Id"] for entry in entries]
    for name in names:
        if not _BATCH_ID.match(name):
            told = "is too long" if len(name) > MAX_ID else "contains an impermissible character"
            raise InvalidBatchEntryId(
                f"The Id of a batch entry in the batch request {told}: {name[:200]}"
            )
    if len(set(names)) != len(names):
        raise BatchEntryIdsNotDistinct("Two or more batch entries in the request have the same Id.")
