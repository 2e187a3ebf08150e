"""What proves who asks: access keys, temporary keys, tokens, passwords, links, console sessions.

The plain secret is returned once, by the logic that makes it; these rows never hold one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.ids import AccountId

LOGIN_LINK_MIN_S = 15 * 60
LOGIN_LINK_MAX_S = 60 * 60
SESSION_LIFE_S = 14 * 24 * 3600
SESSION_IDLE_S = 24 * 3600
SESSION_TAG = "volano:session"
"""Tag of a principal who came by a console session: the session's id. Nobody can set it."""

TOKEN_TAG = "volano:token"  # noqa: S105 - the name of a tag
"""Tag of a principal who came by a bearer token: the token's id. Nobody can set it."""


class TokenKind(Enum):
    """`api` is an OpenAI-style key (`sk-vol-…`), the others are Slack's."""

    API = "api"
    SLACK_BOT = "slack-bot"
    SLACK_USER = "slack-user"
    SLACK_APP = "slack-app"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKeyRow:
    """A long-term AWS key. `secret` is sealed with the key id as context."""

    id: str
    account: AccountId
    user_id: str
    secret: bytes
    active: bool
    created_us: int
    last_used_us: int | None = None
    last_used_service: str = ""
    last_used_region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryKey:
    """Credentials of STS. `principal_id` is the id of a user or of a role; `session_name` is the
    role session's or the federated user's. `facts` are condition keys that hold for the session.
    """

    id: str
    account: AccountId
    principal_id: str
    session_name: str
    secret: bytes
    token_digest: bytes
    policy: str | None
    tags: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    created_us: int
    expires_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryCredentials:
    """Temporary credentials as the asker gets them, once.

    `packed_percent` is how much of their limit session policies and tags take.
    """

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_us: int
    principal_id: str
    arn: str
    packed_percent: int = 0

    def __repr__(self) -> str:
        return f"TemporaryCredentials({self.access_key_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token. `hint` is its last four characters; `app` is the chat app it belongs to.

    `scopes` None means everything its principal may do. Scopes of a Slack token are Slack's
    (`chat:write`); those of an API key are permission patterns (`models:*`, `s3:Get*`).
    """

    id: str
    account: AccountId
    user_id: str
    kind: TokenKind
    name: str
    hint: str
    app: str = ""
    scopes: frozenset[str] | None = None
    created_us: int
    expires_us: int | None = None
    last_used_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A console password, as an argon2id hash."""

    user_id: str
    hash: str
    must_change: bool
    created_us: int
    changed_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A console session; ends at `expires_us` or after SESSION_IDLE_S without a request.

    `method` says by what it was opened; `proved_us` is when its person last proved who they are.
    """

    id: str
    user_id: str
    created_us: int
    seen_us: int
    expires_us: int
    source_ip: str
    user_agent: str
    proved_us: int = 0
    method: str = ""

    @property
    def is_strong(self) -> bool:
        """Whether two factors opened it: a passkey, a code, or an issuer that tells of two."""
        return self.method == "passkey" or self.method.endswith(("+code", "+mfa"))

    def is_over(self, now_us: int) -> bool:
        return now_us >= self.expires_us or now_us - self.seen_us >= SESSION_IDLE_S * 1_000_000
