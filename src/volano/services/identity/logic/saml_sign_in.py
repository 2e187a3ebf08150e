"""AssumeRoleWithSAML: a role for whom a company's own identity provider vouches.

Specified in the STS API reference and the IAM user guide, "Configure SAML assertions". The
assertion must name the role together with the provider, be meant for AWS's sign-in (identity
providers know no other) or for this cloud's address, and be used within five minutes.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.kernel.errors import Denied
from volano.kernel.ids import parse_arn
from volano.services.identity.logic import sts
from volano.services.identity.logic.federation import (
    ExpiredToken,
    Vouched,
    open_session,
    refusal,
)
from volano.services.identity.logic.jwt import InvalidIdentityToken
from volano.services.identity.logic.names import require_tags
from volano.services.identity.logic.saml_response import (
    SKEW_S,
    Assertion,
    read_metadata,
    read_response,
)
from volano.services.identity.model.errors import ValidationError
from volano.services.identity.model.items import ItemKind
from volano.services.identity.store import items as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.identity.model.credentials import TemporaryCredentials
    from volano.services.identity.model.items import Item

PERMISSION = "sts:AssumeRoleWithSAML"
MAX_AGE_S = 300
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
AUDIENCES = ("https://signin.aws.amazon.com/saml", "urn:amazon:webservices")
_RECIPIENT = re.compile(r"https://([a-z0-9-]+\.)?signin\.aws\.amazon\.com/saml(/acs/[\w-]+)?\Z")
_SHORT_TYPES = ("persistent", "transient")


class RejectedClaim(Denied):
    code = "IDPRejectedClaim"


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlIdentity:
    """What the assertion says, once it is verified; `qualifier` tells providers apart."""

    assertion: Assertion
    subject_type: str
    qualifier: str
    source_identity: str


async def assume_role_with_saml(
    env: Env, call: Call, wanted: sts.AssumeRole, provider_arn: str, response: str
) -> tuple[TemporaryCredentials, SamlIdentity]:
    """Raises Denied, InvalidIdentityToken, ExpiredToken and RejectedClaim.

    The session's name is the assertion's; `wanted.session_name` is not looked at.
    """
    role = await sts.find_role(env, wanted.role_arn)
    provider = await _find_provider(env, provider_arn)
    if role is None or provider is None or provider.account != role.account:
        raise refusal(PERMISSION)
    metadata = read_metadata(provider.body["metadata"])
    if metadata is None:
        raise InvalidIdentityToken("The provider's metadata document has no key to check with.")
    assertion = await asyncio.to_thread(read_response, response, metadata)
    if assertion.issuer != metadata.issuer:
        raise InvalidIdentityToken("Issuer not present in specified provider")
    now_s = env.clock.now_us() / 1e6
    _require_times(assertion, now_s)
    _require_meant_for_us(env, assertion)
    _require_role(assertion, wanted.role_arn, provider_arn)
    identity = _identity(assertion, provider)
    wanted = replace(wanted, session_name=_one(assertion, "RoleSessionName"))
    sts.require_session_name(wanted.session_name)
    if assertion.session_ends_s is not None:
        wanted = _shortened(wanted, int(assertion.session_ends_s - now_s))
    vouched = _vouched(identity, provider)
    made = await open_session(env, call, role, wanted, vouched, permission=PERMISSION)
    return made, identity


async def _find_provider(env: Env, arn: str) -> Item | None:
    parsed = parse_arn(arn)
    if parsed is None or not parsed.resource.startswith("saml-provider/"):
        raise ValidationError(f"{arn[:200]} is invalid")
    return await rows.find_item(env.store.reader, parsed.account, ItemKind.SAML_PROVIDER, arn)


def _require_times(assertion: Assertion, now_s: float) -> None:
    if now_s >= assertion.expires_s + SKEW_S or now_s > assertion.issued_s + MAX_AGE_S + SKEW_S:
        raise ExpiredToken("Token must be redeemed within 5 minutes of issuance")
    if assertion.not_before_s > now_s + SKEW_S or assertion.issued_s > now_s + SKEW_S:
        raise InvalidIdentityToken("The assertion is not valid yet.")


def _require_meant_for_us(env: Env, assertion: Assertion) -> None:
    ours = f"{env.config.console_url}/saml"
    if not (_RECIPIENT.match(assertion.recipient) or assertion.recipient == ours):
        raise InvalidIdentityToken("The assertion's Recipient is not this sign-in.")
    if not any(audience in (*AUDIENCES, ours) for audience in assertion.audiences):
        raise InvalidIdentityToken("The assertion's Audience is not AWS or this cloud.")


def _require_role(assertion: Assertion, role_arn: str, provider_arn: str) -> None:
    """The provider says which roles a person may have: pairs of role and provider, in any order."""
    for pair in assertion.attributes.get(f"{ATTRIBUTES}Role", ()):
        if sorted(part.strip() for part in pair.split(",")) == sorted((role_arn, provider_arn)):
            return
    raise RejectedClaim("The assertion does not name this role together with this provider.")


def _one(assertion: Assertion, name: str) -> str:
    values = assertion.attributes.get(f"{ATTRIBUTES}{name}", [])
    if len(values) != 1:
        raise InvalidIdentityToken(f"{name} is required in AuthnResponse, once.")
    return values[0]


def _shortened(wanted: sts.AssumeRole, left_s: int) -> sts.AssumeRole:
    """A session ends when the provider's own session does (SessionNotOnOrAfter)."""
    if left_s < sts.MIN_DURATION_S:
        raise ExpiredToken("The provider's session has less than 15 minutes left.")
    asked_s = wanted.duration_s or sts.DEFAULT_ROLE_DURATION_S
    return replace(wanted, duration_s=min(asked_s, left_s))


def _identity(assertion: Assertion, provider: Item) -> SamlIdentity:
    short = assertion.subject_type.rpartition(":")[2]
    named = f"{assertion.issuer}{provider.account}/{provider.name}"
    digest = hashlib.sha1(named.encode(), usedforsecurity=False).digest()
    sources = assertion.attributes.get(f"{ATTRIBUTES}SourceIdentity", [])
    return SamlIdentity(
        assertion=assertion,
        subject_type=short if short in _SHORT_TYPES else assertion.subject_type,
        qualifier=base64.b64encode(digest).decode(),
        source_identity=sources[0] if len(sources) == 1 else "",
    )


def _vouched(identity: SamlIdentity, provider: Item) -> Vouched:
    assertion = identity.assertion
    prefix = f"{ATTRIBUTES}PrincipalTag:"
    tags: dict[str, str] = {}
    for name, values in assertion.attributes.items():
        if not name.startswith(prefix):
            continue
        if len(values) != 1:
            raise InvalidIdentityToken("A session tag of the assertion has no single value.")
        tags[name.removeprefix(prefix)] = values[0]
    require_tags(tags)
    going = assertion.attributes.get(f"{ATTRIBUTES}TransitiveTagKeys", [])
    return Vouched(
        provider_arn=provider.id,
        subject=assertion.subject,
        keys={
            "saml:aud": assertion.recipient,
            "saml:iss": assertion.issuer,
            "saml:sub": assertion.subject,
            "saml:sub_type": identity.subject_type,
            "saml:namequalifier": identity.qualifier,
            "saml:doc": f"{provider.account}/{provider.name}",
        },
        tags=tags,
        transitive=tuple(key for key in going if key in tags),
        source_identity=identity.source_identity,
    )
