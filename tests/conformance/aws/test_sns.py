"""SNS and bucket notifications with unmodified boto3, and a webhook that listens here."""

import json
import threading
import urllib.parse
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import pytest
from botocore.exceptions import ClientError
from tests.conftest import start_volano

WAIT_S = 60


@pytest.fixture
def name():
    return "t" + uuid.uuid4().hex[:12]


@pytest.fixture(scope="module")
def open_volano(tmp_path_factory):
    """A cloud whose operator lets webhooks listen on this machine."""
    server = start_volano(tmp_path_factory.mktemp("egress"), egress_allow="127.0.0.0/8")
    yield server
    server.stop()


@pytest.fixture
def hook():
    seen: Queue = Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()
            seen.put((dict(self.headers.items()), body))

        def log_message(self, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.seen = seen
        server.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        yield server
        server.shutdown()


def open_queue(volano, name: str, service: str) -> tuple[str, str]:
    """URL and ARN of a queue that a service may send to."""
    sqs = volano.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        },
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return url, arn


def test_a_topic_reaches_the_queues_that_want_the_message(volano, name):
    sns, sqs = volano.client("sns"), volano.client("sqs")
    topic = sns.create_topic(Name=name)["TopicArn"]
    wants, wants_arn = open_queue(volano, name + "-a", "sns.amazonaws.com")
    not_, not_arn = open_queue(volano, name + "-b", "sns.amazonaws.com")
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=wants_arn,
        Attributes={"RawMessageDelivery": "true"},
    )
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=not_arn,
        Attributes={"FilterPolicy": json.dumps({"kind": ["other"]})},
    )
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 2
    attributes = {"kind": {"DataType": "String", "StringValue": "order"}}
    sent = sns.publish_batch(
        TopicArn=topic,
        PublishBatchRequestEntries=[
            {"Id": "1", "Message": "first", "MessageAttributes": attributes},
            {"Id": "2", "Message": "second", "MessageAttributes": attributes},
        ],
    )
    assert len(sent["Successful"]) == 2
    got = sqs.receive_message(QueueUrl=wants, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    assert sorted(one["Body"] for one in got["Messages"]) == ["first", "second"]
    assert got["Messages"][0]["MessageAttributes"]["kind"]["StringValue"] == "order"
    assert "Messages" not in sqs.receive_message(QueueUrl=not_)


def test_topics_are_described_tagged_shared_and_deleted(volano, name):
    sns = volano.client("sns")
    topic = sns.create_topic(Name=name, Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    assert sns.create_topic(Name=name)["TopicArn"] == topic
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="News")
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "b", "Value": "2"}])
    sns.untag_resource(ResourceArn=topic, TagKeys=["a"])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "b", "Value": "2"}]
    sns.add_permission(
        TopicArn=topic, Label="x", AWSAccountId=["222222222222"], ActionName=["Publish"]
    )
    shown = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert shown["DisplayName"] == "News"
    assert any(one["Sid"] == "x" for one in json.loads(shown["Policy"])["Statement"])
    assert topic in [one["TopicArn"] for one in sns.list_topics()["Topics"]]
    sns.delete_topic(TopicArn=topic)
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.get_topic_attributes(TopicArn=topic)


def test_addresses_inside_are_no_webhooks(volano, name):
    sns = volano.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    for endpoint in ("http://127.0.0.1:1/", "http://169.254.169.254/latest/meta-data"):
        with pytest.raises(ClientError) as caught:
            sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint)
        assert caught.value.response["Error"]["Code"] == "InvalidParameter"


def test_a_webhook_confirms_by_the_link_and_is_told(open_volano, hook, name):
    sns = open_volano.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=hook.url)
    _, body = hook.seen.get(timeout=WAIT_S)
    asked = json.loads(body)
    with urllib.request.urlopen(asked["SigningCertURL"], timeout=WAIT_S) as reply:
        assert reply.read().startswith(b"-----BEGIN CERTIFICATE-----")
    with urllib.request.urlopen(asked["SubscribeURL"], timeout=WAIT_S) as reply:
        assert b"ConfirmSubscriptionResult" in reply.read()
    sns.publish(TopicArn=topic, Message="hello", Subject="s")
    headers, body = hook.seen.get(timeout=WAIT_S)
    told = json.loads(body)
    assert (told["Type"], told["Message"], told["Subject"]) == ("Notification", "hello", "s")
    assert headers["x-amz-sns-message-type"] == "Notification"
    with urllib.request.urlopen(told["UnsubscribeURL"], timeout=WAIT_S) as reply:
        assert reply.status == 200
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_a_bucket_tells_its_queue(volano, name):
    s3, sqs = volano.client("s3"), volano.client("sqs")
    s3.create_bucket(Bucket=name)
    url, arn = open_queue(volano, name, "s3.amazonaws.com")
    s3.put_bucket_notification_configuration(
        Bucket=name,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": arn,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}},
                }
            ]
        },
    )
    found = s3.get_bucket_notification_configuration(Bucket=name)["QueueConfigurations"][0]
    assert (found["QueueArn"], found["Events"]) == (arn, ["s3:ObjectCreated:*"])
    s3.put_object(Bucket=name, Key="out/x", Body=b"1")
    s3.put_object(Bucket=name, Key="in/x y", Body=b"12")
    names = []
    while "ObjectCreated:Put" not in names:
        got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages")
        assert got, names
        document = json.loads(got[0]["Body"])
        names.append(document.get("Event") or document["Records"][0]["eventName"])
    about = document["Records"][0]["s3"]
    assert (about["bucket"]["name"], about["object"]["key"], about["object"]["size"]) == (
        name,
        "in/x+y",
        2,
    )


def test_a_bucket_calls_a_hook(open_volano, hook, name):
    s3 = open_volano.client("s3")
    s3.create_bucket(Bucket=name)
    status, made = open_volano.rest("PUT", f"/hooks/{name}", {"url": hook.url})
    assert status == 200, made
    s3.put_bucket_notification_configuration(
        Bucket=name,
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {"LambdaFunctionArn": made["arn"], "Events": ["s3:ObjectRemoved:*"]}
            ]
        },
    )
    s3.put_object(Bucket=name, Key="k", Body=b"1")
    s3.delete_object(Bucket=name, Key="k")
    headers, body = hook.seen.get(timeout=WAIT_S)
    assert json.loads(body)["Records"][0]["eventName"] == "ObjectRemoved:Delete"
    assert headers["x-volano-signature"].startswith("t=")
    assert open_volano.rest("DELETE", f"/hooks/{name}")[0] == 204
