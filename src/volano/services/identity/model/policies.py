"""Managed policies and their versions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_VERSIONS = 5
"""IAM quota "Versions per managed policy"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A managed policy; `account` is `aws` for those that come with Volano."""

    id: str
    account: str
    name: str
    path: str
    description: str
    default_version: int
    last_version: int
    tags: Mapping[str, str] = field(default_factory=dict)
    created_us: int
    updated_us: int

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:policy{self.path}{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    policy_id: str
    version: int
    document: str
    created_us: int

    @property
    def name(self) -> str:
        return f"v{self.version}"
