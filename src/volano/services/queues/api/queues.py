"""SQS: queues, their attributes, tags and permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.queues.api.members import (
    ANY_QUEUE,
    NAMED,
    facts_of_named,
    facts_of_queue,
    page_limit,
    page_token,
    parse_page,
    queue_resource,
    tag_facts,
)
from volano.services.queues.logic import permissions
from volano.services.queues.logic import queues as logic
from volano.services.queues.logic.access import get_queue, get_queue_at, queue_url
from volano.services.queues.logic.errors import MissingParameter, no_such_queue
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.queues.api.members import Shape


@action(
    "sqs:CreateQueue",
    permission="sqs:CreateQueue",
    resource=NAMED,
    condition=lambda _, request: tag_facts(request),
)
async def create_queue(env: Env, call: Call, request: Shape) -> Shape:
    queue = await logic.create_queue(
        env,
        call,
        request["QueueName"],
        request.get("Attributes") or {},
        request.get("tags") or {},
    )
    return {"QueueUrl": queue_url(env, queue.account, queue.name)}


@action("sqs:GetQueueUrl", permission="sqs:GetQueueUrl", resource=NAMED, facts=facts_of_named)
async def get_queue_url(env: Env, call: Call, request: Shape) -> Shape:
    account, name = request.get("QueueOwnerAWSAccountId") or call.account, request["QueueName"]
    if "\x00" in account + name:
        raise no_such_queue()
    queue = await get_queue_at(env, env.store.reader, account, name)
    return {"QueueUrl": queue_url(env, queue.account, queue.name)}


@action("sqs:ListQueues", permission="sqs:ListQueues", resource=ANY_QUEUE)
async def list_queues(env: Env, call: Call, request: Shape) -> Shape:
    found, after = await logic.list_queues(
        env,
        call,
        prefix=request.get("QueueNamePrefix") or "",
        after=parse_page(request),
        limit=page_limit(request),
    )
    urls = [queue_url(env, queue.account, queue.name) for queue in found]
    return ({"QueueUrls": urls} if urls else {}) | page_token(request, after)


@action(
    "sqs:ListDeadLetterSourceQueues",
    permission="sqs:ListDeadLetterSourceQueues",
    resource=queue_resource,
    facts=facts_of_queue,
)
async def list_dead_letter_source_queues(env: Env, call: Call, request: Shape) -> Shape:
    found, after = await logic.list_dead_letter_sources(
        env,
        call,
        request["QueueUrl"],
        after=parse_page(request),
        limit=page_limit(request),
    )
    urls = [queue_url(env, queue.account, queue.name) for queue in found]
    return {"queueUrls": urls} | page_token(request, after)


@action(
    "sqs:GetQueueAttributes",
    permission="sqs:GetQueueAttributes",
    resource=queue_resource,
    facts=facts_of_queue,
)
async def get_queue_attributes(env: Env, call: Call, request: Shape) -> Shape:
    found = await logic.get_queue_attributes(
        env, call, request["QueueUrl"], request.get("AttributeNames") or []
    )
    return {"Attributes": found} if found else {}


@action(
    "sqs:SetQueueAttributes",
    permission="sqs:SetQueueAttributes",
    resource=queue_resource,
    facts=facts_of_queue,
)
async def set_queue_attributes(env: Env, call: Call, request: Shape) -> None:
    await logic.set_queue_attributes(env, call, request["QueueUrl"], request["Attributes"])


@action(
    "sqs:PurgeQueue",
    permission="sqs:PurgeQueue",
    resource=queue_resource,
    facts=facts_of_queue,
)
async def purge_queue(env: Env, call: Call, request: Shape) -> None:
    await logic.purge_queue(env, call, request["QueueUrl"])


@action(
    "sqs:DeleteQueue",
    permission="sqs:DeleteQueue",
    resource=queue_resource,
    facts=facts_of_queue,
)
async def delete_queue(env: Env, call: Call, request: Shape) -> None:
    await logic.delete_queue(env, call, request["QueueUrl"])


@action("sqs:TagQueue", permission="sqs:TagQueue", resource=queue_resource, facts=facts_of_queue)
async def tag_queue(env: Env, call: Call, request: Shape) -> None:
    if not request["Tags"]:
        raise MissingParameter("The request must contain the parameter Tags.")
    await logic.tag_queue(env, call, request["QueueUrl"], add=request["Tags"])


@action(
    "sqs:UntagQueue", permission="sqs:UntagQueue", resource=queue_resource, facts=facts_of_queue
)
async def untag_queue(env: Env, call: Call, request: Shape) -> None:
    await logic.tag_queue(env, call, request["QueueUrl"], add={}, remove=request["TagKeys"])


@action(
    "sqs:ListQueueTags",
    permission="sqs:ListQueueTags",
    resource=queue_resource,
    facts=facts_of_queue,
)
async def list_queue_tags(env: Env, call: Call, request: Shape) -> Shape:
    queue = await get_queue(env, call, request["QueueUrl"])
    return {"Tags": dict(queue.tags)} if queue.tags else {}


@action(
    "sqs:AddPermission",
    permission="sqs:AddPermission",
    resource=queue_resource,
    facts=facts_of_queue,
)
async def add_permission(env: Env, call: Call, request: Shape) -> None:
    await permissions.add_permission(
        env,
        call,
        request["QueueUrl"],
        request["Label"],
        request["AWSAccountIds"],
        request["Actions"],
    )


@action(
    "sqs:RemovePermission",
    permission="sqs:RemovePermission",
    resource=queue_resource,
    facts=facts_of_queue,
)
async def remove_permission(env: Env, call: Call, request: Shape) -> None:
    await permissions.remove_permission(env, call, request["QueueUrl"], request["Label"])
