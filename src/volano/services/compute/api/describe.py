"""What reads instances: DescribeInstances, status, attributes, console output."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Invalid, NotFound
from volano.services.compute.api.shapes import (
    interface_of,
    reservations_of,
    state_of,
    time_of,
)
from volano.services.compute.logic import instances
from volano.services.compute.logic.placement import list_alive
from volano.services.compute.model import Instance, State
from volano.services.network.interface import end_dry_run, matching, page_of
from volano.wire.action import action

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from volano.kernel.call import Call, Env
    from volano.services.compute.logic.instances import About

INSTANCE = "arn:aws:ec2:{region}:{account}:instance/{InstanceId}"


@action("ec2:DescribeInstances", permission="ec2:DescribeInstances", resource="*")
async def describe_instances(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The account's instances by reservation, filtered and paged."""
    end_dry_run(request)
    found, about = await _select(env, call, request)
    page, token = page_of(found, request, _order)
    answer: dict[str, Any] = {"Reservations": reservations_of(page, about, call)}
    if token:
        answer["NextToken"] = token
    return answer


@action("ec2:DescribeInstanceStatus", permission="ec2:DescribeInstanceStatus", resource="*")
async def describe_instance_status(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Health of running instances (of all with IncludeAllInstances)."""
    end_dry_run(request)
    found, _ = await _select(env, call, request)
    if not request.get("IncludeAllInstances"):
        found = [it for it in found if it.state is State.RUNNING]
    page, token = page_of(found, request, _order)
    alive = await list_alive(env.store.reader, env)
    answer: dict[str, Any] = {
        "InstanceStatuses": [_status(it, alive=it.node in alive) for it in page]
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
    end_dry_run(request)
    it = await instances.get_instance(env, call, request["InstanceId"])
    user_data = await instances.get_user_data(env, call, it.id)
    values: dict[str, tuple[str, dict[str, Any]]] = {
        "instanceType": ("InstanceType", {"Value": it.type}),
        "userData": ("UserData", {"Value": user_data} if user_data else {}),
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
    end_dry_run(request)
    output = await instances.get_console_output(env, call, request["InstanceId"])
    return {
        "InstanceId": request["InstanceId"],
        "Timestamp": time_of(env.clock.now_us()),
        "Output": base64.b64encode(output).decode(),
    }


@action("ec2:DescribeNetworkInterfaces", permission="ec2:DescribeNetworkInterfaces", resource="*")
async def describe_network_interfaces(
    env: Env, call: Call, request: dict[str, Any]
) -> dict[str, Any]:
    """The interface of each instance that is not terminated."""
    end_dry_run(request)
    every = await instances.list_instances(env, call)
    found = sorted(
        (it for it in every if it.state is not State.TERMINATED), key=lambda it: it.interface_id
    )
    known = {it.interface_id for it in found}
    for wanted in request.get("NetworkInterfaceIds") or []:
        if wanted not in known:
            raise NotFound(
                f"The networkInterface ID '{wanted}' does not exist",
                code="InvalidNetworkInterfaceID.NotFound",
                status=400,
            )
    if request.get("NetworkInterfaceIds"):
        found = [it for it in found if it.interface_id in request["NetworkInterfaceIds"]]
    about = await instances.describe_about(env, call, found)
    fields = {
        "network-interface-id": lambda it: [it.interface_id],
        "attachment.instance-id": lambda it: [it.id],
        "availability-zone": lambda it: [it.zone],
        "addresses.private-ip-address": lambda it: [it.address],
        "private-ip-address": lambda it: [it.address],
        "mac-address": lambda it: [it.mac],
        "owner-id": lambda it: [it.account],
        "status": lambda it: ["in-use"],
        "subnet-id": lambda it: [it.subnet_id],
        "vpc-id": lambda it: [it.vpc_id],
        "group-id": lambda it: [group["GroupId"] for group in about.groups_of(it)],
        "tag": lambda it: [],
    }
    kept = matching(found, request.get("Filters"), fields)
    page, token = page_of(kept, request, lambda it: it.interface_id)
    answer: dict[str, Any] = {"NetworkInterfaces": [interface_of(it, about, call) for it in page]}
    return answer | ({"NextToken": token} if token else {})


def _order(it: Instance) -> str:
    return f"{it.launched_us:020} {it.launch_index:06} {it.id}"


async def _select(env: Env, call: Call, request: dict[str, Any]) -> tuple[list[Instance], About]:
    if request.get("InstanceIds") and request.get("MaxResults"):
        raise Invalid(
            "The parameter instancesSet cannot be used with the parameter maxResults",
            code="InvalidParameterCombination",
        )
    found = await instances.list_instances(env, call, request.get("InstanceIds"))
    about = await instances.describe_about(env, call, found)
    return matching(found, request.get("Filters"), _fields(about, call.region)), about


def _fields(about: About, region: str) -> dict[str, Callable[[Instance], Sequence[str]]]:
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
        "iam-instance-profile.arn": lambda it: [it.profile_arn],
        "iam-instance-profile.id": lambda it: [it.profile_id],
        "private-dns-name": lambda it: [f"{it.hostname}.{region}.compute.internal"],
        "network-interface.network-interface-id": lambda it: [it.interface_id],
        "instance.group-id": lambda it: [group["GroupId"] for group in about.groups_of(it)],
        "instance.group-name": lambda it: [group["GroupName"] for group in about.groups_of(it)],
        "state-reason-code": lambda it: [it.reason_code],
        "architecture": lambda it: ["x86_64"],
        "root-device-type": lambda it: ["instance-store"],
        "tenancy": lambda it: ["default"],
        "launch-index": lambda it: [str(it.launch_index)],
        "tag": lambda it: [f"{key}={value}" for key, value in about.tags.get(it.id, {}).items()],
    }


def _status(it: Instance, *, alive: bool) -> dict[str, Any]:
    running = it.state is State.RUNNING
    word = "ok" if running and alive else "impaired" if running else "not-applicable"
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
