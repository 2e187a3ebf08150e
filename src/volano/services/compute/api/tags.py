"""Tags and key pairs over EC2's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Invalid
from volano.services.compute.api.shapes import tag_list, time_of
from volano.services.compute.logic import key_pairs, tags
from volano.services.network.interface import end_dry_run, list_tags, matching, page_of
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.compute.model import KeyPair

ANY = "arn:aws:ec2:{region}:{account}:*/*"
KEY_PAIR = "arn:aws:ec2:{region}:{account}:key-pair/{KeyName}"


@action("ec2:CreateTags", permission="ec2:CreateTags", resource=ANY)
async def create_tags(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Set tags on resources."""
    end_dry_run(request)
    given = {tag["Key"]: tag.get("Value", "") for tag in request["Tags"]}
    await tags.create_tags(env, call, request["Resources"], given)
    return {}


@action("ec2:DeleteTags", permission="ec2:DeleteTags", resource=ANY)
async def delete_tags(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Remove tags from resources."""
    end_dry_run(request)
    given = [(tag["Key"], tag.get("Value")) for tag in request.get("Tags", [])]
    await tags.delete_tags(env, call, request["Resources"], given)
    return {}


@action("ec2:DescribeTags", permission="ec2:DescribeTags", resource="*")
async def describe_tags(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """All tags of the account's resources."""
    end_dry_run(request)
    known = await list_tags(env, call)
    rows = [
        {"ResourceId": rid, "ResourceType": _kind_of(rid), "Key": key, "Value": value}
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
    kept = matching(rows, request.get("Filters"), fields)
    page, token = page_of(kept, request, lambda row: f"{row['ResourceId']} {row['Key']}")
    return {"Tags": page, "NextToken": token} if token else {"Tags": page}


@action("ec2:CreateKeyPair", permission="ec2:CreateKeyPair", resource=KEY_PAIR)
async def create_key_pair(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """A new key pair; its private half is shown this once."""
    end_dry_run(request)
    kind = request.get("KeyType", "rsa")
    given = _key_pair_tags(request)
    pair, material = await key_pairs.create_key_pair(
        env, call, request["KeyName"], kind, tags=given
    )
    return _made(pair, given) | {"KeyMaterial": material}


@action("ec2:ImportKeyPair", permission="ec2:ImportKeyPair", resource=KEY_PAIR)
async def import_key_pair(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Keep a public key."""
    end_dry_run(request)
    material = request["PublicKeyMaterial"]
    given = _key_pair_tags(request)
    pair = await key_pairs.import_key_pair(env, call, request["KeyName"], material, tags=given)
    return _made(pair, given)


def _made(pair: KeyPair, tags: dict[str, str]) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "KeyName": pair.name,
        "KeyPairId": pair.id,
        "KeyFingerprint": pair.fingerprint,
    }
    return shape | {"Tags": tag_list(tags)} if tags else shape


@action("ec2:DescribeKeyPairs", permission="ec2:DescribeKeyPairs", resource="*")
async def describe_key_pairs(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The account's key pairs."""
    end_dry_run(request)
    found = await key_pairs.list_key_pairs(
        env, call, names=request.get("KeyNames"), ids=request.get("KeyPairIds")
    )
    known = await list_tags(env, call)
    fields = {
        "key-name": lambda pair: [pair.name],
        "key-pair-id": lambda pair: [pair.id],
        "fingerprint": lambda pair: [pair.fingerprint],
        "tag": lambda pair: [f"{key}={value}" for key, value in known.get(pair.id, {}).items()],
    }
    show = bool(request.get("IncludePublicKey"))
    matched = matching(found, request.get("Filters"), fields)
    return {"KeyPairs": [_key_pair(pair, known.get(pair.id, {}), show=show) for pair in matched]}


@action("ec2:DeleteKeyPair", permission="ec2:DeleteKeyPair", resource=KEY_PAIR)
async def delete_key_pair(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Forget a key pair."""
    end_dry_run(request)
    name, key_id = request.get("KeyName", ""), request.get("KeyPairId", "")
    if not name and not key_id:
        raise Invalid("Either KeyName or KeyPairId is required.", code="MissingParameter")
    found = await key_pairs.delete_key_pair(env, call, name=name, key_id=key_id)
    return {"Return": True, "KeyPairId": found} if found else {"Return": True}


def _kind_of(resource_id: str) -> str:
    return tags.KINDS.get(resource_id.partition("-")[0], "unknown")


def _key_pair_tags(request: dict[str, Any]) -> dict[str, str]:
    return {
        tag["Key"]: tag.get("Value", "")
        for specification in request.get("TagSpecifications", [])
        if specification.get("ResourceType") == "key-pair"
        for tag in specification.get("Tags", [])
    }


def _key_pair(pair: KeyPair, tags: dict[str, str], *, show: bool) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "KeyName": pair.name,
        "KeyPairId": pair.id,
        "KeyFingerprint": pair.fingerprint,
        "KeyType": pair.kind,
        "CreateTime": time_of(pair.created_us),
        "Tags": tag_list(tags),
    }
    if show:
        shape["PublicKey"] = pair.public_key
    return shape
