"""What clients ask about an account's EC2 before they do anything: limits, and what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Invalid, NotFound
from volano.services.compute.logic.launch import QUOTA
from volano.services.identity import interface as identity
from volano.services.network.interface import end_dry_run, require_default_vpc
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

_NO_ADDRESSES = "0"


@action("ec2:DescribeAccountAttributes", permission="ec2:DescribeAccountAttributes", resource="*")
async def describe_account_attributes(
    env: Env, call: Call, request: dict[str, Any]
) -> dict[str, Any]:
    """The default VPC and the account's limits."""
    end_dry_run(request)
    vpc = await require_default_vpc(env, call)
    quota = await identity.quota_value(env.store.reader, call.account, QUOTA)
    values = {
        "supported-platforms": "VPC",
        "default-vpc": vpc.id,
        "max-instances": str(quota),
        "vpc-max-security-groups-per-interface": "1",
        "max-elastic-ips": _NO_ADDRESSES,
        "vpc-max-elastic-ips": _NO_ADDRESSES,
    }
    wanted = request.get("AttributeNames") or list(values)
    unknown = [name for name in wanted if name not in values]
    if unknown:
        raise Invalid(
            f"The attribute {unknown[0][:60]} is not one of {', '.join(values)}.",
            code="InvalidParameterValue",
        )
    return {
        "AccountAttributes": [
            {"AttributeName": name, "AttributeValues": [{"AttributeValue": values[name]}]}
            for name in wanted
        ]
    }


@action("ec2:DescribeVolumes", permission="ec2:DescribeVolumes", resource="*")
async def describe_volumes(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Volumes: there are none, since none can be made yet; disks are part of their instance."""
    end_dry_run(request)
    _require_none(request.get("VolumeIds"), "volume", "InvalidVolume.NotFound")
    return {"Volumes": []}


@action("ec2:DescribeSnapshots", permission="ec2:DescribeSnapshots", resource="*")
async def describe_snapshots(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Snapshots: there are none, since there are no volumes yet."""
    end_dry_run(request)
    _require_none(request.get("SnapshotIds"), "snapshot", "InvalidSnapshot.NotFound")
    return {"Snapshots": []}


def _require_none(ids: list[str] | None, noun: str, code: str) -> None:
    if ids:
        raise NotFound(f"The {noun} '{ids[0]}' does not exist.", code=code, status=400)
