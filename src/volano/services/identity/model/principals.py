"""Accounts and who acts in them: users (also root and service accounts), groups, roles.

Root and service accounts are users of another kind, so that keys, policies, groups and the IAM API
work for all three. A service account lives under the path `/service-accounts/`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import AccountId, PrincipalId

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE_ACCOUNT_PATH = "/service-accounts/"
ROOT_NAME = "<root>"
"""No user can be called this: `<` is not allowed in names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The tenant: AWS account, OpenAI organisation and Slack team at once."""

    id: AccountId
    alias: str | None
    name: str
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person, a service account, or the root principal (whose id is the account's)."""

    id: str
    account: AccountId
    kind: PrincipalKind
    name: str
    path: str = "/"
    display_name: str = ""
    email: str = ""
    boundary: str | None = None
    disabled: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    created_us: int
    password_used_us: int | None = None

    @property
    def arn(self) -> str:
        if self.kind is PrincipalKind.ROOT:
            return f"arn:aws:iam::{self.account}:root"
        return f"arn:aws:iam::{self.account}:user{self.path}{self.name}"

    def principal(
        self,
        *,
        scopes: frozenset[str] | None = None,
        session_policy: str | None = None,
        session_expires_us: int | None = None,
    ) -> Principal:
        """The user as the asker of a call."""
        return Principal(
            kind=self.kind,
            account=self.account,
            id=PrincipalId(self.id),
            name=self.name,
            arn=self.arn,
            scopes=scopes,
            session_policy=session_policy,
            session_expires_us=session_expires_us,
            tags=self.tags,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    id: str
    account: AccountId
    name: str
    path: str
    created_us: int

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:group{self.path}{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """`trust` is the policy that says who may assume it; sessions last at most `max_session_s`."""

    id: str
    account: AccountId
    name: str
    path: str
    description: str
    trust: str
    max_session_s: int
    boundary: str | None
    tags: Mapping[str, str]
    created_us: int
    last_used_us: int | None = None

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:role{self.path}{self.name}"

    def session_arn(self, session_name: str) -> str:
        return f"arn:aws:sts::{self.account}:assumed-role/{self.name}/{session_name}"

    def principal(
        self,
        session_name: str,
        *,
        session_policy: str | None,
        expires_us: int,
        tags: Mapping[str, str],
        facts: Mapping[str, str] | None = None,
    ) -> Principal:
        """A session of the role as the asker of a call."""
        return Principal(
            kind=PrincipalKind.ROLE_SESSION,
            account=self.account,
            id=PrincipalId(f"{self.id}:{session_name}"),
            name=self.name,
            arn=self.session_arn(session_name),
            session_policy=session_policy,
            session_expires_us=expires_us,
            tags={**self.tags, **tags},
            facts={"volano:role-arn": self.arn, **(facts or {})},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceProfile:
    id: str
    account: AccountId
    name: str
    path: str
    role_id: str | None
    tags: Mapping[str, str]
    created_us: int

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:instance-profile{self.path}{self.name}"
