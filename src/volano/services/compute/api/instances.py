"""RunInstances, Start, Stop, Reboot, Terminate: what changes instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Invalid, NotFound
from volano.services.compute.api.shapes import reservation_of, state_of
from volano.services.compute.logic import instances
from volano.services.compute.logic.launch import Launch
from volano.services.compute.logic.launch import run_instances as launch_instances
from volano.services.network import interface as network
from volano.services.network.interface import end_dry_run
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.compute.model import Instance, State

INSTANCE = "arn:aws:ec2:{region}:{account}:instance/*"

_UNSUPPORTED = "UnsupportedOperation"
_UNBUILT = (
    "BlockDeviceMappings",
    "ElasticGpuSpecification",
    "ElasticInferenceAccelerators",
    "InstanceMarketOptions",
    "LaunchTemplate",
    "HibernationOptions",
    "LicenseSpecifications",
    "Ipv6AddressCount",
    "Ipv6Addresses",
    "RamdiskId",
    "KernelId",
)


@action(
    "ec2:RunInstances",
    permission="ec2:RunInstances",
    resource=INSTANCE,
    partial="No volumes, launch templates, spot, public addresses, own security groups or second "
    "network interfaces.",
)
async def run_instances(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Launch instances; the answer comes while they are pending."""
    launch = await _launch(env, call, request)
    end_dry_run(request)
    made = await launch_instances(env, call, launch)
    known = await instances.describe_about(env, call, made)
    return reservation_of(made[0].reservation_id, made, known, call)


@action("ec2:StartInstances", permission="ec2:StartInstances", resource=INSTANCE)
async def start_instances(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Start stopped instances on the disk they had."""
    end_dry_run(request)
    changed = await instances.start_instances(env, call, request["InstanceIds"])
    return {"StartingInstances": _changes(changed)}


@action(
    "ec2:StopInstances",
    permission="ec2:StopInstances",
    resource=INSTANCE,
    partial="Hibernate is refused.",
)
async def stop_instances(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Stop instances; disk, address and identity stay."""
    if request.get("Hibernate"):
        raise Invalid("Hibernation is not supported.", code="UnsupportedHibernationConfiguration")
    end_dry_run(request)
    changed = await instances.stop_instances(env, call, request["InstanceIds"])
    return {"StoppingInstances": _changes(changed)}


@action("ec2:RebootInstances", permission="ec2:RebootInstances", resource=INSTANCE)
async def reboot_instances(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Stop and start in one."""
    end_dry_run(request)
    await instances.reboot_instances(env, call, request["InstanceIds"])
    return {}


@action("ec2:TerminateInstances", permission="ec2:TerminateInstances", resource=INSTANCE)
async def terminate_instances(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """End instances for good; they are shown for an hour."""
    end_dry_run(request)
    changed = await instances.terminate_instances(env, call, request["InstanceIds"])
    return {"TerminatingInstances": _changes(changed)}


@action(
    "ec2:ModifyInstanceMetadataOptions",
    permission="ec2:ModifyInstanceMetadataOptions",
    resource=INSTANCE,
    partial="Only HttpTokens changes anything.",
)
async def modify_instance_metadata_options(
    env: Env, call: Call, request: dict[str, Any]
) -> dict[str, Any]:
    """Require or allow to leave out the metadata service's session token."""
    end_dry_run(request)
    required = request.get("HttpTokens", "optional") == "required"
    await instances.set_tokens_required(env, call, request["InstanceId"], required=required)
    options = {
        "State": "applied",
        "HttpTokens": "required" if required else "optional",
        "HttpPutResponseHopLimit": 1,
        "HttpEndpoint": "enabled",
    }
    return {"InstanceId": request["InstanceId"], "InstanceMetadataOptions": options}


async def _launch(env: Env, call: Call, request: dict[str, Any]) -> Launch:
    for name in _UNBUILT:
        if request.get(name):
            raise Invalid(
                f"{name} is not supported by Volano yet; leave it out.", code=_UNSUPPORTED
            )
    interface = _interface(request)
    await _require_default_group(env, call, request, interface)
    given: dict[str, Any] = {
        "type": request.get("InstanceType"),
        "zone": request.get("Placement", {}).get("AvailabilityZone"),
        "subnet_id": request.get("SubnetId") or interface.get("SubnetId"),
        "address": request.get("PrivateIpAddress") or interface.get("PrivateIpAddress"),
        "key_name": request.get("KeyName"),
        "profile": _profile(request.get("IamInstanceProfile", {})),
        "user_data": request.get("UserData"),
        "client_token": request.get("ClientToken"),
    }
    if not request.get("ImageId"):
        raise Invalid("The request must contain the parameter ImageId", code="MissingParameter")
    return Launch(
        image_id=request["ImageId"],
        minimum=request["MinCount"],
        maximum=request["MaxCount"],
        tokens_required=request.get("MetadataOptions", {}).get("HttpTokens") == "required",
        tags=_tags(request),
        **{name: value for name, value in given.items() if value},
    )


def _interface(request: dict[str, Any]) -> dict[str, Any]:
    interfaces = request.get("NetworkInterfaces", [])
    if len(interfaces) > 1:
        raise Invalid("An instance has one network interface.", code=_UNSUPPORTED)
    interface = dict(interfaces[0]) if interfaces else {}
    if interface.get("NetworkInterfaceId"):
        raise Invalid("Network interfaces are made with their instance.", code=_UNSUPPORTED)
    if interface.get("AssociatePublicIpAddress"):
        raise Invalid("Instances have no public address yet.", code=_UNSUPPORTED)
    return interface


async def _require_default_group(
    env: Env, call: Call, request: dict[str, Any], interface: dict[str, Any]
) -> None:
    """Only the default security group is enforced yet: another one would promise too much."""
    ids = set(request.get("SecurityGroupIds", [])) | set(interface.get("Groups", []))
    names = set(request.get("SecurityGroups", []))
    if not ids and not names:
        return
    known = await network.list_security_groups(env, call)
    unknown = (ids - {group.id for group in known}) | (names - {group.name for group in known})
    if unknown:
        raise NotFound(
            f"The security group '{min(unknown)}' does not exist",
            code="InvalidGroup.NotFound",
            status=400,
        )


def _profile(given: dict[str, str]) -> str:
    return given.get("Name") or given.get("Arn", "").rpartition("/")[2]


def _tags(request: dict[str, Any]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for specification in request.get("TagSpecifications", []):
        if specification.get("ResourceType") == "instance":
            tags |= {tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags", [])}
        elif specification.get("ResourceType") not in ("volume", "network-interface"):
            raise Invalid(
                f"'{specification.get('ResourceType')}' cannot be tagged on creation here.",
                code="InvalidParameterValue",
            )
    return tags


def _changes(changed: list[tuple[Instance, State]]) -> list[dict[str, Any]]:
    return [
        {
            "InstanceId": it.id,
            "CurrentState": state_of(it.state),
            "PreviousState": state_of(before),
        }
        for it, before in changed
    ]
