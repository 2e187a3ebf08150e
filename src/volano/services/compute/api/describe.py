"""What reads instances: DescribeInstances, status, attributes, console output."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Invalid
from volano.services.compute.api.shapes import reservations_of, state_of, time_of
from volano.services.compute.logic import instances
from volano.services.compute.logic.instances import InstanceNotFound
from volano.services.compute.logic.tags import list_tags
from volano.services.compute.model import Instance, State
from volano.services.network.interface import matching
from volano.services.regions import interface as regions
from volano.wire.action import action

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from volano.kernel.call import Call, Env

INSTANCE = "arn:aws:ec2:{region}:{account}:instance/{InstanceId}"
MAX_PAGE = 1000


@action("ec2:DescribeInstances", permission="ec2:DescribeInstances", resource="*")
async def describe_instances(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The account's instances by reservation, filtered and paged."""
    found, tags = await _select(env, call, request)
    page, token = page_of(found, request)
    answer: dict[str, Any] = {"Reservations": reservations_of(page, tags, call)}
    if token:
        answer["NextToken"] = token
    return answer


@action("ec2:DescribeInstanceStatus", permission="ec2:DescribeInstanceStatus", resource="*")
async def describe_instance_status(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Health of running instances (of all with IncludeAllInstances)."""
    found, _ = await _select(env, call, request)
    if not request.get("IncludeAllInstances"):
        found = [it for it in found if it.state is State.RUNNING]
    page, token = page_of(found, request)
    up = await regions.zones_up(env.store.reader, env.region)
    answer: dict[str, Any] = {
        "InstanceStatuses": [_status(it, zone_up=it.zone in up) for it in page]
    }
    if token:
        answer["NextToken"] = token
    return answer


@action(
    "ec2:DescribeInstanceAttribute", permission="ec2:DescribeInstanceAttribute", resource=INSTANCE
)
async def describe_instance_attribute(
    env: Env, call: Call, request: dict[str, Any]
) -> dict[str, Any]:
    """One attribute: instanceType, userData, or what has a fixed value here."""
    it = await instances.get_instance(env, call, request["InstanceId"])
    values: dict[str, tuple[str, dict[str, Any]]] = {
        "instanceType": ("InstanceType", {"Value": it.type}),
        "userData": ("UserData", {"Value": it.user_data} if it.user_data else {}),
        "disableApiTermination": ("DisableApiTermination", {"Value": False}),
        "disableApiStop": ("DisableApiStop", {"Value": False}),
        "instanceInitiatedShutdownBehavior": (
            "InstanceInitiatedShutdownBehavior",
            {"Value": "stop"},
        ),
        "rootDeviceName": ("RootDeviceName", {"Value": "/dev/sda1"}),
        "sourceDestCheck": ("SourceDestCheck", {"Value": True}),
        "ebsOptimized": ("EbsOptimized", {"Value": False}),
        "enaSupport": ("EnaSupport", {"Value": True}),
    }
    name, value = values.get(request["Attribute"], ("", {}))
    if not name:
        raise Invalid(
            f"The attribute {request['Attribute']} is not supported.", code="InvalidParameterValue"
        )
    return {"InstanceId": it.id, name: value}


@action("ec2:GetConsoleOutput", permission="ec2:GetConsoleOutput", resource=INSTANCE)
async def get_console_output(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The last 64 KiB that the instance wrote, in base64."""
    output = await instances.get_console_output(env, call, request["InstanceId"])
    return {
        "InstanceId": request["InstanceId"],
        "Timestamp": time_of(env.clock.now_us()),
        "Output": base64.b64encode(output).decode(),
    }


def page_of(items: list[Any], request: dict[str, Any]) -> tuple[list[Any], str]:
    """A page by MaxResults and NextToken; the token is the position, bounds-checked."""
    limit = request.get("MaxResults") or MAX_PAGE
    if not 1 <= limit <= MAX_PAGE:
        raise Invalid(f"MaxResults is 1 to {MAX_PAGE}.", code="InvalidParameterValue")
    token = request.get("NextToken") or "0"
    if not token.isdigit() or int(token) > len(items):
        raise Invalid("The NextToken is not valid.", code="InvalidNextToken")
    start = int(token)
    end = start + int(limit)
    return items[start:end], str(end) if end < len(items) else ""


async def _select(
    env: Env, call: Call, request: dict[str, Any]
) -> tuple[list[Instance], dict[str, dict[str, str]]]:
    found = await instances.list_instances(env, call)
    wanted = request.get("InstanceIds")
    if wanted:
        known = {it.id: it for it in found}
        missing = [instance_id for instance_id in wanted if instance_id not in known]
        if missing:
            many = "s" if len(missing) > 1 else ""
            verb = "do" if many else "does"
            raise InstanceNotFound(f"The instance ID{many} '{', '.join(missing)}' {verb} not exist")
        found = [known[instance_id] for instance_id in dict.fromkeys(wanted)]
    tags = await list_tags(env, call)
    return matching(found, request.get("Filters"), _fields(tags)), tags


def _fields(tags: dict[str, dict[str, str]]) -> dict[str, Callable[[Instance], Sequence[str]]]:
    return {
        "instance-id": lambda it: [it.id],
        "instance-state-name": lambda it: [it.state.value],
        "instance-state-code": lambda it: [str(it.state.code)],
        "instance-type": lambda it: [it.type],
        "image-id": lambda it: [it.image_id],
        "availability-zone": lambda it: [it.zone],
        "key-name": lambda it: [it.key_name],
        "client-token": lambda it: [it.client_token],
        "reservation-id": lambda it: [it.reservation_id],
        "owner-id": lambda it: [it.account],
        "private-ip-address": lambda it: [it.address],
        "network-interface.addresses.private-ip-address": lambda it: [it.address],
        "subnet-id": lambda it: [it.subnet_id],
        "vpc-id": lambda it: [it.vpc_id],
        "iam-instance-profile.arn": lambda it: [
            f"arn:aws:iam::{it.account}:instance-profile/{it.profile}" if it.profile else ""
        ],
        "launch-index": lambda it: [str(it.launch_index)],
        "tag": lambda it: [f"{key}={value}" for key, value in tags.get(it.id, {}).items()],
    }


def _status(it: Instance, *, zone_up: bool) -> dict[str, Any]:
    running = it.state is State.RUNNING
    word = "ok" if running and zone_up else "impaired" if running else "not-applicable"
    passed = {"ok": "passed", "impaired": "failed"}.get(word)
    details = [{"Name": "reachability", "Status": passed}] if passed else []
    return {
        "InstanceId": it.id,
        "AvailabilityZone": it.zone,
        "InstanceState": state_of(it.state),
        "InstanceStatus": {"Status": word, "Details": details},
        "SystemStatus": {"Status": word, "Details": details},
        "Events": [],
    }
