"""Ways to sign in to the console beside a password: passkeys, codes, issuers; and their limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.ids import AccountId

MAX_PASSKEYS = 20
MAX_PASSKEY_NAME = 64
RECOVERY_CODES = 10
CHALLENGE_LIFE_S = 10 * 60
PROOF_LIFE_S = 30 * 60
"""How long after a proof of identity sensitive actions need no new one."""
MAX_PROVIDERS = 10


class ChallengeKind(Enum):
    """What a challenge is good for; one of a kind serves no other."""

    CODE = "code"
    PASSKEY = "passkey"
    NEW_PASSKEY = "new-passkey"
    PROVIDER = "provider"


class LinkBy(Enum):
    """How an issuer's person is found the first time: by verified e-mail, or `sub` as the name."""

    EMAIL = "email"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A WebAuthn credential of a user for one site (the host name of the console)."""

    id: str
    user_id: str
    site: str
    name: str
    public_key: bytes
    algorithm: int
    sign_count: int
    backed_up: bool
    created_us: int
    used_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """An authenticator app. `seed` is sealed; steps up to `last_step` are used up."""

    user_id: str
    seed: bytes
    last_step: int
    confirmed: bool
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """Something begun that its asker must end before `expires_us`; `user_id` may be empty."""

    kind: ChallengeKind
    user_id: str
    data: Mapping[str, str] = field(default_factory=dict)
    expires_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInProvider:
    """An OpenID Connect issuer of an account. `client_secret` is sealed; none means PKCE alone.

    Users are made only with `create_users`, and only for e-mail addresses of `email_domains` when
    there are any; they join `groups`.
    """

    account: AccountId
    name: str
    title: str
    issuer: str
    client_id: str
    client_secret: bytes | None
    link_by: LinkBy
    create_users: bool
    email_domains: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    created_us: int
