"""Who is asking, and the port through which every floor asks whether they may.

A principal (root, user, role session, service account) belongs to one account and may hold AWS
access keys, API keys and Slack tokens; all are the same principal. `services/identity` implements
`Authority`; `wire/action.py` calls it before any handler runs, and there is no default allow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call
    from volano.kernel.ids import AccountId, PrincipalId


class PrincipalKind(Enum):
    ROOT = "root"
    USER = "user"
    ROLE_SESSION = "role-session"
    SERVICE_ACCOUNT = "service-account"
    ANONYMOUS = "anonymous"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is asking.

    `id` is the stable unique id (`AIDA…`, `AROA…:session`, the account id for root). `name` is the
    user, role or service-account name. `arn` is what `GetCallerIdentity` answers. `scopes` limits
    a token (Slack scopes, API-key restrictions); None means unlimited. `session_policy` is the
    policy of a session, as JSON text. `facts` are condition keys that hold for the session (whether
    it was opened with a second factor). `holder` is the id of the user or role whose policies speak
    for it, where `id` does not say it (federated users), and `holder_arn` that user's ARN.
    """

    kind: PrincipalKind
    account: AccountId
    id: PrincipalId
    name: str
    arn: str
    scopes: frozenset[str] | None = None
    session_policy: str | None = None
    session_expires_us: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    holder: str = ""
    holder_arn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """An AWS access key as SigV4 verification needs it. Never logged, never stored like this."""

    access_key_id: str
    secret_access_key: str
    principal: Principal
    session_token: str | None = None
    expires_us: int | None = None

    def __repr__(self) -> str:
        return f"AccessKey({self.access_key_id})"


class Authority(Protocol):
    """Authentication look-ups and the authorization decision."""

    async def find_access_key(
        self, access_key_id: str, session_token: str | None
    ) -> AccessKey | None:
        """The active key, or None when unknown, inactive or with a wrong session token.

        An expired key is returned with `expires_us` in the past so that the caller can answer
        `ExpiredToken`.
        """
        ...

    async def find_token(self, token: str) -> Principal | None:
        """The principal of an API key (`sk-…`) or Slack token (`xoxb-`, `xoxp-`, `xapp-`)."""
        ...

    async def find_session(self, cookie: str, csrf: str | None, *, safe: bool) -> Principal | None:
        """The principal of a console session; `safe` is True for GET and HEAD (no CSRF needed)."""
        ...

    async def authorize(
        self, call: Call, permission: str, resource: str, context: Mapping[str, str]
    ) -> None:
        """Return when `call.principal` may do `permission` on ARN `resource`; else raise Denied.

        `context` holds condition keys (`aws:SourceIp`, `s3:prefix` …) beyond those of the call.
        """
        ...
