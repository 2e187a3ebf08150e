"""Between botocore's member names and the model, and the facts that authorization needs."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from volano.kernel.ids import parse_arn
from volano.services.identity.interface import RESOURCE_ACCOUNT
from volano.services.topics.logic.access import (
    find_subscription,
    find_topic,
    parse_subscription_arn,
    parse_topic_arn,
    topic_facts,
)
from volano.services.topics.logic.errors import InvalidParameter, ResourceNotFound
from volano.services.topics.model import MAX_PAGE, MessageAttribute
from volano.wire.action import RESOLVED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env

Shape = dict[str, Any]

NAMED = "arn:aws:sns:{region}:{account}:{Name}"
ANY_TOPIC = "arn:aws:sns:{region}:{account}:*"
TOPIC = "{TopicArn}"
RESOURCE = "{ResourceArn}"
SUBSCRIPTION = "{SubscriptionArn}"


async def facts_of_topic(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """Owner, policy and tags of the topic that the request names."""
    arn = request.get("TopicArn") or request.get("ResourceArn") or request.get("TargetArn") or ""
    if request.get("ResourceArn") and parse_arn(arn) is None:
        raise ResourceNotFound("Resource does not exist")
    account, _ = parse_topic_arn(arn)
    topic = await find_topic(env, env.store.reader, arn)
    facts = {RESOURCE_ACCOUNT: account}
    if topic is not None:
        facts |= topic_facts(topic)
    if request.get("Protocol"):
        facts["sns:Protocol"] = request["Protocol"]
    if request.get("Endpoint"):
        facts["sns:Endpoint"] = request["Endpoint"]
    return {**facts, **tag_facts(request), RESOLVED: arn}


async def facts_of_subscription(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """A subscription belongs to who made it; it is judged as its topic's ARN."""
    account, name, _ = parse_subscription_arn(request["SubscriptionArn"])
    found = await find_subscription(env, env.store.reader, request["SubscriptionArn"])
    owner = account if found is None else str(found.owner)
    return {
        RESOURCE_ACCOUNT: owner,
        RESOLVED: f"arn:aws:sns:{env.region.name}:{account}:{name}",
    }


def tag_facts(request: Shape) -> dict[str, str]:
    """Condition keys of a request that sets or removes tags."""
    tags = tags_of(request)
    facts = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    names = list(tags) or list(request.get("TagKeys") or ())
    if names:
        facts["aws:TagKeys"] = "\n".join(names)
    return facts


def tags_of(request: Shape) -> dict[str, str]:
    """Raises InvalidParameter for a key given twice."""
    given = request.get("Tags") or ()
    tags = {tag["Key"]: tag["Value"] for tag in given}
    if len(tags) != len(given):
        raise InvalidParameter("Invalid parameter: Duplicated keys are not allowed.")
    return tags


def to_attributes(given: Mapping[str, Shape] | None) -> dict[str, MessageAttribute]:
    return {
        name: MessageAttribute(
            kind=value.get("DataType") or "",
            text=value.get("StringValue"),
            data=value.get("BinaryValue"),
        )
        for name, value in (given or {}).items()
    }


def parse_page(request: Shape) -> str:
    """Where a page begins; raises InvalidParameter."""
    token = request.get("NextToken")
    if not token:
        return ""
    try:
        text = base64.urlsafe_b64decode(token.encode("ascii")).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidParameter("Invalid parameter: NextToken") from error
    if "\x00" in text:
        raise InvalidParameter("Invalid parameter: NextToken")
    return text


def page_token(after: str | None) -> Shape:
    if after is None:
        return {}
    return {"NextToken": base64.urlsafe_b64encode(after.encode()).decode()}


PAGE = MAX_PAGE
