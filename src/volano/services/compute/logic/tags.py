"""CreateTags and DeleteTags: on instances and key pairs, and on the network's resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid, NotFound
from volano.services.compute.logic.images import find_image
from volano.services.compute.logic.instances import require_instance
from volano.services.compute.store import key_pairs
from volano.services.network import interface as network

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx

MAX_RESOURCES = 1000

KINDS = {
    "i": "instance",
    "vpc": "vpc",
    "subnet": "subnet",
    "sg": "security-group",
    "igw": "internet-gateway",
    "rtb": "route-table",
    "acl": "network-acl",
    "dopt": "dhcp-options",
    "key": "key-pair",
}
"""EC2's word for the kind of a resource, by the prefix of its id."""


async def create_tags(env: Env, call: Call, ids: list[str], given: dict[str, str]) -> None:
    """Set tags on several resources, all or none."""
    network.require_tags(given)
    _require_ids(ids)

    async def write(tx: Tx) -> None:
        for resource_id in ids:
            await _require_resource(tx, call.account, resource_id)
            await network.set_tags(tx, call.account, resource_id, given)

    await env.store.transact(write)


async def delete_tags(
    env: Env, call: Call, ids: list[str], given: list[tuple[str, str | None]]
) -> None:
    """Remove tags by key, or by key and value; no keys means all."""
    _require_ids(ids)

    async def write(tx: Tx) -> None:
        for resource_id in ids:
            await network.remove_tags(tx, call.account, resource_id, given)

    await env.store.transact(write)


def _require_ids(ids: list[str]) -> None:
    if len(ids) > MAX_RESOURCES:
        raise Invalid(f"At most {MAX_RESOURCES} resources.", code="InvalidParameterValue")
    for resource_id in ids:
        if find_image(resource_id) is not None:
            raise Invalid("Images have no tags yet.", code="UnsupportedOperation")
        if resource_id.partition("-")[0] not in KINDS:
            raise Invalid(f"The ID '{resource_id[:60]}' is not valid", code="InvalidID")


async def _require_resource(reader: Reader, account: str, resource_id: str) -> None:
    prefix = resource_id.partition("-")[0]
    if prefix == "i":
        await require_instance(reader, account, resource_id)
    elif prefix == "key":
        pairs = await key_pairs.select_key_pairs(reader, account)
        if resource_id not in {pair.id for pair in pairs}:
            raise NotFound(
                f"The key pair '{resource_id}' does not exist",
                code="InvalidKeyPair.NotFound",
                status=400,
            )
    else:
        await network.require_network_resource(reader, account, resource_id)
