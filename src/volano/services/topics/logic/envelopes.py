"""The JSON documents that subscribers get, in SNS's form."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from volano.services.topics.logic.signing import sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Env
    from volano.services.topics.model import MessageAttribute, Subscription, Topic

CONTENT_TYPE = "text/plain; charset=UTF-8"
AGENT = "Amazon Simple Notification Service Agent"


def timestamp(now_us: int) -> str:
    moment = datetime.fromtimestamp(now_us // 1000 / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def notification(
    env: Env,
    topic: Topic,
    *,
    message_id: str,
    message: str,
    subject: str | None,
    sequence: str,
) -> dict[str, Any]:
    """A signed notification, without what differs between subscribers; SNS does not sign those of
    FIFO topics."""
    members = {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": topic.arn,
        "Message": message,
        "Timestamp": timestamp(env.clock.now_us()),
    }
    if subject is not None:
        members["Subject"] = subject
    if topic.is_fifo:
        return {**members, "SequenceNumber": sequence}
    signed = await sign(env, members, version=topic.attributes.get("SignatureVersion", "1"))
    return {**members, **signed}


def for_subscriber(
    env: Env,
    document: Mapping[str, Any],
    subscription: Subscription,
    attributes: Mapping[str, MessageAttribute],
) -> str:
    """The document as one subscriber gets it."""
    whole = {
        **document,
        "UnsubscribeURL": (
            f"{env.config.aws_url}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}"
        ),
    }
    if attributes:
        whole["MessageAttributes"] = {
            name: {
                "Type": one.kind,
                "Value": one.text if one.data is None else base64.b64encode(one.data).decode(),
            }
            for name, one in attributes.items()
        }
    return msgspec.json.encode(whole).decode()


async def confirmation(env: Env, topic: Topic, subscription: Subscription) -> tuple[str, str]:
    """Message id and document that asks an endpoint to confirm."""
    message_id = env.ids.uuid()
    url = (
        f"{env.config.aws_url}/?Action=ConfirmSubscription&TopicArn={topic.arn}"
        f"&Token={quote(subscription.token)}"
    )
    members = {
        "Type": "SubscriptionConfirmation",
        "MessageId": message_id,
        "Token": subscription.token,
        "TopicArn": topic.arn,
        "Message": (
            f"You have chosen to subscribe to the topic {topic.arn}.\nTo confirm the subscription, "
            "visit the SubscribeURL included in this message."
        ),
        "SubscribeURL": url,
        "Timestamp": timestamp(env.clock.now_us()),
    }
    signed = await sign(env, members, version=topic.attributes.get("SignatureVersion", "1"))
    return message_id, msgspec.json.encode({**members, **signed}).decode()


def headers_of(
    kind: str, message_id: str, subscription: Subscription, *, raw: bool = False
) -> dict[str, str]:
    """Headers of a request to a webhook."""
    found = {
        "content-type": CONTENT_TYPE,
        "user-agent": AGENT,
        "x-amz-sns-message-type": kind,
        "x-amz-sns-message-id": message_id,
        "x-amz-sns-topic-arn": subscription.topic_arn,
    }
    if kind == "Notification":
        found["x-amz-sns-subscription-arn"] = subscription.arn
    if raw:
        found["x-amz-sns-rawdelivery"] = "true"
    return found
