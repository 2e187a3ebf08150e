"""OpenID Connect providers: who they are and which clients of theirs may come.

Thumbprints are kept for clients that send them; the issuer's certificate is verified against the
system's trusted authorities instead, as AWS does for public issuers.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from volano.kernel.ids import parse_arn
from volano.services.identity.logic.names import require_tags
from volano.services.identity.model.errors import (
    EntityAlreadyExists,
    LimitExceeded,
    NoSuchEntity,
    ValidationError,
)
from volano.services.identity.model.oidc import (
    MAX_CLIENT_IDS,
    MAX_PROVIDERS,
    MAX_THUMBPRINTS,
    OidcProvider,
)
from volano.services.identity.store import oidc as rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_THUMBPRINT = re.compile(r"[0-9a-fA-F]{40}\Z")


async def create_provider(
    env: Env,
    call: Call,
    url: str,
    *,
    client_ids: Sequence[str],
    thumbprints: Sequence[str],
    tags: Mapping[str, str],
) -> OidcProvider:
    """Raises ValidationError for a URL that is not https (test mode: or http),
    EntityAlreadyExists and LimitExceeded."""
    require_tags(tags)
    provider = OidcProvider(
        account=call.account,
        url=_require_url(env, url),
        client_ids=tuple(client_ids),
        thumbprints=tuple(thumbprints),
        tags=dict(tags),
        created_us=env.clock.now_us(),
    )
    _require_lists(provider)

    async def write(tx: Tx) -> None:
        known = await rows.select_providers(tx, call.account, limit=MAX_PROVIDERS)
        if any(each.url == provider.url for each in known):
            raise EntityAlreadyExists(f"Provider with url {url} already exists.")
        if len(known) >= MAX_PROVIDERS:
            raise LimitExceeded(f"Cannot exceed quota for OpenIdConnectProviders: {MAX_PROVIDERS}")
        await rows.upsert_provider(tx, provider)

    await env.store.transact(write)
    return provider


def _require_url(env: Env, url: str) -> str:
    """The URL without its scheme."""
    parts = urlsplit(url)
    plain = env.config.test_mode and parts.scheme == "http"
    if (parts.scheme != "https" and not plain) or not parts.hostname or len(url) > 255:
        raise ValidationError("Invalid Open ID Connect Provider URL")
    if parts.query or parts.fragment or parts.username or "\x00" in url:
        raise ValidationError("Invalid Open ID Connect Provider URL")
    return url.partition("://")[2].rstrip("/")


def _require_lists(provider: OidcProvider) -> None:
    if len(provider.client_ids) > MAX_CLIENT_IDS:
        raise LimitExceeded(
            f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MAX_CLIENT_IDS}"
        )
    if len(provider.thumbprints) > MAX_THUMBPRINTS:
        raise ValidationError("Thumbprint list must contain fewer than 5 entries.")
    if any(not 1 <= len(each) <= 255 or "\x00" in each for each in provider.client_ids):
        raise ValidationError("A client id has 1 to 255 characters.")
    if any(not _THUMBPRINT.match(each) for each in provider.thumbprints):
        raise ValidationError("A thumbprint has 40 hexadecimal digits.")


async def get_provider(env: Env, call: Call, arn: str) -> OidcProvider:
    """Raises NoSuchEntity."""
    parsed = parse_arn(arn)
    url = parsed.resource.removeprefix("oidc-provider/") if parsed else ""
    own = parsed is not None and parsed.account == call.account and "\x00" not in url
    found = await rows.find_provider(env.store.reader, call.account, url) if own else None
    if found is None:
        raise NoSuchEntity(f"OpenIDConnect Provider not found for arn {arn[:300]}")
    return found


async def list_providers(env: Env, call: Call) -> list[OidcProvider]:
    return await rows.select_providers(env.store.reader, call.account, limit=MAX_PROVIDERS)


async def change_provider(
    env: Env, call: Call, arn: str, change: Callable[[OidcProvider], OidcProvider]
) -> None:
    found = await get_provider(env, call, arn)

    async def write(tx: Tx) -> None:
        current = await rows.find_provider(tx, call.account, found.url)
        if current is None:
            raise NoSuchEntity(f"OpenIDConnect Provider not found for arn {arn[:300]}")
        provider = change(current)
        _require_lists(provider)
        await rows.upsert_provider(tx, provider)

    await env.store.transact(write)


async def add_client_id(env: Env, call: Call, arn: str, client_id: str) -> None:
    await change_provider(
        env,
        call,
        arn,
        lambda old: replace(old, client_ids=tuple(dict.fromkeys((*old.client_ids, client_id)))),
    )


async def remove_client_id(env: Env, call: Call, arn: str, client_id: str) -> None:
    await change_provider(
        env,
        call,
        arn,
        lambda old: replace(
            old, client_ids=tuple(each for each in old.client_ids if each != client_id)
        ),
    )


async def update_thumbprints(env: Env, call: Call, arn: str, thumbprints: Sequence[str]) -> None:
    await change_provider(env, call, arn, lambda old: replace(old, thumbprints=tuple(thumbprints)))


async def delete_provider(env: Env, call: Call, arn: str) -> None:
    """Roles that trust it can be assumed through it no longer. One that is gone is no error."""
    try:
        found = await get_provider(env, call, arn)
    except NoSuchEntity:
        return

    async def write(tx: Tx) -> None:
        await rows.delete_provider(tx, call.account, found.url)

    await env.store.transact(write)


async def tag_provider(
    env: Env, call: Call, arn: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    def change(old: OidcProvider) -> OidcProvider:
        tags = {k: v for k, v in {**old.tags, **add}.items() if k not in remove}
        require_tags(tags)
        return replace(old, tags=tags)

    await change_provider(env, call, arn, change)
