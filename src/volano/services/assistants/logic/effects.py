"""What a call would cost and what it ends, told on its card before anybody presses Run.

Prices are those of the price list in force. What is looked up (an instance's type, how many objects
a bucket has) is looked up as the asker, and only for a card that nobody else sees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.billing import interface as billing

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.tools import ToolName

REMOVES = ("delete", "terminate", "remove", "revoke", "purge", "deactivate", "disable")
HOURS_OF_MONTH = 730
MAX_NAMED = 5
COUNTED_OBJECTS = 1000
NO_PRICE = "The price list has no price for the call itself; what is used later is on the bill."
EFFECTS = {
    "ec2_StopInstances": "It *stops* the instances; their disks are kept.",
    "ec2_TerminateInstances": "It *ends* the instances for good and *deletes* their disks.",
    "ec2_RebootInstances": "It *restarts* the instances; what runs on them is cut off.",
    "s3_DeleteBucket": "It *deletes* the bucket; one that holds objects is refused.",
    "s3_DeleteObject": "It *deletes* the object; without versioning it is gone.",
    "iam_DeleteUser": "It *deletes* the user: nobody can sign in as them any more.",
    "iam_DeleteAccessKey": "It *deletes* the key: programs that use it stop working.",
    "sqs_DeleteQueue": "It *deletes* the queue and all messages in it.",
    "sqs_PurgeQueue": "It *deletes* all messages of the queue.",
    "kms_ScheduleKeyDeletion": "It *ends* the key: what it encrypts can then never be read again.",
    "slack_conversations_archive": "It *closes* the channel; what was said stays readable.",
    "volano_createTask": "It puts a task on somebody's list and tells them.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """`does` and `costs` in mrkdwn; `is_destructive` asks once more before it runs."""

    does: str
    costs: str
    is_destructive: bool


def is_destructive(head: ToolName) -> bool:
    return any(word in head.action.lower() for word in REMOVES)


async def tell_effect(
    env: Env, call: Call, head: ToolName, arguments: Mapping[str, object], *, may_look: bool
) -> Effect:
    """The effect of a call; `may_look` when only the caller will read it."""
    removes = is_destructive(head)
    does = EFFECTS.get(head.name) or (
        "It *deletes or ends* something." if removes else "It changes something."
    )
    instances = await _instances(env, call, arguments) if may_look else []
    if instances:
        named = [f"{item['id']} ({item['type']}, {item['state']})" for item in instances]
        does += f" That is {', '.join(named[:MAX_NAMED])}."
    if may_look and head.name == "s3_DeleteBucket":
        does += await _objects(env, call, str(arguments.get("Bucket", "")))
    costs = _cost(env, head, arguments, [item["type"] for item in instances])
    return Effect(does=does, costs=costs, is_destructive=removes)


async def _look(env: Env, call: Call, tool: str, arguments: dict[str, object]) -> dict[str, object]:
    """What a reading action answers the caller; empty when it refuses."""
    head = env.tools.find_tool(tool)
    if head is None:
        return {}
    try:
        found = await env.tools.run(env, call, head, arguments)
    except VolanoError:
        return {}  # the card goes without it; running the call will say what is wrong
    return found if isinstance(found, dict) else {}


async def _instances(env: Env, call: Call, arguments: Mapping[str, object]) -> list[dict[str, str]]:
    ids = arguments.get("InstanceIds")
    if not isinstance(ids, list) or not ids:
        return []
    found = await _look(env, call, "ec2_DescribeInstances", {"InstanceIds": ids})
    reservations = found.get("Reservations")
    return [
        {
            "id": str(item.get("InstanceId")),
            "type": str(item.get("InstanceType")),
            "state": str(item.get("State", {}).get("Name")),
        }
        for each in (reservations if isinstance(reservations, list) else [])
        for item in each.get("Instances", [])
    ]


async def _objects(env: Env, call: Call, bucket: str) -> str:
    wanted: dict[str, object] = {"Bucket": bucket, "MaxKeys": COUNTED_OBJECTS}
    found = await _look(env, call, "s3_ListObjectsV2", wanted)
    count = found.get("KeyCount")
    if not isinstance(count, int):
        return ""
    more = " or more" if found.get("IsTruncated") else ""
    return f" It holds {count}{more} objects now."


def _cost(env: Env, head: ToolName, arguments: Mapping[str, object], types: Sequence[str]) -> str:
    if head.name == "ec2_RunInstances":
        count = arguments.get("MaxCount", 1)
        kind = str(arguments.get("InstanceType", ""))
        hourly = _hourly(env, [kind] * (count if isinstance(count, int) else 1))
        return f"It costs {hourly}." if hourly else NO_PRICE
    hourly = _hourly(env, types)
    if hourly and head.name == "ec2_StartInstances":
        return f"While it runs it costs {hourly}."
    if hourly and head.name in ("ec2_StopInstances", "ec2_TerminateInstances"):
        return f"It ends a cost of {hourly} while running."
    if head.name == "s3_CreateBucket":
        stored = _price(env, "s3.storage.byte_hours")
        return f"The bucket is free; what is stored in it costs {stored}." if stored else NO_PRICE
    return NO_PRICE


def _price(env: Env, meter: str) -> str:
    prices = billing.price_list(env.config)
    price = prices.price(meter, billing.day_of(env.clock.now_us()))
    return f"{price.amount} {prices.currency} for each {price.unit}" if price else ""


def _hourly(env: Env, types: Sequence[str]) -> str:
    """What instances of these types cost together; '' when one has no price."""
    prices = billing.price_list(env.config)
    day = billing.day_of(env.clock.now_us())
    found = [prices.price(f"ec2.instance.{kind}", day) for kind in types]
    amounts = [price.amount for price in found if price is not None]
    if not amounts or len(amounts) < len(found):
        return ""
    total = sum(amounts[1:], amounts[0])
    currency = prices.currency
    return f"{total} {currency} an hour, about {total * HOURS_OF_MONTH:.2f} {currency} a month"
