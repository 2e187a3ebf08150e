"""SQS: send, receive and delete messages, one by one and in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.queues.api.members import (
    attribute_shape,
    facts_of_queue,
    failed_entry,
    queue_resource,
    require_batch_size,
    require_entries,
    to_draft,
)
from volano.services.queues.logic.access import get_queue
from volano.services.queues.logic.contents import md5_of_attributes, md5_of_body
from volano.services.queues.logic.handling import (
    change_visibility,
    delete_messages,
    handle_of,
)
from volano.services.queues.logic.receiving import Wanted
from volano.services.queues.logic.receiving import receive_messages as receive
from volano.services.queues.logic.sealing import open_body
from volano.services.queues.logic.sending import Sent, send_batch, sequence_text
from volano.services.queues.logic.sending import send_message as send
from volano.wire.action import action

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.services.queues.api.members import Shape
    from volano.services.queues.model import Message, Queue


@action(
    "sqs:SendMessage",
    permission="sqs:SendMessage",
    resource=queue_resource,
    facts=facts_of_queue,
)
async def send_message(env: Env, call: Call, request: Shape) -> Shape:
    sent = await send(env, call, request["QueueUrl"], to_draft(request))
    return _sent_shape(sent)


@action(
    "sqs:SendMessageBatch",
    permission="sqs:SendMessage",
    resource=queue_resource,
    facts=facts_of_queue,
)
async def send_message_batch(env: Env, call: Call, request: Shape) -> Shape:
    entries = request["Entries"]
    require_entries(entries, "SendMessageBatchRequestEntry")
    drafts = [to_draft(entry) for entry in entries]
    require_batch_size(drafts)
    results = await send_batch(env, call, request["QueueUrl"], drafts)
    successful, failed = [], []
    for entry, result in zip(entries, results, strict=True):
        if isinstance(result, VolanoError):
            failed.append(failed_entry(entry["Id"], result))
        else:
            successful.append({"Id": entry["Id"], **_sent_shape(result)})
    return _batch_shape(successful, failed)


def _batch_shape(successful: list[Shape], failed: list[Shape]) -> Shape:
    shape: Shape = {"Successful": successful}
    return shape | {"Failed": failed} if failed else shape


def _sent_shape(sent: Sent) -> Shape:
    return {
        "MessageId": sent.id,
        "MD5OfMessageBody": sent.md5,
        "MD5OfMessageAttributes": sent.md5_of_attributes or None,
        "MD5OfMessageSystemAttributes": sent.md5_of_system_attributes or None,
        "SequenceNumber": sent.sequence or None,
    }


@action(
    "sqs:ReceiveMessage",
    permission="sqs:ReceiveMessage",
    resource=queue_resource,
    facts=facts_of_queue,
    read_only=False,
    partial="ReceiveRequestAttemptId is taken and does nothing.",
)
async def receive_message(env: Env, call: Call, request: Shape) -> Shape:
    count = request.get("MaxNumberOfMessages")
    found = await receive(
        env,
        call,
        request["QueueUrl"],
        Wanted(
            count=1 if count is None else count,
            visibility_s=request.get("VisibilityTimeout"),
            wait_s=request.get("WaitTimeSeconds"),
        ),
    )
    if not found:
        return {}
    queue = await get_queue(env, call, request["QueueUrl"])
    system = [
        *(request.get("AttributeNames") or ()),
        *(request.get("MessageSystemAttributeNames") or ()),
    ]
    wanted = request.get("MessageAttributeNames") or ()
    return {
        "Messages": [await _message_shape(env, queue, message, system, wanted) for message in found]
    }


async def _message_shape(
    env: Env, queue: Queue, message: Message, system: Sequence[str], wanted: Sequence[str]
) -> Shape:
    body = await open_body(env, queue, message)
    shape: Shape = {
        "MessageId": message.id,
        "ReceiptHandle": handle_of(queue.name, message),
        "MD5OfBody": md5_of_body(body.encode()),
        "Body": body,
    }
    about = _system_attributes(message)
    chosen = {name: value for name, value in about.items() if "All" in system or name in system}
    if chosen:
        shape["Attributes"] = chosen
    given = {name: one for name, one in message.attributes.items() if _is_wanted(name, wanted)}
    if given:
        shape["MessageAttributes"] = {name: attribute_shape(one) for name, one in given.items()}
        shape["MD5OfMessageAttributes"] = md5_of_attributes(given)
    return shape


def _system_attributes(message: Message) -> dict[str, str]:
    about = {
        "SenderId": message.sender_id,
        "SentTimestamp": str(message.sent_us // 1000),
        "ApproximateReceiveCount": str(message.receive_count),
        "ApproximateFirstReceiveTimestamp": str(message.first_received_us // 1000),
        "MessageGroupId": message.group_id,
        "MessageDeduplicationId": message.dedup_id,
        "SequenceNumber": sequence_text(message.seq) if message.seq else "",
        "AWSTraceHeader": message.trace_header,
        "DeadLetterQueueSourceArn": message.source_arn,
    }
    return {name: value for name, value in about.items() if value}


def _is_wanted(name: str, wanted: Sequence[str]) -> bool:
    """By name, by a prefix and `.*`, or all (for which `*` is taken, too)."""
    return any(
        one in ("All", "*", ".*", name) or (one.endswith(".*") and name.startswith(one[:-2]))
        for one in wanted
    )


@action(
    "sqs:DeleteMessage",
    permission="sqs:DeleteMessage",
    resource=queue_resource,
    facts=facts_of_queue,
)
async def delete_message(env: Env, call: Call, request: Shape) -> None:
    _raise_first(await delete_messages(env, call, request["QueueUrl"], [request["ReceiptHandle"]]))


def _raise_first(results: list[VolanoError | None]) -> None:
    for error in results:
        if error is not None:
            raise error


@action(
    "sqs:DeleteMessageBatch",
    permission="sqs:DeleteMessage",
    resource=queue_resource,
    facts=facts_of_queue,
)
async def delete_message_batch(env: Env, call: Call, request: Shape) -> Shape:
    entries = request["Entries"]
    require_entries(entries, "DeleteMessageBatchRequestEntry")
    handles = [entry["ReceiptHandle"] for entry in entries]
    results = await delete_messages(env, call, request["QueueUrl"], handles)
    return _handled_shape(entries, results)


def _handled_shape(entries: list[Shape], results: list[VolanoError | None]) -> Shape:
    pairs = list(zip(entries, results, strict=True))
    return _batch_shape(
        [{"Id": entry["Id"]} for entry, error in pairs if error is None],
        [failed_entry(entry["Id"], error) for entry, error in pairs if error is not None],
    )


@action(
    "sqs:ChangeMessageVisibility",
    permission="sqs:ChangeMessageVisibility",
    resource=queue_resource,
    facts=facts_of_queue,
)
async def change_message_visibility(env: Env, call: Call, request: Shape) -> None:
    wanted = [(request["ReceiptHandle"], request["VisibilityTimeout"])]
    _raise_first(await change_visibility(env, call, request["QueueUrl"], wanted))


@action(
    "sqs:ChangeMessageVisibilityBatch",
    permission="sqs:ChangeMessageVisibility",
    resource=queue_resource,
    facts=facts_of_queue,
)
async def change_message_visibility_batch(env: Env, call: Call, request: Shape) -> Shape:
    entries = request["Entries"]
    require_entries(entries, "ChangeMessageVisibilityBatchRequestEntry")
    wanted = [(entry["ReceiptHandle"], entry.get("VisibilityTimeout") or 0) for entry in entries]
    results = await change_visibility(env, call, request["QueueUrl"], wanted)
    return _handled_shape(entries, results)
