"""OAuth 2.1 for programs that act for a person: clients, what they were allowed, codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from volano.kernel.errors import VolanoError

if TYPE_CHECKING:
    from volano.kernel.ids import AccountId

CODE_LIFE_S = 5 * 60
ACCESS_LIFE_S = 3600
REFRESH_LIFE_S = 30 * 24 * 3600
"""A grant ends when its client was away for so long."""
MAX_CLIENTS = 10_000
"""Clients register themselves without a credential: beyond this the longest unused make room."""
MAX_GRANTS = 100
"""Of one person."""
MAX_REDIRECT_URIS = 10

ALL = "all"
READ = "read"
SCOPES: dict[str, tuple[str, ...]] = {
    ALL: ("*",),
    READ: tuple(
        f"*:{verb}*" for verb in ("BatchGet", "Describe", "Get", "List", "Lookup", "Read", "Search")
    ),
}
"""What a scope lets a token do, as permission patterns; the person's own rights limit both."""


class OauthError(VolanoError):
    """`code` is a word of RFC 6749, section 5.2."""

    status: ClassVar[int] = 400


class InvalidRequest(OauthError):
    code = "invalid_request"


class InvalidClient(OauthError):
    code = "invalid_client"


class InvalidGrant(OauthError):
    code = "invalid_grant"


class InvalidScope(OauthError):
    code = "invalid_scope"


class InvalidRedirect(OauthError):
    code = "invalid_redirect_uri"


class UnsupportedGrantType(OauthError):
    code = "unsupported_grant_type"


@dataclass(frozen=True, slots=True, kw_only=True)
class OauthClient:
    """A program that registered itself; it has no secret and is known by where it lives."""

    id: str
    name: str
    redirect_uris: tuple[str, ...]
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OauthGrant:
    """That a person let a client act for them; `used_us` is when it last fetched a token."""

    id: str
    account: AccountId
    user_id: str
    client_id: str
    client_name: str
    scope: str
    token_id: str
    created_us: int
    used_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OauthCode:
    """An approval; `challenge` is the S256 of the client's verifier (RFC 7636)."""

    user_id: str
    client_id: str
    redirect_uri: str
    scope: str
    challenge: str
    grant_id: str
    expires_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OauthTokens:
    """What a client gets, once."""

    access_token: str
    refresh_token: str
    scope: str
    expires_s: int
