"""Publish: to queues in the same transaction, to webhooks signed and again until they take it."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from volano.kernel.errors import VolanoError
from volano.services.topics.logic.signing import find_certificate
from volano.services.topics.logic.webhooks import deliver_due, next_pause_s


async def make_topic(aws, name: str = "news", **attributes: str) -> str:
    made = await aws("sns:CreateTopic", Name=name, Attributes=attributes)
    return str(made["TopicArn"])


async def subscribe_queue(aws, topic: str, name: str = "q", **attributes: str) -> str:
    url, arn = await aws.make_queue(name, topic)
    await aws("sns:Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    return url


async def test_a_message_is_in_the_queue_when_publish_answers(aws):
    topic = await make_topic(aws)
    url = await subscribe_queue(aws, topic)
    raw = await subscribe_queue(aws, topic, "raw", RawMessageDelivery="true")
    sent = await aws(
        "sns:Publish",
        TopicArn=topic,
        Message="hello",
        Subject="s",
        MessageAttributes={"a": {"DataType": "Number", "StringValue": "1"}},
    )
    [body] = await aws.bodies(url)
    found = json.loads(body)
    assert (found["MessageId"], found["Message"], found["Subject"]) == (
        sent["MessageId"],
        "hello",
        "s",
    )
    assert found["MessageAttributes"] == {"a": {"Type": "Number", "Value": "1"}}
    assert await aws.bodies(raw) == ["hello"]


async def test_a_queue_that_does_not_let_the_topic_send_gets_nothing(aws):
    topic, other = await make_topic(aws), await make_topic(aws, "other")
    url, arn = await aws.make_queue("q", other)
    dead, dead_arn = await aws.make_queue("dead", topic)
    await aws(
        "sns:Subscribe",
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn})},
    )
    await aws("sns:Publish", TopicArn=topic, Message="hello")
    assert await aws.bodies(url) == []
    assert len(await aws.bodies(dead)) == 1


async def test_a_webhook_confirms_by_its_token_and_verifies_the_signature(aws, hook):
    topic = await make_topic(aws, SignatureVersion="2")
    made = await aws("sns:Subscribe", TopicArn=topic, Protocol="http", Endpoint=hook.url)
    assert made["SubscriptionArn"] == "pending confirmation"
    await aws("sns:Publish", TopicArn=topic, Message="too early")
    assert await deliver_due(aws.env) == 1
    headers, body = hook.seen[0]
    assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    asked = json.loads(body)
    await verify(aws.env, asked)
    link = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(asked["SubscribeURL"]).query))
    assert link["Action"] == "ConfirmSubscription"
    with pytest.raises(VolanoError):
        await aws("sns:ConfirmSubscription", TopicArn=topic, Token="a" * 128)
    await aws("sns:ConfirmSubscription", TopicArn=topic, Token=link["Token"])
    await aws("sns:Publish", TopicArn=topic, Message="now")
    assert await deliver_due(aws.env) == 1
    headers, body = hook.seen[1]
    told = json.loads(body)
    await verify(aws.env, told)
    assert (headers["x-amz-sns-message-type"], told["Message"]) == ("Notification", "now")
    rows = await aws.env.store.reader.rows("SELECT 1 FROM sns_delivery LIMIT 1")
    assert rows == []


async def verify(env, document: dict[str, str]) -> None:
    """As a receiver does it, from the documentation's list of members."""
    names = [
        "Message",
        "MessageId",
        "Subject",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ]
    if document["Type"] == "Notification":
        names = [name for name in names if name not in ("SubscribeURL", "Token")]
    text = "".join(f"{name}\n{document[name]}\n" for name in names if name in document)
    key_id = document["SigningCertURL"].rpartition("/")[2].removesuffix(".pem")
    pem = await find_certificate(env, key_id)
    assert pem is not None
    algorithm = {"1": hashes.SHA1, "2": hashes.SHA256}[document["SignatureVersion"]]()
    x509.load_pem_x509_certificate(pem.encode()).public_key().verify(
        base64.b64decode(document["Signature"]), text.encode(), padding.PKCS1v15(), algorithm
    )


async def confirmed_webhook(aws, hook, topic: str, **attributes: str) -> str:
    await aws(
        "sns:Subscribe", TopicArn=topic, Protocol="http", Endpoint=hook.url, Attributes=attributes
    )
    await deliver_due(aws.env)
    token = json.loads(hook.seen.pop()[1])["Token"]
    made = await aws("sns:ConfirmSubscription", TopicArn=topic, Token=token)
    return str(made["SubscriptionArn"])


async def test_a_webhook_that_fails_is_tried_again_and_then_given_up(aws, hook, clock):
    topic = await make_topic(aws)
    dead, dead_arn = await aws.make_queue("dead", topic)
    await confirmed_webhook(
        aws, hook, topic, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn})
    )
    await aws("sns:Publish", TopicArn=topic, Message="once")
    hook.statuses = [500, 503]
    for _ in range(3):
        await deliver_due(aws.env)
        clock.advance(20)
    assert len(hook.seen) == 3
    assert len({body for _, body in hook.seen}) == 1
    await aws("sns:Publish", TopicArn=topic, Message="never")
    hook.statuses = [500] * 4
    for _ in range(5):
        await deliver_due(aws.env)
        clock.advance(20)
    assert len(hook.seen) == 7
    [body] = await aws.bodies(dead)
    assert json.loads(body)["Message"] == "never"


