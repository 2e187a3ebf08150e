"""Tags and key pairs over EC2's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Invalid, NotFound
from volano.services.compute.api.describe import page_of
from volano.services.compute.api.shapes import time_of
from volano.services.compute.logic import key_pairs, tags
from volano.services.network.interface import matching
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.compute.model import KeyPair

_KINDS = {
    "i": "instance",
    "vpc": "vpc",
    "subnet": "subnet",
    "sg": "security-group",
    "igw": "internet-gateway",
    "rtb": "route-table",
    "key": "key-pair",
    "ami": "image",
    "eni": "network-interface",
}
ANY = "arn:aws:ec2:{region}:{account}:*/*"
KEY_PAIR = "arn:aws:ec2:{region}:{account}:key-pair/{KeyName}"


@action("ec2:CreateTags", permission="ec2:CreateTags", resource=ANY)
async def create_tags(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Set tags on resources."""
    given = {tag["Key"]: tag.get("Value", "") for tag in request["Tags"]}
    await tags.create_tags(env, call, _checked(request["Resources"]), given)
    return {}


@action("ec2:DeleteTags", permission="ec2:DeleteTags", resource=ANY)
async def delete_tags(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Remove tags from resources."""
    given = [(tag["Key"], tag.get("Value")) for tag in request.get("Tags", [])]
    await tags.delete_tags(env, call, _checked(request["Resources"]), given)
    return {}


@action("ec2:DescribeTags", permission="ec2:DescribeTags", resource="*")
async def describe_tags(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """All tags of the account's resources."""
    known = await tags.list_tags(env, call)
    rows = [
        {"ResourceId": rid, "ResourceType": kind_of(rid), "Key": key, "Value": value}
        for rid, pairs in known.items()
        for key, value in pairs.items()
    ]
    fields = {
        "resource-id": lambda row: [row["ResourceId"]],
        "resource-type": lambda row: [row["ResourceType"]],
        "key": lambda row: [row["Key"]],
        "value": lambda row: [row["Value"]],
        "tag": lambda row: [f"{row['Key']}={row['Value']}"],
    }
    page, token = page_of(matching(rows, request.get("Filters"), fields), request)
    return {"Tags": page, "NextToken": token} if token else {"Tags": page}


@action("ec2:CreateKeyPair", permission="ec2:CreateKeyPair", resource=KEY_PAIR)
async def create_key_pair(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """A new key pair; its private half is shown this once."""
    kind = request.get("KeyType", "rsa")
    pair, material = await key_pairs.create_key_pair(env, call, request["KeyName"], kind)
    return {
        "KeyName": pair.name,
        "KeyPairId": pair.id,
        "KeyFingerprint": pair.fingerprint,
        "KeyMaterial": material,
        "Tags": [],
    }


@action("ec2:ImportKeyPair", permission="ec2:ImportKeyPair", resource=KEY_PAIR)
async def import_key_pair(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Keep a public key."""
    material = request["PublicKeyMaterial"]
    pair = await key_pairs.import_key_pair(env, call, request["KeyName"], material)
    return {"KeyName": pair.name, "KeyPairId": pair.id, "KeyFingerprint": pair.fingerprint}


@action("ec2:DescribeKeyPairs", permission="ec2:DescribeKeyPairs", resource="*")
async def describe_key_pairs(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The account's key pairs."""
    found = await key_pairs.list_key_pairs(env, call)
    for wanted in request.get("KeyNames") or []:
        if wanted not in {pair.name for pair in found}:
            raise NotFound(
                f"The key pair '{wanted}' does not exist",
                code="InvalidKeyPair.NotFound",
                status=400,
            )
    names, ids = request.get("KeyNames"), request.get("KeyPairIds")
    kept = [
        pair for pair in found if (not names or pair.name in names) and (not ids or pair.id in ids)
    ]
    fields = {
        "key-name": lambda pair: [pair.name],
        "key-pair-id": lambda pair: [pair.id],
        "fingerprint": lambda pair: [pair.fingerprint],
        "tag": lambda pair: [],
    }
    show = bool(request.get("IncludePublicKey"))
    matched = matching(kept, request.get("Filters"), fields)
    return {"KeyPairs": [_key_pair(pair, show=show) for pair in matched]}


@action("ec2:DeleteKeyPair", permission="ec2:DeleteKeyPair", resource=KEY_PAIR)
async def delete_key_pair(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Forget a key pair."""
    name, key_id = request.get("KeyName", ""), request.get("KeyPairId", "")
    if not name and not key_id:
        raise Invalid("Either KeyName or KeyPairId is required.", code="MissingParameter")
    found = await key_pairs.delete_key_pair(env, call, name=name, key_id=key_id)
    return {"Return": True, "KeyPairId": found}


def kind_of(resource_id: str) -> str:
    return _KINDS.get(resource_id.partition("-")[0], "unknown")


def _checked(ids: list[str]) -> list[str]:
    for resource_id in ids:
        if kind_of(resource_id) == "unknown":
            raise Invalid(f"The ID '{resource_id}' is not valid", code="InvalidID")
    return ids


def _key_pair(pair: KeyPair, *, show: bool) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "KeyName": pair.name,
        "KeyPairId": pair.id,
        "KeyFingerprint": pair.fingerprint,
        "KeyType": pair.kind,
        "CreateTime": time_of(pair.created_us),
        "Tags": [],
    }
    if show:
        shape["PublicKey"] = pair.public_key
    return shape
