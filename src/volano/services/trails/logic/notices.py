"""Messages to a trail's topic: one for each log file that lies in the bucket.

Specified in the CloudTrail user guide ("Configuring Amazon SNS notifications for CloudTrail"). A
process that dies between the file and its mark tells of the file twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import VolanoError
from volano.services.topics import interface as topics
from volano.services.trails.logic.errors import InsufficientTopicPolicy

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.trails.model import LogFile, Trail

SERVICE = "cloudtrail.amazonaws.com"
_SUBJECT = "New CloudTrail log file"


def topic_arn_of(env: Env, call: Call, name: str) -> str:
    """The ARN of a topic that SnsTopicName names by ARN or, the account's own, by name."""
    if not name or name.startswith("arn:"):
        return name
    return f"arn:aws:sns:{env.region.name}:{call.account}:{name}"


async def require_topic(env: Env, trail: Trail) -> None:
    """Raises InsufficientTopicPolicy when the trail has a topic that it may not publish to."""
    if trail.topic and await _find_open_topic(env, trail) is None:
        raise InsufficientTopicPolicy("SNS Topic does not exist or the topic policy is incorrect!")


async def tell_topic(env: Env, trail: Trail, file: LogFile) -> None:
    """Name the delivered file to the trail's topic; a topic that is closed holds nothing up."""
    if not trail.topic:
        return
    document = {"s3Bucket": file.bucket, "s3ObjectKey": [file.key]}
    draft = topics.Draft(message=msgspec.json.encode(document).decode(), subject=_SUBJECT)
    try:
        topic = await _find_open_topic(env, trail)
        if topic is not None:
            await topics.publish(env, topic, draft)
            return
    except VolanoError as error:
        env.log.warning("a trail's topic not told", topic=trail.topic, error=error.message)
    else:
        env.log.warning("a trail's topic is closed", topic=trail.topic)


async def _find_open_topic(env: Env, trail: Trail) -> topics.Topic | None:
    try:
        topic = await topics.find_topic(env, env.store.reader, trail.topic)
    except VolanoError:  # no ARN of a topic
        return None
    if topic is None or topic.is_fifo:
        return None
    facts = {"aws:SourceArn": trail.arn}
    allowed = topics.service_may_publish(
        env, topic, service=SERVICE, account=trail.account, facts=facts
    )
    return topic if allowed else None
