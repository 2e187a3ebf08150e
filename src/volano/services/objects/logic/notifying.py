"""Tells targets what happened in a bucket: S3's event records, at least once.

The outbox calls `notify` for each event until it returns. Queues get their message in one
transaction; topics publish; hooks get a row that work delivers. A target that is gone or does not
let S3 send any more is passed by, as S3 does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import msgspec

from volano.kernel.errors import VolanoError
from volano.services.objects.logic.access import bucket_arn, open_bucket
from volano.services.objects.logic.errors import InvalidArgument, NoSuchBucket
from volano.services.objects.logic.hooks import NOTICES, find_hook, make_notice
from volano.services.objects.logic.notifications import Rule, find_notifications, rules_for
from volano.services.objects.model import ObjectDeleted
from volano.services.objects.store import notifications as rows
from volano.services.queues import interface as queues
from volano.services.topics import interface as topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.objects.model import Bucket, ObjectChanged, ObjectWritten

    Happened = ObjectWritten | ObjectDeleted | ObjectChanged

SERVICE = "s3.amazonaws.com"
SUBJECT = "Amazon S3 Notification"
EMPTY_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
_LATER_VERSION = ("LifecycleExpiration", "LifecycleTransition", "ObjectTagging", "ObjectAcl")


async def notify(env: Env, event: Happened) -> None:
    """Tell every target whose rule the event fits; repeating it tells them again."""
    try:
        bucket = await open_bucket(env, event.bucket)
    except NoSuchBucket:
        return
    found = await find_notifications(env, bucket)
    for rule in rules_for(found, event.name, event.key):
        document = msgspec.json.encode({"Records": [record(env, bucket, rule, event)]}).decode()
        if not await _send(env, bucket, rule, document):
            env.log.warning("a notification has no target", bucket=bucket.name, target=rule.arn)
            labels = (("target", rule.kind),)
            env.metrics.count("volano_notifications_lost_total", labels)


def record(env: Env, bucket: Bucket, rule: Rule, event: Happened) -> dict[str, Any]:
    """One record (S3 user guide, "Event message structure")."""
    later = event.name.partition(":")[0] in _LATER_VERSION
    about: dict[str, Any] = {"key": quote_plus(event.key, safe="/-_.*")}
    if not isinstance(event, ObjectDeleted):
        about |= {"size": event.size_bytes, "eTag": event.etag}
    elif event.name.endswith(":DeleteMarkerCreated"):
        about["eTag"] = EMPTY_ETAG
    if event.version_id:
        about["versionId"] = event.version_id
    about["sequencer"] = f"{event.time_us:018X}"
    by = event.by or event.account
    return {
        "eventVersion": "2.3" if later else "2.1",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region,
        "eventTime": _time(event.time_us),
        "eventName": event.name,
        "userIdentity": {"principalId": by if by == SERVICE else f"AWS:{by}"},
        "requestParameters": {"sourceIPAddress": event.source_ip or SERVICE},
        "responseElements": {
            "x-amz-request-id": event.request_id,
            "x-amz-id-2": f"volano/{env.region.name}",
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": rule.id,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": {"principalId": str(bucket.account)},
                "arn": bucket_arn(bucket.name),
            },
            "object": about,
        },
    }


def _time(time_us: int) -> str:
    moment = datetime.fromtimestamp(time_us // 1000 / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def require_targets(env: Env, call: Call, bucket: Bucket, wanted: Sequence[Rule]) -> None:
    """Send the test event to queues and topics, find the hooks. Raises InvalidArgument for a
    target that is not there or does not let S3 send."""
    test = {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": _time(env.clock.now_us()),
        "Bucket": bucket.name,
        "RequestId": call.request_id,
        "HostId": f"volano/{env.region.name}",
    }
    document = msgspec.json.encode(test).decode()
    known: set[str] = set()
    for rule in wanted:
        if rule.arn in known:
            continue
        known.add(rule.arn)
        if rule.kind == "function":
            hook = await find_hook(env, rule.arn)
            right = hook is not None and hook.account == bucket.account
        else:
            right = await _send(env, bucket, rule, document)
        if not right:
            raise InvalidArgument(
                "Unable to validate the following destination configurations",
                fields={
                    "ArgumentName1": rule.arn,
                    "ArgumentValue1": "The destination is not there, or its policy does not let "
                    f"{SERVICE} send for this bucket",
                },
            )


async def _send(env: Env, bucket: Bucket, rule: Rule, document: str) -> bool:
    """Whether the target took it."""
    if rule.kind == "queue":
        return await _send_to_queue(env, bucket, rule.arn, document)
    if rule.kind == "topic":
        return await _send_to_topic(env, bucket, rule.arn, document)
    return await _send_to_hook(env, bucket, rule.arn, document)


async def _send_to_queue(env: Env, bucket: Bucket, arn: str, document: str) -> bool:
    queue = await queues.find_queue_by_arn(env, env.store.reader, arn)
    facts = {"aws:SourceArn": bucket_arn(bucket.name)}
    if queue is None or not queues.service_may_send(
        env, queue, service=SERVICE, account=bucket.account, facts=facts
    ):
        return False
    try:
        prepared = await queues.prepare_for_service(
            env, queue, queues.Draft(body=document), service=SERVICE
        )
    except VolanoError as error:  # a FIFO queue, or one for smaller messages
        env.log.warning("a notification does not fit", queue=arn, error=error.message)
        return False

    async def write(tx: Tx) -> bool:
        current = await queues.find_queue_by_arn(env, tx, arn)
        if current is None:
            return False
        await queues.put_message(tx, env, current, prepared)
        return True

    stored = await env.store.transact(write)
    queues.wake_receivers(env, arn)
    return stored


async def _send_to_topic(env: Env, bucket: Bucket, arn: str, document: str) -> bool:
    try:
        topic = await topics.find_topic(env, env.store.reader, arn)
        facts = {"aws:SourceArn": bucket_arn(bucket.name)}
        if topic is None or not topics.service_may_publish(
            env, topic, service=SERVICE, account=bucket.account, facts=facts
        ):
            return False
        await topics.publish(env, topic, topics.Draft(message=document, subject=SUBJECT))
    except VolanoError as error:
        if error.wire_status >= 500:
            raise  # the outbox tries again
        env.log.warning("a notification does not fit", topic=arn, error=error.message)
        return False
    return True


async def _send_to_hook(env: Env, bucket: Bucket, arn: str, document: str) -> bool:
    hook = await find_hook(env, arn)
    if hook is None or hook.account != bucket.account:
        return False
    notice = make_notice(env, hook, document, notice_id=env.ids.uuid())
    await env.store.transact(partial(rows.insert_notice, notice=notice))
    env.work.wake(NOTICES)
    return True
