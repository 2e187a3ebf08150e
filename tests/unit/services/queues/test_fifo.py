"""FIFO queues: order within groups, blocked groups, deduplication."""

from __future__ import annotations

import pytest

from volano.kernel.errors import VolanoError
from volano.services.queues.logic.upkeep import forget_old


async def send(sqs, url, group: str, *bodies: str) -> list[str]:
    numbers = []
    for body in bodies:
        sent = await sqs("SendMessage", QueueUrl=url, MessageBody=body, MessageGroupId=group)
        numbers.append(sent["SequenceNumber"])
    return numbers


async def make_fifo(sqs, name: str = "line.fifo", **attributes: str) -> str:
    return await sqs.make(
        name, **({"FifoQueue": "true", "ContentBasedDeduplication": "true"} | attributes)
    )


async def test_a_group_with_a_message_in_flight_gives_no_other(sqs, clock):
    url = await make_fifo(sqs)
    numbers = await send(sqs, url, "a", "a1", "a2", "a3") + await send(sqs, url, "b", "b1")
    assert numbers[:3] == sorted(numbers[:3])
    assert await sqs.bodies(url, 1) == ["a1"]
    assert await sqs.bodies(url) == ["b1"]
    assert await sqs.bodies(url) == []
    clock.advance(30)
    assert await sqs.bodies(url) == ["a1", "a2", "a3", "b1"]


async def test_deleting_the_message_in_flight_frees_its_group(sqs):
    url = await make_fifo(sqs)
    await send(sqs, url, "a", "a1", "a2")
    found = await sqs("ReceiveMessage", QueueUrl=url)
    assert await sqs.bodies(url) == []
    await sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=found["Messages"][0]["ReceiptHandle"])
    assert await sqs.bodies(url) == ["a2"]


async def test_a_handle_whose_time_is_over_is_refused(sqs, clock):
    url = await make_fifo(sqs, VisibilityTimeout="1")
    await send(sqs, url, "a", "a1")
    found = await sqs("ReceiveMessage", QueueUrl=url)
    clock.advance(1)
    with pytest.raises(VolanoError) as caught:
        await sqs(
            "DeleteMessage", QueueUrl=url, ReceiptHandle=found["Messages"][0]["ReceiptHandle"]
        )
    assert caught.value.message.endswith("The receipt handle has expired.")


async def test_a_deduplication_id_is_remembered_for_five_minutes(sqs, clock):
    url = await make_fifo(sqs)
    first = await sqs("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="a")
    again = await sqs("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="b")
    assert (again["MessageId"], again["SequenceNumber"]) == (
        first["MessageId"],
        first["SequenceNumber"],
    )
    assert await sqs.counts(url) == (1, 0, 0)
    clock.advance(300)
    later = await sqs("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="a")
    assert later["SequenceNumber"] > first["SequenceNumber"]
    await forget_old(sqs.env)
    assert await sqs.counts(url) == (2, 0, 0)


async def test_deduplication_may_be_for_each_group(sqs):
    url = await make_fifo(sqs, DeduplicationScope="messageGroup")
    for group in ("a", "b", "a"):
        await send(sqs, url, group, "same")
    assert await sqs.counts(url) == (2, 0, 0)


async def test_dead_letters_of_a_group_do_not_stop_it(sqs, clock):
    dead = await make_fifo(sqs, "dead.fifo")
    arn = await sqs.arn(dead)
    url = await make_fifo(
        sqs,
        VisibilityTimeout="1",
        RedrivePolicy=f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1}}',
    )
    await send(sqs, url, "a", "poison", "fine")
    assert await sqs.bodies(url, 1) == ["poison"]
    clock.advance(1)
    assert await sqs.bodies(url) == ["fine"]
    assert await sqs.bodies(dead) == ["poison"]


async def test_a_group_is_required_and_ids_have_a_form(sqs):
    url = await make_fifo(sqs)
    with pytest.raises(VolanoError) as caught:
        await sqs("SendMessage", QueueUrl=url, MessageBody="x")
    assert caught.value.wire_code == "MissingParameter"
    with pytest.raises(VolanoError) as caught:
        await sqs("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="a b")
    assert caught.value.wire_code == "InvalidParameterValue"


async def test_a_group_gives_what_lies_before_its_first_hidden_message(sqs, clock):
    """Recorded of AWS by LocalStack's suite of 2026: the group that waited longest comes first."""
    url = await make_fifo(sqs)
    await send(sqs, url, "a", "a1", "a2", "a3")
    clock.advance(1)
    await send(sqs, url, "b", "b1")
    found = await sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=3)
    assert [one["Body"] for one in found["Messages"]] == ["a1", "a2", "a3"]
    clock.advance(1)
    handles = [one["ReceiptHandle"] for one in found["Messages"]]
    await sqs(
        "ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handles[2], VisibilityTimeout=0
    )
    assert await sqs.bodies(url, VisibilityTimeout=0) == ["b1"]
    clock.advance(1)
    await sqs(
        "ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handles[0], VisibilityTimeout=0
    )
    assert await sqs.bodies(url) == ["b1", "a1"]


async def test_a_delayed_group_waits_and_does_not_hide_another(sqs, clock):
    url = await make_fifo(sqs, DelaySeconds="5")
    for place in range(12):
        await send(sqs, url, f"late{place}", f"late{place}")
    await sqs("SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "0"})
    await send(sqs, url, "now", "now")
    assert await sqs.bodies(url) == ["now"]
    clock.advance(5)
    assert len(await sqs.bodies(url)) == 10


@pytest.mark.parametrize(
    ("name", "value", "code", "words"),
    [
        ("jobs", "false", "InvalidAttributeName", "Unknown Attribute FifoQueue."),
        ("line.fifo", "false", "InvalidAttributeValue", "Modifying queue type is not supported."),
    ],
)
async def test_the_kind_of_a_queue_cannot_be_changed(sqs, name, value, code, words):
    kind = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    url = await sqs.make(name, **kind)
    with pytest.raises(VolanoError) as caught:
        await sqs("SetQueueAttributes", QueueUrl=url, Attributes={"FifoQueue": value})
    assert caught.value.wire_code == code
    assert caught.value.message.endswith(words)


async def test_a_batch_without_groups_is_refused_as_aws_does(sqs):
    url = await make_fifo(sqs)
    with pytest.raises(VolanoError) as caught:
        await sqs("SendMessageBatch", QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}])
    assert caught.value.wire_code == "InvalidParameterValue"
    assert caught.value.message == "The request must contain the parameter MessageGroupId."
