"""RunInstances, Start, Stop, Reboot, Terminate: what changes instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Invalid, VolanoError
from volano.services.compute.api.shapes import reservation_of, state_of
from volano.services.compute.logic import instances
from volano.services.compute.logic.instances import Launch
from volano.services.compute.logic.tags import require_tags
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.compute.model import Instance, State

INSTANCE = "arn:aws:ec2:{region}:{account}:instance/*"

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


class DryRunOperation(VolanoError):
    """The caller may do it; nothing was done (EC2's answer to DryRun)."""

    code = "DryRunOperation"
    status = 412


@action(
    "ec2:RunInstances",
    permission="ec2:RunInstances",
    resource=INSTANCE,
    partial="No volumes, launch templates, spot options or more than one network interface.",
)
async def run_instances(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Launch instances; the answer comes while they are pending."""
    launch = _launch(request)
    _end_dry_run(request)
    made = await instances.run_instances(env, call, launch)
    tags = {it.id: launch.tags for it in made}
    return reservation_of(made[0].reservation_id, made, tags, call)


@action("ec2:StartInstances", permission="ec2:StartInstances", resource=INSTANCE)
async def start_instances(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Start stopped instances on the disk they had."""
    _end_dry_run(request)
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
    _end_dry_run(request)
    changed = await instances.stop_instances(env, call, request["InstanceIds"])
    return {"StoppingInstances": _changes(changed)}


@action("ec2:RebootInstances", permission="ec2:RebootInstances", resource=INSTANCE)
async def reboot_instances(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Stop and start in one."""
    _end_dry_run(request)
    await instances.reboot_instances(env, call, request["InstanceIds"])
    return {}


@action("ec2:TerminateInstances", permission="ec2:TerminateInstances", resource=INSTANCE)
async def terminate_instances(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """End instances for good; they are shown for an hour."""
    _end_dry_run(request)
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
    _end_dry_run(request)
    required = request.get("HttpTokens", "optional") == "required"
    await instances.set_tokens_required(env, call, request["InstanceId"], required=required)
    options = {
        "State": "applied",
        "HttpTokens": "required" if required else "optional",
        "HttpPutResponseHopLimit": 1,
        "HttpEndpoint": "enabled",
    }
    return {"InstanceId": request["InstanceId"], "InstanceMetadataOptions": options}


def _launch(request: dict[str, Any]) -> Launch:
    for name in _UNBUILT:
        if request.get(name):
            raise Invalid(
                f"{name} is not supported by Volano yet; leave it out.", code="UnsupportedOperation"
            )
    interface = _interface(request)
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
        raise Invalid("An instance has one network interface.", code="UnsupportedOperation")
    return dict(interfaces[0]) if interfaces else {}


def _profile(given: dict[str, str]) -> str:
    return given.get("Name") or given.get("Arn", "").rpartition("/")[2]


def _tags(request: dict[str, Any]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for specification in request.get("TagSpecifications", []):
        if specification.get("ResourceType") == "instance":
            tags |= {tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags", [])}
    require_tags(tags)
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


def _end_dry_run(request: dict[str, Any]) -> None:
    if request.get("DryRun"):
        raise DryRunOperation("Request would have succeeded, but DryRun flag is set.")
