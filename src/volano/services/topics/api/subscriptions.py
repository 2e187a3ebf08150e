"""SNS: subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import Unauthenticated
from volano.kernel.identity import PrincipalKind
from volano.services.topics.api.members import (
    ANY_TOPIC,
    PAGE,
    SUBSCRIPTION,
    TOPIC,
    facts_of_subscription,
    facts_of_topic,
    page_token,
    parse_page,
)
from volano.services.topics.logic import subscriptions as logic
from volano.services.topics.logic.access import find_subscription, find_topic
from volano.services.topics.logic.errors import no_such_subscription
from volano.wire.action import PUBLIC, RESOLVED, action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.topics.api.members import Shape
    from volano.services.topics.model import Subscription

PENDING = "pending confirmation"


@action(
    "sns:Subscribe",
    permission="sns:Subscribe",
    resource=TOPIC,
    facts=facts_of_topic,
    partial="Queues and webhooks (http, https); no mail, SMS, functions, apps or Firehose.",
)
async def subscribe(env: Env, call: Call, request: Shape) -> Shape:
    made = await logic.subscribe(
        env,
        call,
        request["TopicArn"],
        request["Protocol"],
        request.get("Endpoint") or "",
        request.get("Attributes") or {},
    )
    if made.is_confirmed or request.get("ReturnSubscriptionArn"):
        return {"SubscriptionArn": made.arn}
    return {"SubscriptionArn": PENDING}


@action("sns:ConfirmSubscription", permission=PUBLIC, resource=TOPIC)
async def confirm_subscription(env: Env, call: Call, request: Shape) -> Shape:
    """The token is the credential, as in the link that SNS sends."""
    signed = call.principal.kind is not PrincipalKind.ANONYMOUS
    guarded = signed and (request.get("AuthenticateOnUnsubscribe") or "").lower() == "true"
    found = await logic.confirm_subscription(
        env, call, request["TopicArn"], request["Token"], guarded=guarded
    )
    return {"SubscriptionArn": found.arn}


@action("sns:Unsubscribe", permission=PUBLIC, resource=SUBSCRIPTION)
async def unsubscribe(env: Env, call: Call, request: Shape) -> None:
    """Whoever has the link of a message ends a webhook's subscription that was not confirmed with
    AuthenticateOnUnsubscribe; everything else needs the permission."""
    arn = request["SubscriptionArn"]
    if call.principal.kind is PrincipalKind.ANONYMOUS:
        found = await find_subscription(env, env.store.reader, arn)
        if found is None or found.is_guarded or found.protocol not in ("http", "https"):
            raise Unauthenticated("This call needs a credential.")
    else:
        facts = await facts_of_subscription(env, call, request)
        resource = facts.pop(RESOLVED)
        await env.authority.authorize(call, "sns:Unsubscribe", resource, facts)
    await logic.unsubscribe(env, call, arn)


@action("sns:ListSubscriptions", permission="sns:ListSubscriptions", resource=ANY_TOPIC)
async def list_subscriptions(env: Env, call: Call, request: Shape) -> Shape:
    found, after = await logic.list_subscriptions(
        env, call, topic_arn=None, after=parse_page(request), limit=PAGE
    )
    return {"Subscriptions": [_shape(one) for one in found]} | page_token(after)


@action(
    "sns:ListSubscriptionsByTopic",
    permission="sns:ListSubscriptionsByTopic",
    resource=TOPIC,
    facts=facts_of_topic,
)
async def list_subscriptions_by_topic(env: Env, call: Call, request: Shape) -> Shape:
    found, after = await logic.list_subscriptions(
        env, call, topic_arn=request["TopicArn"], after=parse_page(request), limit=PAGE
    )
    return {"Subscriptions": [_shape(one) for one in found]} | page_token(after)


def _shape(subscription: Subscription) -> Shape:
    return {
        "SubscriptionArn": subscription.arn if subscription.is_confirmed else "PendingConfirmation",
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic_arn,
    }


@action(
    "sns:GetSubscriptionAttributes",
    permission="sns:GetSubscriptionAttributes",
    resource=SUBSCRIPTION,
    facts=facts_of_subscription,
)
async def get_subscription_attributes(env: Env, call: Call, request: Shape) -> Shape:
    found = await find_subscription(env, env.store.reader, request["SubscriptionArn"])
    if found is None:
        raise no_such_subscription()
    topic = await find_topic(env, env.store.reader, found.topic_arn)
    return {"Attributes": logic.shown_subscription(found, topic)}


@action(
    "sns:SetSubscriptionAttributes",
    permission="sns:SetSubscriptionAttributes",
    resource=SUBSCRIPTION,
    facts=facts_of_subscription,
)
async def set_subscription_attributes(env: Env, call: Call, request: Shape) -> None:
    await logic.set_subscription_attribute(
        env,
        call,
        request["SubscriptionArn"],
        request["AttributeName"],
        request.get("AttributeValue") or "",
    )
