"""Which OpenID Connect issuers an account lets sign its people in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from volano.kernel.errors import Invalid, NotFound, QuotaExceeded
from volano.services.identity.logic.groups import get_group
from volano.services.identity.logic.issuers import is_local
from volano.services.identity.model.sign_in import MAX_PROVIDERS, LinkBy, SignInProvider
from volano.services.identity.store import sign_in_providers as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_TEXT = 256
MAX_LIST = 20
_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,31}$")
_DOMAIN = re.compile(r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedProvider:
    """A provider as an administrator writes it; an empty secret keeps the known one."""

    name: str
    title: str
    issuer: str
    client_id: str
    client_secret: str
    link_by: str
    create_users: bool
    email_domains: Sequence[str]
    groups: Sequence[str]


async def put_provider(env: Env, call: Call, wanted: WantedProvider) -> SignInProvider:
    """Make or change a provider; raises Invalid, NoSuchEntity and QuotaExceeded."""
    link_by = _checked(env, wanted)
    for group in wanted.groups:
        await get_group(env.store.reader, call.account, group)
    sealed = None
    if wanted.client_secret:
        context = secret_context(call.account, wanted.name)
        sealed = env.secrets.seal(wanted.client_secret.encode(), context=context)

    async def write(tx: Tx) -> SignInProvider:
        known = await rows.find_provider(tx, call.account, wanted.name)
        if known is None and len(await rows.select_providers(tx, call.account)) >= MAX_PROVIDERS:
            raise QuotaExceeded(f"An account has at most {MAX_PROVIDERS} sign-in providers.")
        if known is not None and known.client_secret and not sealed:
            _require_same_issuer(known, wanted)
        provider = SignInProvider(
            account=call.account,
            name=wanted.name,
            title=wanted.title or wanted.name,
            issuer=wanted.issuer.rstrip("/"),
            client_id=wanted.client_id,
            client_secret=sealed or (known.client_secret if known else None),
            link_by=link_by,
            create_users=wanted.create_users,
            email_domains=tuple(domain.lower() for domain in wanted.email_domains),
            groups=tuple(wanted.groups),
            created_us=known.created_us if known else env.clock.now_us(),
        )
        await rows.upsert_provider(tx, provider)
        return provider

    return await env.store.transact(write)


def _require_same_issuer(known: SignInProvider, wanted: WantedProvider) -> None:
    """A secret that is kept goes to nobody but the issuer that it was given for."""
    if known.issuer != wanted.issuer.rstrip("/"):
        raise _invalid("client_secret", "A new issuer needs its client_secret, too.")


def _checked(env: Env, wanted: WantedProvider) -> LinkBy:
    if not _NAME.match(wanted.name):
        raise _invalid("name", "A provider's name is 1 to 32 of a-z, 0-9 and -.")
    for field in ("title", "issuer", "client_id", "client_secret"):
        text = getattr(wanted, field)
        if len(text) > MAX_TEXT or not text.isprintable():
            raise _invalid(field, f"{field} has at most {MAX_TEXT} printable characters.")
    scheme, _, rest = wanted.issuer.partition("://")
    parts = urlsplit(wanted.issuer)
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        raise _invalid("issuer", "issuer is an address such as https://login.example.com.")
    if scheme != ("http" if is_local(env, rest) else "https"):
        raise _invalid("issuer", "issuer is an address that begins with https://.")
    if not wanted.client_id:
        raise _invalid("client_id", "client_id is what the issuer calls this console.")
    if wanted.link_by not in {one.value for one in LinkBy}:
        raise _invalid("link_by", "link_by is email or subject.")
    if len(wanted.email_domains) > MAX_LIST or len(wanted.groups) > MAX_LIST:
        raise _invalid("groups", f"There are at most {MAX_LIST} groups and e-mail domains.")
    for domain in wanted.email_domains:
        if not _DOMAIN.match(domain.lower()):
            raise _invalid("email_domains", f"{domain[:80]} is not a domain.")
    return LinkBy(wanted.link_by)


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, fields={"param": field})


def secret_context(account: str, name: str) -> str:
    """To what a sealed client secret is bound."""
    return f"sign-in-provider:{account}:{name}"


async def remove_provider(env: Env, call: Call, name: str) -> None:
    """Nobody comes in by it any more; who did keeps their user. Raises NotFound."""

    async def write(tx: Tx) -> int:
        return await rows.delete_provider(tx, call.account, name)

    if not await env.store.transact(write):
        raise NotFound(f"There is no sign-in provider {name[:64]}.")
