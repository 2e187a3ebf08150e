"""Instances over Volano's REST API, as the console shows them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec

from volano.services.compute.logic import instances
from volano.services.compute.logic.launch import Launch, run_instances
from volano.services.compute.model import IMAGES, State
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.compute.logic.instances import About
    from volano.services.compute.model import Instance

EVERY = "arn:aws:ec2:{region}:{account}:instance/*"
ONE = "arn:aws:ec2:{region}:{account}:instance/{id}"


class NoFields(msgspec.Struct):
    pass


class InstanceId(msgspec.Struct):
    id: str


class InstanceObject(msgspec.Struct, kw_only=True):
    id: str
    name: str
    type: str
    image: str
    zone: str
    state: str
    reason: str
    address: str
    key_name: str
    role: str
    launched_us: int
    tags: dict[str, str]


class InstanceList(msgspec.Struct, kw_only=True):
    items: list[InstanceObject]
    next_cursor: str | None = None


class LaunchRequest(msgspec.Struct, kw_only=True):
    """`user_data` is plain text: a script that begins with `#!`."""

    name: str = ""
    type: str = "u1.small"
    image: str = IMAGES[0].id
    zone: str | None = None
    count: int = 1
    user_data: str = ""
    key_name: str = ""
    role: str = ""
    tags: dict[str, str] = {}


class ConsoleOutput(msgspec.Struct, kw_only=True):
    id: str
    output: str


@action(
    "volano:listInstances",
    method="GET",
    path="/volano/v1/instances",
    permission="ec2:DescribeInstances",
    resource="*",
)
async def list_instances(env: Env, call: Call, request: NoFields) -> InstanceList:
    """The account's instances, newest first."""
    found = await instances.list_instances(env, call)
    return InstanceList(items=await _shown(env, call, found[::-1]))


@action(
    "volano:getInstance",
    method="GET",
    path="/volano/v1/instances/{id}",
    permission="ec2:DescribeInstances",
    resource="*",
)
async def get_instance(env: Env, call: Call, request: InstanceId) -> InstanceObject:
    """One instance."""
    it = await instances.get_instance(env, call, request.id)
    return await _one(env, call, it)


@action(
    "volano:launchInstances",
    method="POST",
    path="/volano/v1/instances",
    permission="ec2:RunInstances",
    resource=EVERY,
)
async def launch_instances(env: Env, call: Call, request: LaunchRequest) -> InstanceList:
    """Launch instances."""
    tags = dict(request.tags) | ({"Name": request.name} if request.name else {})
    launch = Launch(
        image_id=request.image,
        type=request.type,
        minimum=request.count,
        maximum=request.count,
        zone=request.zone or None,
        key_name=request.key_name,
        profile=request.role,
        user_data=base64.b64encode(request.user_data.encode()).decode(),
        tags=tags,
    )
    made = await run_instances(env, call, launch)
    return InstanceList(items=await _shown(env, call, made))


@action(
    "volano:startInstance",
    method="POST",
    path="/volano/v1/instances/{id}/start",
    permission="ec2:StartInstances",
    resource=ONE,
)
async def start_instance(env: Env, call: Call, request: InstanceId) -> InstanceObject:
    """Start a stopped instance."""
    ((it, _),) = await instances.start_instances(env, call, [request.id])
    return await _one(env, call, it)


@action(
    "volano:stopInstance",
    method="POST",
    path="/volano/v1/instances/{id}/stop",
    permission="ec2:StopInstances",
    resource=ONE,
)
async def stop_instance(env: Env, call: Call, request: InstanceId) -> InstanceObject:
    """Stop an instance; its disk stays."""
    ((it, _),) = await instances.stop_instances(env, call, [request.id])
    return await _one(env, call, it)


@action(
    "volano:rebootInstance",
    method="POST",
    path="/volano/v1/instances/{id}/reboot",
    permission="ec2:RebootInstances",
    resource=ONE,
)
async def reboot_instance(env: Env, call: Call, request: InstanceId) -> InstanceObject:
    """Stop and start in one."""
    await instances.reboot_instances(env, call, [request.id])
    it = await instances.get_instance(env, call, request.id)
    return await _one(env, call, it)


@action(
    "volano:terminateInstance",
    method="DELETE",
    path="/volano/v1/instances/{id}",
    permission="ec2:TerminateInstances",
    resource=ONE,
)
async def terminate_instance(env: Env, call: Call, request: InstanceId) -> InstanceObject:
    """End an instance for good."""
    ((it, _),) = await instances.terminate_instances(env, call, [request.id])
    return await _one(env, call, it)


@action(
    "volano:getConsoleOutput",
    method="GET",
    path="/volano/v1/instances/{id}/console",
    permission="ec2:GetConsoleOutput",
    resource=ONE,
)
async def get_console(env: Env, call: Call, request: InstanceId) -> ConsoleOutput:
    """The end of what the instance wrote."""
    output = await instances.get_console_output(env, call, request.id)
    return ConsoleOutput(id=request.id, output=output.decode("utf-8", "replace"))


async def _shown(env: Env, call: Call, found: list[Instance]) -> list[InstanceObject]:
    about = await instances.describe_about(env, call, found)
    return [_object(it, about) for it in found]


async def _one(env: Env, call: Call, it: Instance) -> InstanceObject:
    (shown,) = await _shown(env, call, [it])
    return shown


def _object(it: Instance, about: About) -> InstanceObject:
    tags = about.tags.get(it.id, {})
    return InstanceObject(
        id=it.id,
        name=tags.get("Name", ""),
        type=it.type,
        image=it.image_id,
        zone=it.zone,
        state=it.state.value,
        reason=about.waits.get(it.id, it.reason),
        address=it.address if it.state is not State.TERMINATED else "",
        key_name=it.key_name,
        role=it.profile,
        launched_us=it.launched_us,
        tags=tags,
    )
