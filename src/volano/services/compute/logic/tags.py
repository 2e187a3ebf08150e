"""Tags on EC2's resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid
from volano.services.compute.store import tags as store

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_TAGS = 50
MAX_KEY = 127
MAX_VALUE = 255


def require_tags(given: dict[str, str]) -> None:
    """Refuse what EC2 refuses: too many, too long, the reserved prefix."""
    if len(given) > MAX_TAGS:
        raise Invalid(f"A resource has at most {MAX_TAGS} tags.", code="TagLimitExceeded")
    for key, value in given.items():
        if not 1 <= len(key) <= MAX_KEY or len(value) > MAX_VALUE or key.startswith("aws:"):
            raise Invalid(
                f"The tag '{key[:40]}' is not valid: a key has 1 to {MAX_KEY} characters and does "
                f"not start with aws:, a value has up to {MAX_VALUE}.",
                code="InvalidParameterValue",
            )


async def create_tags(env: Env, call: Call, ids: list[str], given: dict[str, str]) -> None:
    """Set tags on several resources, all or none."""
    require_tags(given)

    async def write(tx: Tx) -> None:
        for resource_id in ids:
            known = await store.select_tags_of(tx, call.account, resource_id)
            require_tags({**known, **given})
            for key, value in given.items():
                await store.upsert_tag(tx, call.account, resource_id, key, value)

    await env.store.transact(write)


async def delete_tags(
    env: Env, call: Call, ids: list[str], given: list[tuple[str, str | None]]
) -> None:
    """Remove tags by key, or by key and value; no keys means all."""

    async def write(tx: Tx) -> None:
        for resource_id in ids:
            if not given:
                await store.delete_tags(tx, call.account, resource_id)
            for key, value in given:
                await store.delete_tag(tx, call.account, resource_id, key, value)

    await env.store.transact(write)


async def list_tags(env: Env, call: Call) -> dict[str, dict[str, str]]:
    """All tags of the account by resource."""
    return await store.select_tags(env.store.reader, call.account)
