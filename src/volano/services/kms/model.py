"""The nouns of KMS: keys, their material, aliases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from volano.kernel.ids import AccountId

DATA_KEY_BYTES = {"AES_256": 32, "AES_128": 16}
MAX_PLAINTEXT_BYTES = 4096
MAX_CIPHERTEXT_BYTES = 6144
MAX_DATA_KEY_BYTES = 1024
MAX_CONTEXT_BYTES = 8192
MAX_POLICY_BYTES = 32_768
MAX_TAGS = 50
MAX_ALIASES_PER_KEY = 50
MAX_PAGE = 1000
MIN_WINDOW_DAYS, MAX_WINDOW_DAYS = 7, 30
DEFAULT_KEYS = 10_000
"""Keys of an account, unless its quota `kms.keys` says otherwise."""


class KeyState(Enum):
    ENABLED = "Enabled"
    DISABLED = "Disabled"
    PENDING_DELETION = "PendingDeletion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A symmetric key; `version` is the material that encrypts, older ones still decrypt."""

    account: AccountId
    region: str
    id: str
    policy: str
    created_us: int
    description: str = ""
    state: KeyState = KeyState.ENABLED
    tags: Mapping[str, str] = field(default_factory=dict)
    version: int = 1
    deletion_us: int | None = None

    @property
    def arn(self) -> str:
        return f"arn:aws:kms:{self.region}:{self.account}:key/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One version of a key's bytes, sealed."""

    version: int
    sealed: bytes
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A name of a key, with its `alias/` in front."""

    account: AccountId
    name: str
    key_id: str
    created_us: int
    updated_us: int


def default_policy(account: AccountId) -> str:
    """The policy of a key made without one: the account's own policies decide (KMS developer
    guide, "Default key policy")."""
    return (
        '{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User '
        f'Permissions","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{account}:root"}},'
        '"Action":"kms:*","Resource":"*"}]}'
    )
