"""SNS: topics, their attributes, tags and permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.topics.api.members import (
    ANY_TOPIC,
    NAMED,
    PAGE,
    RESOURCE,
    TOPIC,
    facts_of_topic,
    page_token,
    parse_page,
    tag_facts,
    tags_of,
)
from volano.services.topics.logic import topics as logic
from volano.services.topics.logic.access import find_topic
from volano.services.topics.logic.errors import ResourceNotFound
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.topics.api.members import Shape


@action(
    "sns:CreateTopic",
    permission="sns:CreateTopic",
    resource=NAMED,
    condition=lambda _, request: tag_facts(request),
    partial="No delivery status logs, tracing, archives or data protection policies.",
)
async def create_topic(env: Env, call: Call, request: Shape) -> Shape:
    topic = await logic.create_topic(
        env, call, request["Name"], request.get("Attributes") or {}, tags_of(request)
    )
    return {"TopicArn": topic.arn}


@action("sns:ListTopics", permission="sns:ListTopics", resource=ANY_TOPIC)
async def list_topics(env: Env, call: Call, request: Shape) -> Shape:
    found, after = await logic.list_topics(env, call, after=parse_page(request), limit=PAGE)
    return {"Topics": [{"TopicArn": topic.arn} for topic in found]} | page_token(after)


@action(
    "sns:GetTopicAttributes",
    permission="sns:GetTopicAttributes",
    resource=TOPIC,
    facts=facts_of_topic,
)
async def get_topic_attributes(env: Env, call: Call, request: Shape) -> Shape:
    return {"Attributes": await logic.get_topic_attributes(env, call, request["TopicArn"])}


@action(
    "sns:SetTopicAttributes",
    permission="sns:SetTopicAttributes",
    resource=TOPIC,
    facts=facts_of_topic,
)
async def set_topic_attributes(env: Env, call: Call, request: Shape) -> None:
    await logic.set_topic_attribute(
        env,
        call,
        request["TopicArn"],
        request["AttributeName"],
        request.get("AttributeValue") or "",
    )


@action("sns:DeleteTopic", permission="sns:DeleteTopic", resource=TOPIC, facts=facts_of_topic)
async def delete_topic(env: Env, call: Call, request: Shape) -> None:
    await logic.delete_topic(env, call, request["TopicArn"])


@action("sns:AddPermission", permission="sns:AddPermission", resource=TOPIC, facts=facts_of_topic)
async def add_permission(env: Env, call: Call, request: Shape) -> None:
    await logic.add_permission(
        env,
        call,
        request["TopicArn"],
        request["Label"],
        request["AWSAccountId"],
        request["ActionName"],
    )


@action(
    "sns:RemovePermission",
    permission="sns:RemovePermission",
    resource=TOPIC,
    facts=facts_of_topic,
)
async def remove_permission(env: Env, call: Call, request: Shape) -> None:
    await logic.remove_permission(env, call, request["TopicArn"], request["Label"])


@action("sns:TagResource", permission="sns:TagResource", resource=RESOURCE, facts=facts_of_topic)
async def tag_resource(env: Env, call: Call, request: Shape) -> None:
    await _require_there(env, request)
    await logic.tag_topic(env, call, request["ResourceArn"], add=tags_of(request))


@action(
    "sns:UntagResource", permission="sns:UntagResource", resource=RESOURCE, facts=facts_of_topic
)
async def untag_resource(env: Env, call: Call, request: Shape) -> None:
    await _require_there(env, request)
    await logic.tag_topic(env, call, request["ResourceArn"], add={}, remove=request["TagKeys"])


@action(
    "sns:ListTagsForResource",
    permission="sns:ListTagsForResource",
    resource=RESOURCE,
    facts=facts_of_topic,
)
async def list_tags_for_resource(env: Env, call: Call, request: Shape) -> Shape:
    await _require_there(env, request)
    topic = await find_topic(env, env.store.reader, request["ResourceArn"])
    tags = {} if topic is None else topic.tags
    return {"Tags": [{"Key": name, "Value": value} for name, value in tags.items()]}


async def _require_there(env: Env, request: Shape) -> None:
    if await find_topic(env, env.store.reader, request["ResourceArn"]) is None:
        raise ResourceNotFound("Resource does not exist")
