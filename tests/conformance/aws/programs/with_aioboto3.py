"""aioboto3: many calls at once, streamed transfers, queues, topics and roles."""

import asyncio
import io
import json
import os
import sys

import aioboto3

bucket = sys.argv[1]


async def objects(session: aioboto3.Session) -> None:
    big = os.urandom(11 * 1024 * 1024)
    async with session.client("s3") as s3:
        await s3.upload_fileobj(io.BytesIO(big), bucket, "big")
        out = io.BytesIO()
        await s3.download_fileobj(bucket, "big", out)
        assert out.getvalue() == big
        puts = [s3.put_object(Bucket=bucket, Key=f"n/{n:03}", Body=b"x") for n in range(60)]
        await asyncio.gather(*puts)
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix="n/", PaginationConfig={"PageSize": 25}
        )
        assert [page["KeyCount"] async for page in pages] == [25, 25, 10]
    async with session.resource("s3") as s3:
        held = await s3.Bucket(bucket)
        assert len([one.key async for one in held.objects.filter(Prefix="n/")]) == 60
        await held.objects.all().delete()


async def messages(session: aioboto3.Session) -> None:
    async with session.client("sqs") as sqs, session.client("sns") as sns:
        queue = (await sqs.create_queue(QueueName=bucket))["QueueUrl"]
        told = await sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        queue_arn = told["Attributes"]["QueueArn"]
        topic = (await sns.create_topic(Name=bucket))["TopicArn"]
        let_in = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue_arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
                }
            ],
        }
        await sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(let_in)})
        await sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
        await sns.publish(TopicArn=topic, Message="hello")
        got = await sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)
        (message,) = got["Messages"]
        assert json.loads(message["Body"])["Message"] == "hello"
        await sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


async def main() -> None:
    session = aioboto3.Session()
    await asyncio.gather(objects(session), messages(session))
    async with session.client("sts") as sts:
        assert (await sts.get_caller_identity())["Arn"].startswith("arn:aws:iam::")


asyncio.run(main())
