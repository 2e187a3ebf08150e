"""Subscriptions: make, confirm, change, list, end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.egress import EgressRefused
from volano.kernel.errors import NotBuilt
from volano.kernel.ids import parse_arn
from volano.services.identity.interface import declare_quota, quota_value
from volano.services.queues.interface import find_queue_by_arn, service_may_send
from volano.services.topics.logic.access import (
    find_subscription,
    get_subscription,
    get_topic,
    parse_topic_arn,
)
from volano.services.topics.logic.attributes import (
    check_subscription_attribute,
    effective_delivery,
)
from volano.services.topics.logic.envelopes import confirmation, headers_of
from volano.services.topics.logic.errors import (
    InvalidParameter,
    SubscriptionLimitExceeded,
    no_such_topic,
)
from volano.services.topics.logic.sealing import seal_body
from volano.services.topics.model import DEFAULT_SUBSCRIPTIONS, Delivery, Subscription, Topic
from volano.services.topics.store import deliveries as delivery_rows
from volano.services.topics.store import subscriptions as rows
from volano.services.topics.store import topics as topic_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

QUOTA = "sns.subscriptions"
DELIVERIES = "topics:deliveries"
SERVICE = "sns.amazonaws.com"
_UNSET = {"RawMessageDelivery": "false", "FilterPolicyScope": "MessageAttributes"}
declare_quota(QUOTA, DEFAULT_SUBSCRIPTIONS)


async def subscribe(
    env: Env, call: Call, arn: str, protocol: str, endpoint: str, attributes: Mapping[str, str]
) -> Subscription:
    """Make a subscription; a queue of the caller's own is confirmed at once, a webhook is asked
    first. Raises InvalidParameter, NotBuilt and SubscriptionLimitExceeded."""
    topic = await get_topic(env, env.store.reader, arn)
    confirmed = await _require_endpoint(env, call, topic, protocol, endpoint)
    wanted = Subscription(
        topic_account=topic.account,
        topic_name=topic.name,
        region=topic.region,
        id=env.ids.uuid(),
        owner=call.account,
        principal=call.principal.arn,
        protocol=protocol,
        endpoint=endpoint,
        created_us=env.clock.now_us(),
        token="" if confirmed else env.ids.hex(128),
    )
    wanted = replace(wanted, attributes=_checked(wanted, attributes))
    asked = None
    if not confirmed:
        message_id, document = await confirmation(env, topic, wanted)
        asked = _asking(env, topic, wanted, message_id, document)

    async def write(tx: Tx) -> Subscription:
        current = await topic_rows.select_topic(
            tx, topic.account, topic.name, region=env.region.name
        )
        if current is None:
            raise no_such_topic()
        present = await rows.find_subscription(
            tx, topic.account, topic.name, protocol, endpoint, region=env.region.name
        )
        if present is not None and present.is_confirmed:
            _require_same(present, wanted)
            return present
        if present is not None:
            await rows.delete_subscription(tx, present)
        held = sum(await rows.count_of_topic(tx, topic.account, topic.name))
        if held >= await quota_value(tx, topic.account, QUOTA):
            raise SubscriptionLimitExceeded(f"The quota {QUOTA} of this topic is used up: {held}.")
        await rows.insert_subscription(tx, wanted)
        if asked is not None:
            await delivery_rows.insert_delivery(tx, asked)
        return wanted

    made = await env.store.transact(write)
    env.work.wake(DELIVERIES)
    return made


def _require_same(present: Subscription, wanted: Subscription) -> None:
    held = {**_UNSET, **present.attributes}
    if any(held.get(k) != v for k, v in wanted.attributes.items()):
        raise InvalidParameter(
            "Invalid parameter: Attributes Reason: Subscription already exists with different "
            "attributes"
        )


def _asking(
    env: Env, topic: Topic, subscription: Subscription, message_id: str, document: str
) -> Delivery:
    now_us, delivery_id = env.clock.now_us(), env.ids.uuid()
    return Delivery(
        id=delivery_id,
        topic_account=topic.account,
        topic_name=topic.name,
        subscription_id=subscription.id,
        url=subscription.endpoint,
        headers=headers_of("SubscriptionConfirmation", message_id, subscription),
        body=seal_body(env, delivery_id, document),
        policy=effective_delivery(topic, subscription),
        attempts=0,
        due_us=now_us,
        created_us=now_us,
    )


async def _require_endpoint(
    env: Env, call: Call, topic: Topic, protocol: str, endpoint: str
) -> bool:
    """Whether the subscription needs no confirmation. Raises InvalidParameter and NotBuilt."""
    if "\x00" in endpoint or len(endpoint) > 2048:
        raise InvalidParameter("Invalid parameter: Endpoint")
    if protocol == "sqs":
        return await _require_queue(env, call, topic, endpoint)
    if protocol in ("http", "https"):
        if topic.is_fifo:
            raise InvalidParameter(
                "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SNS topics deliver to "
                "SQS queues only"
            )
        if not endpoint.startswith(f"{protocol}://"):
            raise InvalidParameter("Invalid parameter: Endpoint must match the specified protocol")
        try:
            await env.egress.require_allowed(endpoint)
        except EgressRefused as error:
            raise InvalidParameter(
                f"Invalid parameter: Endpoint Reason: {error.message}"
            ) from error
        return False
    if protocol in ("email", "email-json"):
        raise NotBuilt("This cloud has no mail server: subscribe a queue or a webhook (https).")
    if protocol in ("sms", "application", "lambda", "firehose"):
        raise NotBuilt(
            f"Subscriptions of {protocol} are not built; subscribe a queue or a webhook."
        )
    raise InvalidParameter(
        f"Invalid parameter: Amazon SNS does not support this protocol string: {protocol[:80]}"
    )


async def _require_queue(env: Env, call: Call, topic: Topic, endpoint: str) -> bool:
    arn = parse_arn(endpoint)
    if arn is None or arn.service != "sqs":
        raise InvalidParameter("Invalid parameter: SQS endpoint ARN")
    if arn.resource.endswith(".fifo") and not topic.is_fifo:
        raise InvalidParameter(
            "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be "
            "subscribed to standard SNS topics"
        )
    if arn.account != call.account:
        # Who owns the queue consents by its policy; without that it cannot be told from none.
        queue = await find_queue_by_arn(env, env.store.reader, endpoint)
        facts = {"aws:SourceArn": topic.arn}
        if queue is None or not service_may_send(
            env, queue, service=SERVICE, account=topic.account, facts=facts
        ):
            raise InvalidParameter("Invalid parameter: SQS endpoint ARN")
    return True


def _checked(subscription: Subscription, attributes: Mapping[str, str]) -> dict[str, str]:
    scope = attributes.get("FilterPolicyScope") or "MessageAttributes"
    found = {
        name: check_subscription_attribute(subscription, name, value, scope)
        for name, value in attributes.items()
    }
    return {name: value for name, value in found.items() if value}


async def confirm_subscription(
    env: Env, call: Call, arn: str, token: str, *, guarded: bool
) -> Subscription:
    """The token is the credential: who has it got the confirmation. Raises InvalidParameter."""
    account, name = parse_topic_arn(arn)

    async def write(tx: Tx) -> Subscription:
        found = await _find_token(env, tx, account, name, token)
        if found is None:
            raise InvalidParameter("Invalid parameter: Token")
        confirmed = replace(found, token="", is_guarded=guarded)
        attributes = {**found.attributes, "ConfirmedBy": token[:64]}
        await rows.update_subscription(tx, replace(confirmed, attributes=attributes))
        return confirmed

    return await env.store.transact(write)


async def _find_token(env: Env, tx: Tx, account: str, name: str, token: str) -> Subscription | None:
    """The subscription that waits for this token, or was confirmed with it before."""
    after = ""
    while page := await rows.select_of_topic(
        tx, account, name, after=after, limit=500, region=env.region.name
    ):
        for one in page:
            if token and (one.token == token or one.attributes.get("ConfirmedBy") == token[:64]):
                return one
        after = page[-1].id
    return None


async def unsubscribe(env: Env, call: Call, arn: str) -> None:
    """No error when it is gone."""

    async def write(tx: Tx) -> None:
        found = await find_subscription(env, tx, arn)
        if found is None:
            return
        await rows.delete_subscription(tx, found)
        topic = await topic_rows.select_topic(
            tx, found.topic_account, found.topic_name, region=env.region.name
        )
        if topic is not None:
            deleted = topic.deleted_subscriptions + 1
            await topic_rows.update_topic(tx, replace(topic, deleted_subscriptions=deleted))

    await env.store.transact(write)


def shown_subscription(subscription: Subscription, topic: Topic | None) -> dict[str, str]:
    """Attributes as GetSubscriptionAttributes shows them."""
    shown = {
        "SubscriptionArn": subscription.arn,
        "TopicArn": subscription.topic_arn,
        "Owner": str(subscription.owner),
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "RawMessageDelivery": "false",
        "SubscriptionPrincipal": subscription.principal,
        "PendingConfirmation": "false" if subscription.is_confirmed else "true",
        "ConfirmationWasAuthenticated": "true"
        if subscription.protocol == "sqs"
        else ("true" if subscription.is_guarded else "false"),
    }
    if topic is not None and subscription.protocol in ("http", "https"):
        shown["EffectiveDeliveryPolicy"] = effective_delivery(topic, subscription)
    own = {k: v for k, v in subscription.attributes.items() if k != "ConfirmedBy"}
    if "FilterPolicy" in own:
        shown["FilterPolicyScope"] = "MessageAttributes"
    else:
        own.pop("FilterPolicyScope", None)
    return {name: value for name, value in (shown | own).items() if value}


async def set_subscription_attribute(env: Env, call: Call, arn: str, name: str, value: str) -> None:
    """Raises TopicNotFound and InvalidParameter."""

    async def write(tx: Tx) -> None:
        found = await get_subscription(env, tx, arn)
        scope = found.attributes.get("FilterPolicyScope", "MessageAttributes")
        checked = check_subscription_attribute(found, name, value, scope)
        merged = {**found.attributes, name: checked}
        if name == "FilterPolicyScope" and merged.get("FilterPolicy"):
            check_subscription_attribute(found, "FilterPolicy", merged["FilterPolicy"], checked)
        kept = {key: text for key, text in merged.items() if text}
        await rows.update_subscription(tx, replace(found, attributes=kept))

    await env.store.transact(write)


async def list_subscriptions(
    env: Env, call: Call, *, topic_arn: str | None, after: str, limit: int
) -> tuple[list[Subscription], str | None]:
    """Of a topic, or all that the account made; and where the next page begins."""
    if topic_arn is not None:
        topic = await get_topic(env, env.store.reader, topic_arn)
        found = await rows.select_of_topic(
            env.store.reader,
            topic.account,
            topic.name,
            after=after,
            limit=limit + 1,
            region=env.region.name,
        )
    else:
        found = await rows.select_of_owner(
            env.store.reader, call.account, after=after, limit=limit + 1, region=env.region.name
        )
    return found[:limit], found[limit - 1].id if len(found) > limit else None
