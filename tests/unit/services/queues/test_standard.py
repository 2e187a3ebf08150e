"""Standard queues: visibility to the microsecond, waiting receivers, dead letters, retention."""

from __future__ import annotations

import asyncio

import pytest

from volano.kernel.errors import VolanoError
from volano.services.queues.logic.moving import advance_moves
from volano.services.queues.logic.upkeep import delete_gone, expire_messages


async def test_a_message_is_hidden_exactly_for_its_visibility_timeout(sqs, clock):
    url = await sqs.make("orders", VisibilityTimeout="30")
    await sqs("SendMessage", QueueUrl=url, MessageBody="one")
    assert await sqs.bodies(url) == ["one"]
    clock.advance(29.999)
    assert await sqs.bodies(url) == []
    assert await sqs.counts(url) == (0, 1, 0)
    clock.advance(0.001)
    found = await sqs("ReceiveMessage", QueueUrl=url, MessageSystemAttributeNames=["All"])
    assert found["Messages"][0]["Attributes"]["ApproximateReceiveCount"] == "2"


async def test_a_delayed_message_comes_when_its_delay_is_over(sqs, clock):
    url = await sqs.make("later", DelaySeconds="5")
    await sqs("SendMessage", QueueUrl=url, MessageBody="queue's")
    await sqs("SendMessage", QueueUrl=url, MessageBody="own", DelaySeconds=1)
    assert await sqs.counts(url) == (0, 0, 2)
    clock.advance(1)
    assert await sqs.bodies(url) == ["own"]
    clock.advance(4)
    assert await sqs.bodies(url) == ["queue's"]


async def test_visibility_is_changed_and_a_handle_of_nothing_is_refused(sqs, clock):
    url = await sqs.make("jobs")
    await sqs("SendMessage", QueueUrl=url, MessageBody="x")
    handle = (await sqs("ReceiveMessage", QueueUrl=url))["Messages"][0]["ReceiptHandle"]
    await sqs("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=100)
    clock.advance(99)
    assert await sqs.bodies(url) == []
    await sqs("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    assert await sqs.bodies(url, VisibilityTimeout=0) == ["x"]
    # AWS, recorded by LocalStack: a message whose time is over can be hidden again.
    await sqs("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=9)
    assert await sqs.bodies(url) == []
    with pytest.raises(VolanoError) as caught:
        await sqs("DeleteMessage", QueueUrl=url, ReceiptHandle="nonsense")
    assert caught.value.wire_code == "ReceiptHandleIsInvalid"


async def test_a_waiting_receiver_is_woken_by_who_sends(live_sqs):
    url = await live_sqs.make("pool")
    waiting = asyncio.create_task(live_sqs.bodies(url, WaitTimeSeconds=20))
    while not _watched(live_sqs.env):
        await asyncio.sleep(0)
    await live_sqs("SendMessage", QueueUrl=url, MessageBody="wake up")
    assert await asyncio.wait_for(waiting, 15) == ["wake up"]


def _watched(env) -> bool:
    from volano.services.queues.logic.waiting import _PLACES

    return any(place.waiters for place in _PLACES.get(env.store, {}).values())


async def test_a_waiting_receiver_is_woken_when_a_hidden_message_comes_back(live_sqs):
    url = await live_sqs.make("back", VisibilityTimeout="1")
    await live_sqs("SendMessage", QueueUrl=url, MessageBody="again")
    assert await live_sqs.bodies(url) == ["again"]
    assert await asyncio.wait_for(live_sqs.bodies(url, WaitTimeSeconds=20), 15) == ["again"]


async def test_no_message_goes_to_two_receivers_at_once(live_sqs):
    url = await live_sqs.make("many")
    for start in range(0, 60, 10):
        entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(start, start + 10)]
        await live_sqs("SendMessageBatch", QueueUrl=url, Entries=entries)
    found = await asyncio.gather(*(live_sqs.bodies(url, 5) for _ in range(16)))
    received = [body for bodies in found for body in bodies]
    assert len(received) == len(set(received))
    rest = []
    while more := await live_sqs.bodies(url):
        rest += more
    assert sorted(received + rest, key=int) == [str(n) for n in range(60)]


async def test_what_is_received_too_often_goes_to_the_dead_letter_queue_and_back(sqs, clock):
    dead = await sqs.make("dead")
    arn = await sqs.arn(dead)
    url = await sqs.make(
        "source",
        VisibilityTimeout="1",
        RedrivePolicy=f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":2}}',
    )
    await sqs("SendMessage", QueueUrl=url, MessageBody="poison")
    for _ in range(2):
        assert await sqs.bodies(url) == ["poison"]
        clock.advance(1)
    assert await sqs.bodies(url) == []
    found = await sqs("ReceiveMessage", QueueUrl=dead, MessageSystemAttributeNames=["All"])
    about = found["Messages"][0]["Attributes"]
    assert about["DeadLetterQueueSourceArn"] == await sqs.arn(url)
    listed = await sqs("ListDeadLetterSourceQueues", QueueUrl=dead)
    assert listed["queueUrls"] == [url]
    clock.advance(30)
    await sqs("StartMessageMoveTask", SourceArn=arn)
    clock.advance(1)
    assert await advance_moves(sqs.env) == 1
    tasks = await sqs("ListMessageMoveTasks", SourceArn=arn)
    assert tasks["Results"][0]["Status"] == "COMPLETED"
    assert await sqs.bodies(url) == ["poison"]


async def test_messages_older_than_the_queue_keeps_are_gone_before_work_deletes_them(sqs, clock):
    url = await sqs.make("short", MessageRetentionPeriod="60")
    await sqs("SendMessage", QueueUrl=url, MessageBody="old")
    clock.advance(60)
    await sqs("SendMessage", QueueUrl=url, MessageBody="new")
    assert await sqs.bodies(url) == ["new"]
    assert await expire_messages(sqs.env) == 1
    assert await sqs.counts(url) == (0, 1, 0)


async def test_purged_and_deleted_queues_leave_nothing_behind(sqs):
    url = await sqs.make("full")
    for body in "abc":
        await sqs("SendMessage", QueueUrl=url, MessageBody=body)
    await sqs("PurgeQueue", QueueUrl=url)
    assert await sqs.bodies(url) == []
    await sqs("SendMessage", QueueUrl=url, MessageBody="d")
    await sqs("DeleteQueue", QueueUrl=url)
    assert await delete_gone(sqs.env) == 4
    left = await sqs.env.store.reader.row("SELECT count(*) FROM sqs_message")
    assert left == (0,)
    with pytest.raises(VolanoError) as caught:
        await sqs("SendMessage", QueueUrl=url, MessageBody="e")
    assert caught.value.wire_code == "QueueDoesNotExist"


async def test_bodies_lie_sealed_in_the_database_unless_that_is_turned_off(sqs):
    sealed, plain = await sqs.make("s"), await sqs.make("p", SqsManagedSseEnabled="false")
    for url in (sealed, plain):
        await sqs("SendMessage", QueueUrl=url, MessageBody="very secret words")
        assert await sqs.bodies(url) == ["very secret words"]
    rows = await sqs.env.store.reader.rows("SELECT sealed, body FROM sqs_message ORDER BY sealed")
    assert [(row[0], b"secret" in bytes(row[1])) for row in rows] == [(0, True), (1, False)]
