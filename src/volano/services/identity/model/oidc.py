"""OpenID Connect providers whose tokens an account's roles may trust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from volano.kernel.ids import AccountId

MAX_PROVIDERS = 100
MAX_CLIENT_IDS = 100
MAX_THUMBPRINTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcProvider:
    """`url` is the issuer without its scheme, as in the ARN and in condition keys (`URL:sub`)."""

    account: AccountId
    url: str
    client_ids: tuple[str, ...]
    thumbprints: tuple[str, ...]
    created_us: int
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:oidc-provider/{self.url}"
