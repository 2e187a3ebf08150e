"""SAML providers: the metadata of a company's identity provider, kept, listed and tagged.

What they sign is read by `saml_response.py`; roles are assumed in `saml_sign_in.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.identity.logic.names import require_name, require_tags
from volano.services.identity.logic.saml_response import read_metadata
from volano.services.identity.model.errors import (
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    NoSuchEntity,
    ValidationError,
)
from volano.services.identity.model.items import Item, ItemKind
from volano.services.identity.store import items as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx

MAX_PROVIDERS = 100
MIN_METADATA, MAX_METADATA = 1000, 10_000_000
VALID_US = 100 * 365 * 24 * 3600 * 1_000_000
"""A provider's `ValidUntil` is a hundred years off, as IAM tells it."""


def _require_metadata(env: Env, text: str) -> None:
    if env.config.test_mode:
        return
    if not MIN_METADATA <= len(text) <= MAX_METADATA:
        raise ValidationError(
            f"A SAML metadata document has {MIN_METADATA} to {MAX_METADATA} characters."
        )
    if read_metadata(text) is None:
        raise InvalidInput("Could not parse metadata")


async def create_provider(
    env: Env, call: Call, name: str, metadata: str, tags: Mapping[str, str]
) -> Item:
    require_name(name, field="name", limit=128)
    require_tags(tags)
    _require_metadata(env, metadata)
    arn = f"arn:aws:iam::{call.account}:saml-provider/{name}"
    item = Item(
        id=arn,
        account=call.account,
        kind=ItemKind.SAML_PROVIDER,
        name=name,
        body={"metadata": metadata, "uuid": env.ids.uuid()},
        tags=dict(tags),
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        known = await rows.select_items(tx, call.account, ItemKind.SAML_PROVIDER)
        if any(one.name.lower() == name.lower() for one in known):
            raise EntityAlreadyExists(f"SAMLProvider with name {name} already exists.")
        if len(known) >= MAX_PROVIDERS:
            raise LimitExceeded(f"Cannot exceed quota for SAMLProvidersPerAccount: {MAX_PROVIDERS}")
        await rows.insert_item(tx, item)

    await env.store.transact(write)
    return item


async def get_provider(reader: Reader, account: str, arn: str) -> Item:
    """Raises NoSuchEntity."""
    found = await rows.find_item(reader, account, ItemKind.SAML_PROVIDER, arn)
    if found is None:
        raise NoSuchEntity(f"SAMLProvider {arn[:200]} not found")
    return found


async def list_providers(env: Env, call: Call) -> list[Item]:
    return await rows.select_items(env.store.reader, call.account, ItemKind.SAML_PROVIDER)


async def update_provider(env: Env, call: Call, arn: str, metadata: str | None) -> None:
    if metadata is not None:
        _require_metadata(env, metadata)

    async def write(tx: Tx) -> None:
        found = await get_provider(tx, call.account, arn)
        body = {**found.body, "metadata": metadata or found.body["metadata"]}
        await rows.update_item(tx, replace(found, body=body))

    await env.store.transact(write)


async def delete_provider(env: Env, call: Call, arn: str) -> None:
    async def write(tx: Tx) -> None:
        await rows.delete_item(tx, (await get_provider(tx, call.account, arn)).id)

    await env.store.transact(write)


async def tag_provider(
    env: Env, call: Call, arn: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    async def write(tx: Tx) -> None:
        found = await get_provider(tx, call.account, arn)
        tags = {k: v for k, v in {**found.tags, **add}.items() if k not in remove}
        require_tags(tags)
        await rows.update_item(tx, replace(found, tags=tags))

    await env.store.transact(write)
