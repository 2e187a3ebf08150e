"""Instances over Volano's REST API, as the console shows them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec

from volano.services.billing import interface as billing
from volano.services.compute.logic import instances
from volano.services.compute.logic.instances import Launch
from volano.services.compute.logic.tags import list_tags, require_tags
from volano.services.compute.model import IMAGES, INSTANCE_TYPES
from volano.wire.action import SIGNED_IN, action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.compute.model import Instance

EVERY = "arn:aws:ec2:{region}:{account}:instance/*"
ONE = "arn:aws:ec2:{region}:{account}:instance/{id}"
HOUR_S = 3600


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


class TypeObject(msgspec.Struct, kw_only=True):
    name: str
    family: str
    vcpus: int
    memory_bytes: int
    guaranteed_cpu: float
    price_per_hour: str | None
    currency: str


class ImageObject(msgspec.Struct, kw_only=True):
    id: str
    name: str
    description: str
    prepared: bool


class RuntimeObject(msgspec.Struct, kw_only=True):
    """What runs instances here, and how isolated they are."""

    kind: str
    engine: str
    isolation: str
    limits: bool
    internet: bool
    notes: list[str]


class CatalogObject(msgspec.Struct, kw_only=True):
    types: list[TypeObject]
    images: list[ImageObject]
    zones: list[str]
    runtime: RuntimeObject


@action(
    "volano:listInstances",
    method="GET",
    path="/volano/v1/instances",
    permission="ec2:DescribeInstances",
    resource="*",
)
async def list_instances(env: Env, call: Call, request: NoFields) -> InstanceList:
    """The account's instances, newest first."""
    tags = await list_tags(env, call)
    found = await instances.list_instances(env, call)
    items = [_object(it, tags.get(it.id, {})) for it in reversed(found)]
    return InstanceList(items=items)


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
    return _object(it, (await list_tags(env, call)).get(it.id, {}))


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
    require_tags(tags)
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
    made = await instances.run_instances(env, call, launch)
    return InstanceList(items=[_object(it, tags) for it in made])


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
    return _object(it, (await list_tags(env, call)).get(it.id, {}))


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
    return _object(it, (await list_tags(env, call)).get(it.id, {}))


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
    return _object(it, (await list_tags(env, call)).get(it.id, {}))


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
    return _object(it, (await list_tags(env, call)).get(it.id, {}))


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


@action(
    "volano:getComputeCatalog",
    method="GET",
    path="/volano/v1/compute/catalog",
    permission=SIGNED_IN,
    resource="*",
)
async def get_catalog(env: Env, call: Call, request: NoFields) -> CatalogObject:
    """What can be launched, at which price, and what will run it."""
    info = await env.runtime.probe()
    listed = billing.price_list(env.config)
    today = billing.day_of(env.clock.now_us())
    types = []
    for kind in INSTANCE_TYPES.values():
        price = listed.price(kind.meter, today)
        hourly = None if price is None else format(price.cost(billing.decimal(HOUR_S)), "f")
        types.append(
            TypeObject(
                name=kind.name,
                family=kind.family,
                vcpus=kind.vcpus,
                memory_bytes=kind.memory_bytes,
                guaranteed_cpu=kind.share_millis / 1000,
                price_per_hour=hourly,
                currency=listed.currency,
            )
        )
    images = [
        ImageObject(
            id=image.id,
            name=image.name,
            description=image.description,
            prepared=env.runtime.is_prepared(image.runtime_name),
        )
        for image in IMAGES
    ]
    runtime = RuntimeObject(
        kind=info.kind,
        engine=info.engine,
        isolation=info.isolation,
        limits=info.limits,
        internet=info.internet,
        notes=list(info.notes),
    )
    return CatalogObject(types=types, images=images, zones=list(env.region.zones), runtime=runtime)


def _object(it: Instance, tags: dict[str, str]) -> InstanceObject:
    return InstanceObject(
        id=it.id,
        name=tags.get("Name", ""),
        type=it.type,
        image=it.image_id,
        zone=it.zone,
        state=it.state.value,
        reason=it.reason,
        address=it.address,
        key_name=it.key_name,
        role=it.profile,
        launched_us=it.launched_us,
        tags=tags,
    )
