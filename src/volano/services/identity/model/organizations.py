"""Organizations: accounts in a tree of units, and the policies that limit them.

The account that makes the organization is its management account; no policy of the organization
limits it (AWS Organizations user guide, "Service control policies").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from volano.kernel.ids import AccountId

MAX_UNIT_DEPTH = 5
"""Units below units, the root not counted (AWS Organizations quotas)."""
MAX_POLICIES_PER_TARGET = 5
MAX_UNITS = 1000
MAX_POLICIES = 1000


class OrgPolicyType(Enum):
    """The kinds that decide, and those that are kept and given back."""

    SERVICE_CONTROL = "SERVICE_CONTROL_POLICY"
    RESOURCE_CONTROL = "RESOURCE_CONTROL_POLICY"
    TAG = "TAG_POLICY"
    BACKUP = "BACKUP_POLICY"
    AI_OPT_OUT = "AISERVICES_OPT_OUT_POLICY"


CONTROLS = (OrgPolicyType.SERVICE_CONTROL, OrgPolicyType.RESOURCE_CONTROL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    id: str
    management: AccountId
    root_id: str
    feature_set: str
    policy_types: frozenset[str]
    services: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    created_us: int

    @property
    def arn(self) -> str:
        return f"arn:aws:organizations::{self.management}:organization/{self.id}"

    def arn_of(self, kind: str, thing_id: str) -> str:
        """The ARN of a root, unit (`ou`) or member (`account`)."""
        return f"arn:aws:organizations::{self.management}:{kind}/{self.id}/{thing_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    id: str
    org: str
    parent: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An account of an organization; `parent` is a unit's id or the root's."""

    account: AccountId
    org: str
    parent: str
    name: str
    email: str
    state: str = "ACTIVE"
    joined_method: str = "CREATED"
    tags: Mapping[str, str] = field(default_factory=dict)
    joined_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgPolicy:
    id: str
    org: str
    type: OrgPolicyType
    name: str
    description: str
    content: str
    tags: Mapping[str, str] = field(default_factory=dict)
    created_us: int
    managed: bool = False

    def arn(self, management: str) -> str:
        kind = self.type.value.lower()
        if self.managed:
            return f"arn:aws:organizations::aws:policy/{kind}/{self.id}"
        return f"arn:aws:organizations::{management}:policy/{self.org}/{kind}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgRequest:
    """`kind` is `create` (an account is to be made) or `invite` (a handshake)."""

    id: str
    org: str
    kind: str
    account: str
    state: str
    body: Mapping[str, str]
    created_us: int
    ended_us: int | None = None


def _full(policy_type: OrgPolicyType, policy_id: str, name: str, principal: object) -> OrgPolicy:
    statement: dict[str, object] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    if principal is not None:
        statement = {"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*"}
    return OrgPolicy(
        id=policy_id,
        org="aws",
        type=policy_type,
        name=name,
        description="Allows access to every operation",
        content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2),
        created_us=0,
        managed=True,
    )


FULL_ACCESS = {
    "p-FullAWSAccess": _full(
        OrgPolicyType.SERVICE_CONTROL, "p-FullAWSAccess", "FullAWSAccess", None
    ),
    "p-RCPFullAWSAccess": _full(
        OrgPolicyType.RESOURCE_CONTROL, "p-RCPFullAWSAccess", "RCPFullAWSAccess", "*"
    ),
}
"""The policies that come with Volano, attached wherever something new joins."""