async def test_a_webhook_that_refuses_for_good_is_not_asked_again(aws, hook, clock):
    topic = await make_topic(aws)
    await confirmed_webhook(aws, hook, topic, RawMessageDelivery="true")
    await aws("sns:Publish", TopicArn=topic, Message="no")
    hook.statuses = [403]
    await deliver_due(aws.env)
    clock.advance(20)
    assert await deliver_due(aws.env) == 0
    headers, body = hook.seen[0]
    assert (headers["x-amz-sns-rawdelivery"], body) == ("true", b"no")


async def test_webhooks_inside_and_mail_are_refused(aws):
    topic = await make_topic(aws)
    for endpoint in ("http://169.254.169.254/latest", "http://10.0.0.1/", "http://[::1]/"):
        with pytest.raises(VolanoError) as caught:
            await aws("sns:Subscribe", TopicArn=topic, Protocol="http", Endpoint=endpoint)
        assert caught.value.wire_code == "InvalidParameter"
    with pytest.raises(VolanoError, match="no mail server"):
        await aws("sns:Subscribe", TopicArn=topic, Protocol="email", Endpoint="a@example.com")


async def test_a_fifo_topic_deduplicates_and_keeps_order(aws):
    topic = await make_topic(aws, "line.fifo", FifoTopic="true", ContentBasedDeduplication="true")
    url, arn = await aws.make_queue(
        "line.fifo", topic, FifoQueue="true", ContentBasedDeduplication="true"
    )
    await aws(
        "sns:Subscribe",
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true"},
    )
    for message in ("a", "b", "a", "c"):
        await aws("sns:Publish", TopicArn=topic, Message=message, MessageGroupId="g")
    assert await aws.bodies(url) == ["a", "b", "c"]


def test_retries_follow_the_delivery_policy():
    policy = json.dumps(
        {
            "healthyRetryPolicy": {
                "numRetries": 7,
                "numNoDelayRetries": 1,
                "numMinDelayRetries": 1,
                "numMaxDelayRetries": 2,
                "minDelayTarget": 1,
                "maxDelayTarget": 9,
                "backoffFunction": "linear",
            }
        }
    )
    pauses = [next_pause_s(policy, attempt) for attempt in range(8)]
    assert pauses == [0, 1, 1, 5, 9, 9, 9, None]


async def test_a_fifo_topic_does_not_sign_and_gives_a_standard_queue_no_group(aws):
    """As LocalStack's suite of 2026 recorded it of AWS."""
    topic = await make_topic(aws, "line.fifo", FifoTopic="true", ContentBasedDeduplication="true")
    url = await subscribe_queue(aws, topic)
    await aws("sns:Publish", TopicArn=topic, Message="hello", MessageGroupId="g")
    found = await aws("sqs:ReceiveMessage", QueueUrl=url, AttributeNames=["All"])
    assert "MessageGroupId" not in found["Messages"][0]["Attributes"]
    document = json.loads(found["Messages"][0]["Body"])
    assert "SequenceNumber" in document
    assert not {"Signature", "SignatureVersion", "SigningCertURL"} & set(document)
    assert ":line.fifo:" in document["UnsubscribeURL"]


async def test_a_subscription_is_asked_for_again_and_ended_twice(aws):
    topic = await make_topic(aws)
    _, arn = await aws.make_queue("q", topic)
    wanted = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn, "ReturnSubscriptionArn": True}
    raw = {"RawMessageDelivery": "true"}
    made = await aws("sns:Subscribe", **wanted, Attributes=raw)
    default = {"FilterPolicyScope": "MessageAttributes"}
    assert await aws("sns:Subscribe", **wanted, Attributes=raw | default) == made
    shown = await aws("sns:GetSubscriptionAttributes", **made)
    assert shown["Attributes"]["SubscriptionPrincipal"] == aws.call.principal.arn
    for _ in range(2):
        await aws("sns:Unsubscribe", **made)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("a^b", {"DataType": "String", "StringValue": "x"}, "non-alphanumeric character '#x5E'"),
        (".a", {"DataType": "String", "StringValue": "x"}, "starting with character '.'"),
        ("a..b", {"DataType": "String", "StringValue": "x"}, "successive '.' character"),
        ("a", {"DataType": "Stringy", "StringValue": "x"}, "invalid message attribute type"),
        ("a", {"DataType": "Binary", "StringValue": "x"}, "must use field 'Binary'."),
    ],
)
async def test_attributes_are_refused_in_the_words_of_sns(aws, name, value, words):
    topic = await make_topic(aws)
    entry = {"Id": "1", "Message": "m", "MessageAttributes": {name: value}}
    with pytest.raises(VolanoError) as caught:
        await aws("sns:PublishBatch", TopicArn=topic, PublishBatchRequestEntries=[entry])
    assert words in caught.value.message


async def test_names_of_topics_and_batch_entries_are_refused_in_the_words_of_sns(aws):
    with pytest.raises(VolanoError, match=r"^Invalid parameter: Topic Name$"):
        await make_topic(aws, "a b")
    topic = await make_topic(aws)
    for entry_id, words in (("a.b", "contains an impermissible character"), ("a" * 81, "too long")):
        entry = {"Id": entry_id, "Message": "m"}
        with pytest.raises(VolanoError) as caught:
            await aws("sns:PublishBatch", TopicArn=topic, PublishBatchRequestEntries=[entry])
        assert words in caught.value.message
