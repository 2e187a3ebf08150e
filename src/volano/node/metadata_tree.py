"""The tree of the metadata service: what there is under `meta-data` and `dynamic`.

Source: the EC2 user guide, "Instance metadata categories". Where that says more, it is because
Volano has no such thing (public addresses, spot, block devices beyond the root).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from volano.kernel.config import Config
    from volano.kernel.fleet import InstanceMetadata, RoleCredentials

Tree = dict[str, "Tree | str"]
HOST_ADDRESS = "169.254.169.253"


def meta_data(it: InstanceMetadata, credentials: RoleCredentials | None, config: Config) -> Tree:
    tree: Tree = {
        "ami-id": it.image_id,
        "ami-launch-index": str(it.launch_index),
        "ami-manifest-path": "(unknown)",
        "block-device-mapping": {"ami": "/dev/sda1", "root": "/dev/sda1"},
        "hostname": it.hostname,
        "instance-action": "none",
        "instance-id": it.instance_id,
        "instance-life-cycle": "on-demand",
        "instance-type": it.instance_type,
        "local-hostname": it.hostname,
        "local-ipv4": it.private_address,
        "mac": it.mac,
        "network": {"interfaces": {"macs": {it.mac: _interface(it)}}},
        "placement": {
            "availability-zone": it.zone,
            "availability-zone-id": it.zone_id,
            "region": it.region,
        },
        "profile": "default-hvm",
        "reservation-id": it.reservation_id,
        "security-groups": "\n".join(it.security_groups),
        "services": {
            "domain": "amazonaws.com",
            "partition": "aws",
            "volano-endpoint": f"http://{HOST_ADDRESS}:{config.aws_port}",
        },
        "system": "nitro",
    }
    if it.public_keys:
        tree["public-keys"] = {
            str(index): {"openssh-key": key, "": f"{index}={name}"}
            for index, (name, key) in enumerate(it.public_keys)
        }
    if it.tags:
        tree["tags"] = {"instance": dict(it.tags)}
    if it.profile_arn:
        tree["iam"] = _iam(it, credentials)
    return tree


def identity_document(it: InstanceMetadata) -> str:
    return _json(
        {
            "accountId": it.account,
            "architecture": "x86_64",
            "availabilityZone": it.zone,
            "billingProducts": None,
            "imageId": it.image_id,
            "instanceId": it.instance_id,
            "instanceType": it.instance_type,
            "kernelId": None,
            "pendingTime": _time(it.launch_us),
            "privateIp": it.private_address,
            "ramdiskId": None,
            "region": it.region,
            "version": "2017-09-30",
        }
    )


def listing(folder: Tree) -> str:
    """The names in a folder, folders with a slash; a folder may say how it is listed itself
    (public keys are listed as `0=name`), under the empty name."""
    names = []
    for name, child in folder.items():
        if name == "":
            continue
        if isinstance(child, str):
            names.append(name)
        else:
            own = child.get("")
            names.append(own if isinstance(own, str) else f"{name}/")
    return "\n".join(names)


def _interface(it: InstanceMetadata) -> Tree:
    return {
        "device-number": "0",
        "interface-id": it.interface_id,
        "local-hostname": it.hostname,
        "local-ipv4s": it.private_address,
        "mac": it.mac,
        "owner-id": it.account,
        "security-groups": "\n".join(it.security_groups),
        "subnet-id": it.subnet_id,
        "subnet-ipv4-cidr-block": it.subnet_cidr,
        "vpc-id": it.vpc_id,
        "vpc-ipv4-cidr-block": it.vpc_cidr,
        "vpc-ipv4-cidr-blocks": it.vpc_cidr,
    }


def _iam(it: InstanceMetadata, credentials: RoleCredentials | None) -> Tree:
    info = {
        "Code": "Success",
        "LastUpdated": _time(it.launch_us),
        "InstanceProfileArn": it.profile_arn,
        "InstanceProfileId": it.profile_id,
    }
    roles: Tree = {}
    if it.role_name:
        roles[it.role_name] = _credentials(credentials)
    return {"info": _json(info), "security-credentials": roles}


def _credentials(credentials: RoleCredentials | None) -> str:
    if credentials is None:
        message = "EC2 cannot assume the role. Its trust policy must name ec2.amazonaws.com."
        return _json({"Code": "AssumeRoleUnauthorizedAccess", "Message": message})
    return _json(
        {
            "Code": "Success",
            "LastUpdated": _time(credentials.updated_us),
            "Type": "AWS-HMAC",
            "AccessKeyId": credentials.access_key_id,
            "SecretAccessKey": credentials.secret_access_key,
            "Token": credentials.session_token,
            "Expiration": _time(credentials.expires_us),
        }
    )


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2)


def _time(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
