"""What can be launched and where: regions, zones, instance types, images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Invalid
from volano.services.compute.api.shapes import image_of, type_of
from volano.services.compute.logic.images import get_image
from volano.services.compute.model import IMAGES, INSTANCE_TYPES, find_type
from volano.services.network.interface import end_dry_run, matching, page_of
from volano.services.regions import interface as regions
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.compute.model import InstanceType

MIB = 1024 * 1024


@action("ec2:DescribeRegions", permission="ec2:DescribeRegions", resource="*")
async def describe_regions(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """This region; other regions are joined in a later version."""
    end_dry_run(request)
    names = [env.region.name]
    for wanted in request.get("RegionNames") or []:
        if wanted not in names:
            raise Invalid(f"Invalid region provided: {wanted}", code="InvalidParameterValue")
    host = env.config.aws_url.partition("://")[2]
    fields = {
        "region-name": lambda name: [name],
        "endpoint": lambda name: [host],
        "opt-in-status": lambda name: ["opt-in-not-required"],
    }
    return {
        "Regions": [
            {"RegionName": name, "Endpoint": host, "OptInStatus": "opt-in-not-required"}
            for name in matching(names, request.get("Filters"), fields)
        ]
    }


@action("ec2:DescribeAvailabilityZones", permission="ec2:DescribeAvailabilityZones", resource="*")
async def describe_availability_zones(
    env: Env, call: Call, request: dict[str, Any]
) -> dict[str, Any]:
    """The region's zones and whether they are available."""
    end_dry_run(request)
    zones = await regions.list_zones(env.store.reader, env.region)
    wanted = request.get("ZoneNames")
    if wanted:
        known = {zone.name for zone in zones}
        for name in wanted:
            if name not in known:
                raise Invalid(f"Invalid availability zone: [{name}]", code="InvalidParameterValue")
        zones = [zone for zone in zones if zone.name in wanted]
    fields = {
        "zone-name": lambda zone: [zone.name],
        "zone-id": lambda zone: [zone.id],
        "region-name": lambda zone: [env.region.name],
        "state": lambda zone: [zone.state.value],
        "zone-type": lambda zone: ["availability-zone"],
    }
    return {
        "AvailabilityZones": [
            {
                "ZoneName": zone.name,
                "ZoneId": zone.id,
                "RegionName": env.region.name,
                "State": zone.state.value,
                "ZoneType": "availability-zone",
                "OptInStatus": "opt-in-not-required",
                "GroupName": env.region.name,
                "NetworkBorderGroup": env.region.name,
                "Messages": [{"Message": zone.reason}] if zone.reason else [],
            }
            for zone in matching(zones, request.get("Filters"), fields)
        ]
    }


@action("ec2:DescribeInstanceTypes", permission="ec2:DescribeInstanceTypes", resource="*")
async def describe_instance_types(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The instance types of all families."""
    end_dry_run(request)
    found = list(INSTANCE_TYPES.values())
    wanted = request.get("InstanceTypes")
    if wanted:
        kinds = [_find_type(env, name) for name in wanted]
        unknown = [name for name, kind in zip(wanted, kinds, strict=True) if kind is None]
        if unknown:
            raise Invalid(
                f"The following supplied instance types do not exist: [{', '.join(unknown)}]",
                code="InvalidInstanceType",
            )
        found = [kind for kind in kinds if kind is not None]
    fields = {
        "instance-type": lambda kind: [kind.name],
        "vcpu-info.default-vcpus": lambda kind: [str(kind.vcpus)],
        "memory-info.size-in-mib": lambda kind: [str(kind.memory_bytes // MIB)],
        "current-generation": lambda kind: ["true"],
        "bare-metal": lambda kind: ["false"],
        "burstable-performance-supported": lambda kind: [
            "true" if kind.share_millis < kind.cpu_millis else "false"
        ],
        "processor-info.supported-architecture": lambda kind: ["x86_64"],
        "supported-usage-class": lambda kind: ["on-demand"],
    }
    kept = sorted(matching(found, request.get("Filters"), fields), key=lambda kind: str(kind.name))
    page, token = page_of(kept, request, lambda kind: kind.name)
    answer: dict[str, Any] = {"InstanceTypes": [type_of(kind) for kind in page]}
    if token:
        answer["NextToken"] = token
    return answer


def _find_type(env: Env, name: str) -> InstanceType | None:
    return find_type(name) if env.config.test_mode else INSTANCE_TYPES.get(name)


@action(
    "ec2:DescribeInstanceTypeOfferings",
    permission="ec2:DescribeInstanceTypeOfferings",
    resource="*",
)
async def describe_instance_type_offerings(
    env: Env, call: Call, request: dict[str, Any]
) -> dict[str, Any]:
    """Every type is offered in every zone."""
    end_dry_run(request)
    kind = request.get("LocationType", "region")
    places = list(env.region.zones) if kind == "availability-zone" else [env.region.name]
    rows = [(name, place) for place in places for name in INSTANCE_TYPES]
    fields = {"instance-type": lambda row: [row[0]], "location": lambda row: [row[1]]}
    return {
        "InstanceTypeOfferings": [
            {"InstanceType": name, "Location": place, "LocationType": kind}
            for name, place in matching(rows, request.get("Filters"), fields)
        ]
    }


@action("ec2:DescribeImages", permission="ec2:DescribeImages", resource="*")
async def describe_images(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The images that instances start from."""
    end_dry_run(request)
    found = list(IMAGES)
    if request.get("ImageIds"):
        found = [get_image(image_id) for image_id in request["ImageIds"]]
    owners = request.get("Owners")
    if owners and not set(owners) & {"amazon", "volano", "self"}:
        found = []
    if owners == ["self"]:
        found = []
    fields = {
        "image-id": lambda image: [image.id],
        "name": lambda image: [image.name],
        "description": lambda image: [image.description],
        "architecture": lambda image: ["x86_64"],
        "state": lambda image: ["available"],
        "is-public": lambda image: ["true"],
        "image-type": lambda image: ["machine"],
        "owner-alias": lambda image: ["amazon"],
        "owner-id": lambda image: ["volano"],
        "root-device-type": lambda image: ["instance-store"],
        "virtualization-type": lambda image: ["hvm"],
        "tag": lambda image: [],
    }
    return {
        "Images": [image_of(image) for image in matching(found, request.get("Filters"), fields)]
    }
