"""Rows as EC2's shapes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from volano.services.compute.model import Instance, State

if TYPE_CHECKING:
    from volano.kernel.call import Call
    from volano.services.compute.logic.instances import About
    from volano.services.compute.model import Image, InstanceType

MIB = 1024 * 1024


def time_of(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1e6, UTC)


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def state_of(state: State) -> dict[str, Any]:
    return {"Code": state.code, "Name": state.value}


def reservations_of(instances: list[Instance], about: About, call: Call) -> list[dict[str, Any]]:
    """Instances grouped by the launch that made them."""
    grouped: dict[str, list[Instance]] = {}
    for it in instances:
        grouped.setdefault(it.reservation_id, []).append(it)
    return [
        reservation_of(reservation, items, about, call) for reservation, items in grouped.items()
    ]


def reservation_of(
    reservation_id: str, items: list[Instance], about: About, call: Call
) -> dict[str, Any]:
    return {
        "ReservationId": reservation_id,
        "OwnerId": call.account,
        "Groups": [],
        "Instances": [instance_of(it, about, call) for it in items],
    }


def instance_of(it: Instance, about: About, call: Call) -> dict[str, Any]:
    """One instance; address and network are gone once it is terminated, as in EC2."""
    groups = about.groups_of(it)
    shape: dict[str, Any] = {
        "InstanceId": it.id,
        "ImageId": it.image_id,
        "State": state_of(it.state),
        "StateTransitionReason": _transition(it),
        "AmiLaunchIndex": it.launch_index,
        "InstanceType": it.type,
        "LaunchTime": time_of(it.launched_us),
        "Placement": {"AvailabilityZone": it.zone, "GroupName": "", "Tenancy": "default"},
        "Monitoring": {"State": "disabled"},
        "Architecture": "x86_64",
        "BlockDeviceMappings": [],
        "ClientToken": it.client_token,
        "EbsOptimized": False,
        "EnaSupport": True,
        "Hypervisor": "xen",
        "NetworkInterfaces": [],
        "RootDeviceName": "/dev/sda1",
        "RootDeviceType": "instance-store",
        "SecurityGroups": [],
        "SourceDestCheck": True,
        "VirtualizationType": "hvm",
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "UsageOperationUpdateTime": time_of(it.launched_us),
        "PrivateDnsName": "",
        "PublicDnsName": "",
        "MetadataOptions": {
            "State": "applied",
            "HttpTokens": "required" if it.tokens_required else "optional",
            "HttpPutResponseHopLimit": 1,
            "HttpEndpoint": "enabled",
            "HttpProtocolIpv6": "disabled",
            "InstanceMetadataTags": "enabled",
        },
    }
    tags = about.tags.get(it.id)
    if tags:
        shape["Tags"] = tag_list(tags)
    waits = about.waits.get(it.id)
    if waits:
        shape["StateReason"] = {"Code": "pending", "Message": waits}
    if it.key_name:
        shape["KeyName"] = it.key_name
    if it.reason:
        shape["StateReason"] = {"Code": it.reason_code, "Message": it.reason}
    if it.profile:
        shape["IamInstanceProfile"] = {"Arn": it.profile_arn, "Id": it.profile_id}
    if it.state is not State.TERMINATED:
        shape |= {
            "PrivateIpAddress": it.address,
            "PrivateDnsName": f"{it.hostname}.{call.region}.compute.internal",
            "SubnetId": it.subnet_id,
            "VpcId": it.vpc_id,
            "SecurityGroups": groups,
            "NetworkInterfaces": [_interface_of(it, groups, call)],
        }
    return shape


def _transition(it: Instance) -> str:
    if it.reason_code != "Client.UserInitiatedShutdown":
        return it.reason_code
    return f"User initiated ({time_of(it.changed_us):%Y-%m-%d %H:%M:%S} GMT)"


def interface_of(it: Instance, about: About, call: Call) -> dict[str, Any]:
    """DescribeNetworkInterfaces' shape of an instance's only interface."""
    shape = _interface_of(it, about.groups_of(it), call)
    shape["Attachment"] |= {"InstanceId": it.id, "InstanceOwnerId": it.account}
    return shape | {
        "AvailabilityZone": it.zone,
        "Description": "",
        "InterfaceType": "interface",
        "RequesterManaged": False,
        "TagSet": tag_list(about.tags.get(it.interface_id, {})),
    }


def _interface_of(it: Instance, groups: list[dict[str, str]], call: Call) -> dict[str, Any]:
    dns = f"{it.hostname}.{call.region}.compute.internal"
    return {
        "NetworkInterfaceId": it.interface_id,
        "MacAddress": it.mac,
        "OwnerId": it.account,
        "PrivateIpAddress": it.address,
        "PrivateDnsName": dns,
        "PrivateIpAddresses": [
            {"Primary": True, "PrivateIpAddress": it.address, "PrivateDnsName": dns}
        ],
        "SubnetId": it.subnet_id,
        "VpcId": it.vpc_id,
        "Status": "in-use",
        "SourceDestCheck": True,
        "Attachment": {
            "AttachmentId": it.interface_id.replace("eni-", "eni-attach-"),
            "DeviceIndex": 0,
            "DeleteOnTermination": True,
            "Status": "attached",
            "AttachTime": time_of(it.launched_us),
        },
        "Groups": groups,
    }


def type_of(kind: InstanceType) -> dict[str, Any]:
    """DescribeInstanceTypes' shape of a type."""
    return {
        "InstanceType": kind.name,
        "CurrentGeneration": True,
        "FreeTierEligible": False,
        "SupportedUsageClasses": ["on-demand"],
        "SupportedRootDeviceTypes": ["instance-store"],
        "SupportedVirtualizationTypes": ["hvm"],
        "BareMetal": False,
        "Hypervisor": "nitro",
        "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
        "VCpuInfo": {
            "DefaultVCpus": kind.vcpus,
            "DefaultCores": kind.vcpus,
            "DefaultThreadsPerCore": 1,
        },
        "MemoryInfo": {"SizeInMiB": kind.memory_bytes // MIB},
        "InstanceStorageSupported": True,
        "BurstablePerformanceSupported": kind.share_millis < kind.cpu_millis,
        "AutoRecoverySupported": False,
        "NetworkInfo": {"MaximumNetworkInterfaces": 1, "Ipv4AddressesPerInterface": 1},
        "HibernationSupported": False,
        "DedicatedHostsSupported": False,
    }


def image_of(image: Image) -> dict[str, Any]:
    return {
        "ImageId": image.id,
        "Name": image.name,
        "Description": image.description,
        "Architecture": "x86_64",
        "CreationDate": image.created,
        "ImageLocation": f"volano/{image.name}",
        "ImageType": "machine",
        "Public": True,
        "OwnerId": "volano",
        "ImageOwnerAlias": "amazon",
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "State": "available",
        "BlockDeviceMappings": [],
        "EnaSupport": True,
        "Hypervisor": "xen",
        "RootDeviceName": "/dev/sda1",
        "RootDeviceType": "instance-store",
        "VirtualizationType": "hvm",
        "Tags": [],
    }
