"""Copies of a message for all who subscribed: made before the transaction, stored in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import VolanoError
from volano.services.queues import interface as queues
from volano.services.topics.logic.attributes import effective_delivery, parse_redrive
from volano.services.topics.logic.envelopes import for_subscriber, headers_of, notification
from volano.services.topics.logic.filters import matches_attributes, matches_body, parse_filter
from volano.services.topics.logic.sealing import seal_body
from volano.services.topics.logic.subscriptions import DELIVERIES, SERVICE
from volano.services.topics.model import Delivery, Subscription, Topic
from volano.services.topics.store import deliveries as delivery_rows
from volano.services.topics.store import subscriptions as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.topics.model import Draft

PAGE = 500
_QUEUE_ATTRIBUTES = 10
"""A message of SQS has at most so many attributes; a raw one with more cannot be delivered."""


@dataclass(slots=True)
class Copies:
    """What one publish stores: messages for queues and deliveries to webhooks."""

    for_queues: list[tuple[queues.Queue, queues.Prepared]] = field(default_factory=list)
    for_webhooks: list[Delivery] = field(default_factory=list)
    lost: int = 0


async def prepare_copies(
    env: Env,
    topic: Topic,
    draft: Draft,
    texts: Mapping[str, str],
    *,
    message_id: str,
    seq: int,
) -> Copies:
    """One copy for each confirmed subscription whose filter lets the message through."""
    copies = Copies()
    documents: dict[str, dict[str, Any]] = {}
    after = ""
    while page := await rows.select_of_topic(
        env.store.reader,
        topic.account,
        topic.name,
        after=after,
        limit=PAGE,
        region=env.region.name,
    ):
        for subscription in page:
            if subscription.is_confirmed and _passes(subscription, draft):
                text = texts.get(subscription.protocol, texts["default"])
                if text not in documents:
                    documents[text] = await notification(
                        env,
                        topic,
                        message_id=message_id,
                        message=text,
                        subject=draft.subject,
                        sequence=f"{seq:020d}" if seq else "",
                    )
                await _copy(env, topic, subscription, draft, text, documents[text], copies)
        after = page[-1].id
    if copies.lost:
        labels = (("topic", topic.arn),)
        env.metrics.count("volano_topic_copies_lost_total", labels, copies.lost)
    return copies


def _passes(subscription: Subscription, draft: Draft) -> bool:
    text = subscription.attributes.get("FilterPolicy")
    if not text:
        return True
    by_body = subscription.attributes.get("FilterPolicyScope") == "MessageBody"
    policy = parse_filter(text, nested=by_body)
    if by_body:
        return matches_body(policy, draft.message)
    return matches_attributes(policy, draft.attributes)


async def _copy(
    env: Env,
    topic: Topic,
    subscription: Subscription,
    draft: Draft,
    text: str,
    document: Mapping[str, Any],
    copies: Copies,
) -> None:
    body = text
    if not subscription.is_raw:
        body = for_subscriber(env, document, subscription, draft.attributes)
    if subscription.protocol == "sqs":
        made = await prepare_for_queue(
            env,
            topic,
            subscription.endpoint,
            _queue_draft(topic, subscription, draft, body, subscription.endpoint),
        )
        if made is None:
            made = await _for_dead_letters(env, topic, subscription, draft, body)
        if made is None:
            copies.lost += 1
        else:
            copies.for_queues.append(made)
        return
    now_us, delivery_id = env.clock.now_us(), env.ids.uuid()
    copies.for_webhooks.append(
        Delivery(
            id=delivery_id,
            topic_account=topic.account,
            topic_name=topic.name,
            subscription_id=subscription.id,
            url=subscription.endpoint,
            headers=headers_of(
                "Notification", str(document["MessageId"]), subscription, raw=subscription.is_raw
            ),
            body=seal_body(env, delivery_id, body),
            policy=effective_delivery(topic, subscription),
            attempts=0,
            due_us=now_us,
            created_us=now_us,
        )
    )


def _queue_draft(
    topic: Topic, subscription: Subscription, draft: Draft, body: str, arn: str
) -> queues.Draft:
    """The copy for the queue of that ARN; a group of a FIFO topic means nothing elsewhere."""
    attributes = {}
    if subscription.is_raw:
        attributes = {
            name: queues.MessageAttribute(
                kind="String" if one.kind == "String.Array" else one.kind,
                text=one.text,
                data=one.data,
            )
            for name, one in draft.attributes.items()
        }
    fifo = arn.endswith(".fifo")
    return queues.Draft(
        body=body,
        attributes=attributes,
        group_id=draft.group_id if fifo or not topic.is_fifo else None,
        dedup_id=draft.dedup_id if fifo else None,
    )


async def prepare_for_queue(
    env: Env, topic: Topic, arn: str, draft: queues.Draft
) -> tuple[queues.Queue, queues.Prepared] | None:
    """A message ready for a queue that lets the topic send; None when it does not."""
    queue = await queues.find_queue_by_arn(env, env.store.reader, arn)
    if queue is None or not queues.service_may_send(
        env, queue, service=SERVICE, account=topic.account, facts={"aws:SourceArn": topic.arn}
    ):
        return None
    try:
        return queue, await queues.prepare_for_service(env, queue, draft, service=SERVICE)
    except VolanoError as error:
        env.log.warning("a copy does not fit its queue", queue=arn, error=error.message)
        return None


async def _for_dead_letters(
    env: Env, topic: Topic, subscription: Subscription, draft: Draft, body: str
) -> tuple[queues.Queue, queues.Prepared] | None:
    redrive = subscription.attributes.get("RedrivePolicy")
    if not redrive:
        return None
    arn = parse_redrive(redrive)
    return await prepare_for_queue(
        env, topic, arn, _queue_draft(topic, subscription, draft, body, arn)
    )


async def store_copies(tx: Tx, env: Env, copies: Copies) -> None:
    """Store all copies; a queue deleted meanwhile gets none."""
    for queue, prepared in copies.for_queues:
        current = await queues.find_queue_by_arn(env, tx, queue.arn)
        if current is not None:
            await queues.put_message(tx, env, current, prepared)
    for delivery in copies.for_webhooks:
        await delivery_rows.insert_delivery(tx, delivery)


def wake_queues(env: Env, copies: Copies) -> None:
    """Tell who waits at the queues, and the work that delivers to webhooks."""
    for queue, _ in copies.for_queues:
        queues.wake_receivers(env, queue.arn)
    if copies.for_webhooks:
        env.work.wake(DELIVERIES)
