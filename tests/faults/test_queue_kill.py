"""kill -9 while messages are sent and objects are written: nothing acknowledged is lost.

Every message that SQS acknowledged is received, with its content; every object that S3 acknowledged
is told of in the bucket's queue at least once. `VOLANO_FAULT_ROUNDS` and `VOLANO_FAULT_SEED` repeat
and widen a run.
"""

import json
import os
import random
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from tests.conftest import start_volano

ROUNDS = int(os.environ.get("VOLANO_FAULT_ROUNDS", "2"))
LONGEST_S = 1.0
SETTLE_S = 90
GONE = (BotoCoreError, ClientError, OSError)
BUCKET = "told"


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_a_killed_server_loses_no_message_and_no_notification(store, request, tmp_path):
    seed = int(os.environ.get("VOLANO_FAULT_SEED", random.randrange(10**9)))
    print("VOLANO_FAULT_SEED =", seed)
    choose = random.Random(seed)
    url = "sqlite" if store == "sqlite" else request.getfixturevalue("postgres").create_database()
    cloud = start_volano(tmp_path, store=url)
    try:
        messages, notices = prepare(cloud)
        sent: set[str] = set()
        written: set[str] = set()
        for number in range(ROUNDS):
            kill_under_load(cloud, number, choose.random() * LONGEST_S, messages, sent, written)
            cloud.restart()
        received = receive(cloud, messages, lambda found: sent <= found, str)
        assert sent <= received, f"{len(sent - received)} of {len(sent)} messages are lost"
        told = receive(cloud, notices, lambda found: written <= found, key_of)
        assert written <= told, f"{len(written - told)} of {len(written)} objects were not told of"
        print("messages", len(sent), "objects", len(written))
        assert sent
        assert written
    finally:
        cloud.stop(kill=True)


def prepare(cloud) -> tuple[str, str]:
    sqs, s3 = cloud.client("sqs"), cloud.client("s3")
    messages = sqs.create_queue(QueueName="messages")["QueueUrl"]
    notices = sqs.create_queue(QueueName="notices")["QueueUrl"]
    shown = sqs.get_queue_attributes(QueueUrl=notices, AttributeNames=["QueueArn"])
    arn = shown["Attributes"]["QueueArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        },
    }
    sqs.set_queue_attributes(QueueUrl=notices, Attributes={"Policy": json.dumps(policy)})
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    return messages, notices


def kill_under_load(cloud, number, after_s, url, sent, written) -> None:
    stop, first = threading.Event(), threading.Barrier(4)

    def write(index: int, act, acknowledged: set) -> None:
        client = cloud.client("sqs" if acknowledged is sent else "s3")
        for count in range(100_000):
            name = f"{number}-{index}-{count}"
            try:
                act(client, name)
            except GONE:
                return
            acknowledged.add(name)
            if not count:
                first.wait(SETTLE_S)
            if stop.is_set():
                return

    def send(client, name: str) -> None:
        client.send_message(QueueUrl=url, MessageBody=name)

    def put(client, name: str) -> None:
        client.put_object(Bucket=BUCKET, Key=name, Body=name.encode())

    threads = [
        threading.Thread(target=write, args=(0, send, sent)),
        threading.Thread(target=write, args=(1, send, sent)),
        threading.Thread(target=write, args=(2, put, written)),
    ]
    for thread in threads:
        thread.start()
    first.wait(SETTLE_S)
    stop.wait(after_s)
    cloud.stop(kill=True)
    stop.set()
    for thread in threads:
        thread.join(SETTLE_S)


def receive(cloud, url, complete, name_of) -> set[str]:
    """What the queue holds, received until it is complete or nothing comes any more."""
    sqs, found = cloud.client("sqs"), set()
    deadline = time.monotonic() + SETTLE_S
    while not complete(found) and time.monotonic() < deadline:
        got = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2, VisibilityTimeout=600
        )
        for message in got.get("Messages", []):
            found.add(name_of(message["Body"]))
    return found


def key_of(body: str) -> str:
    document = json.loads(body)
    return "" if "Event" in document else document["Records"][0]["s3"]["object"]["key"]
