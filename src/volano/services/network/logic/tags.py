"""Tags of EC2's resources, kept in one table for every service that owns such resources.

Functions that change tags take the caller's transaction: whoever calls has checked there that the
resource is the account's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid, NotFound
from volano.services.network.store import tags as store
from volano.services.network.store import vpcs

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx

MAX_TAGS = 50
MAX_KEY = 127
MAX_VALUE = 255

_NOT_FOUND = {
    "vpc": "InvalidVpcID.NotFound",
    "subnet": "InvalidSubnetID.NotFound",
    "sg": "InvalidGroup.NotFound",
    "igw": "InvalidInternetGatewayID.NotFound",
    "rtb": "InvalidRouteTableID.NotFound",
}


def require_tags(given: dict[str, str]) -> None:
    """Refuse what EC2 refuses: too many, too long, the reserved prefix."""
    if len(given) > MAX_TAGS:
        raise Invalid(f"A resource has at most {MAX_TAGS} tags.", code="TagLimitExceeded")
    for key, value in given.items():
        good = 1 <= len(key) <= MAX_KEY and len(value) <= MAX_VALUE
        if not good or key.startswith("aws:") or "\0" in key + value:
            raise Invalid(
                f"The tag '{key[:40]}' is not valid: a key has 1 to {MAX_KEY} characters and does "
                f"not start with aws:, a value has up to {MAX_VALUE}.",
                code="InvalidParameterValue",
            )


async def set_tags(tx: Tx, account: str, resource_id: str, given: dict[str, str]) -> None:
    """Add or replace tags; raises Invalid when the resource would have too many."""
    known = await store.select_tags_of(tx, account, resource_id)
    require_tags({**known, **given})
    await store.upsert_tags(tx, account, resource_id, given)


async def remove_tags(
    tx: Tx, account: str, resource_id: str, given: list[tuple[str, str | None]]
) -> None:
    """Remove tags by key, or by key and value; an empty list means all."""
    if not given:
        await store.delete_tags(tx, account, resource_id)
    for key, value in given:
        await store.delete_tag(tx, account, resource_id, key, value)


async def list_tags(env: Env, call: Call) -> dict[str, dict[str, str]]:
    """All tags of the account by resource."""
    return await store.select_tags(env.store.reader, call.account)


async def get_tags(reader: Reader, account: str, resource_id: str) -> dict[str, str]:
    return await store.select_tags_of(reader, account, resource_id)


async def require_network_resource(reader: Reader, account: str, resource_id: str) -> None:
    """Raise NotFound in EC2's words when the account has no such VPC, subnet and so on."""
    prefix = resource_id.partition("-")[0]
    if not await vpcs.has_resource(reader, account, prefix, resource_id):
        code = _NOT_FOUND.get(prefix, "InvalidID")
        raise NotFound(f"The ID '{resource_id}' does not exist", code=code, status=400)
