"""Small things that IAM keeps for an account or a user and gives back: MFA devices, certificates,
SSH keys, service passwords, SAML providers, reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from volano.kernel.ids import AccountId


class ItemKind(Enum):
    MFA_DEVICE = "mfa-device"
    SERVER_CERTIFICATE = "server-certificate"
    SIGNING_CERTIFICATE = "signing-certificate"
    SSH_KEY = "ssh-key"
    SERVICE_CREDENTIAL = "service-credential"
    SAML_PROVIDER = "saml-provider"
    CREDENTIAL_REPORT = "credential-report"
    ACCESS_REPORT = "access-report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """`owner` is a user's id (an account's for its root), or '' for a thing of the account.

    `body` holds what its kind needs; `secret` is sealed with the id as context.
    """

    id: str
    account: AccountId
    kind: ItemKind
    owner: str = ""
    name: str
    body: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    secret: bytes | None = None
    created_us: int
