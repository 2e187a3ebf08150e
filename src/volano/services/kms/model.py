"""The nouns of KMS: keys, their material, aliases, grants."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from volano.kernel.ids import AccountId

DATA_KEY_BYTES = {"AES_256": 32, "AES_128": 16}
SYMMETRIC = "SYMMETRIC_DEFAULT"
ENCRYPT = "ENCRYPT_DECRYPT"
SIGN = "SIGN_VERIFY"
MAC = "GENERATE_VERIFY_MAC"
AGREE = "KEY_AGREEMENT"
MAX_PLAINTEXT_BYTES = 4096
MAX_CIPHERTEXT_BYTES = 6144
MAX_MESSAGE_BYTES = 4096
MAX_DATA_KEY_BYTES = 1024
MAX_CONTEXT_BYTES = 8192
MAX_POLICY_BYTES = 32_768
MAX_TAGS = 50
MAX_ALIASES_PER_KEY = 50
MAX_GRANTS_PER_KEY = 5_000
MAX_GRANTS_CONSIDERED = 100
"""Grants of one key to one caller that a request looks at."""
MAX_ON_DEMAND_ROTATIONS = 25
MIN_ROTATION_DAYS, DEFAULT_ROTATION_DAYS, MAX_ROTATION_DAYS = 90, 365, 2560
MAX_PAGE = 1000
MIN_WINDOW_DAYS, MAX_WINDOW_DAYS = 7, 30
DEFAULT_KEYS = 10_000
"""Keys of an account, unless its quota `kms.keys` says otherwise."""
IMPORT_HOURS = 24
"""How long the wrapping key and token of an import are good."""
MAX_IMPORTS_PER_KEY = 10
"""Import tokens of a key that are good at once; an older one is forgotten."""


class KeyState(Enum):
    ENABLED = "Enabled"
    DISABLED = "Disabled"
    PENDING_DELETION = "PendingDeletion"
    PENDING_IMPORT = "PendingImport"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key; `version` is the material that encrypts, older ones still decrypt.

    `rotation_days` is the period of automatic rotation and `rotation_us` when it is next due;
    `expires_us` is when imported material goes.
    """

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
    spec: str = SYMMETRIC
    usage: str = ENCRYPT
    origin: str = "AWS_KMS"
    key_manager: str = "CUSTOMER"
    multi_region: bool = False
    rotation_days: int | None = None
    rotation_us: int | None = None
    expires_us: int | None = None

    @property
    def arn(self) -> str:
        return f"arn:aws:kms:{self.region}:{self.account}:key/{self.id}"


def material_id(key: Key, version: int | None = None) -> str:
    """What KMS calls a key's material: 64 hex digits that tell nothing of it. `version` is the
    current one unless it is given."""
    named = f"{key.arn} {key.version if version is None else version}"
    return hashlib.sha256(named.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One version of a key's bytes, sealed; empty when imported bytes were deleted.

    `made_by` is AUTOMATIC or ON_DEMAND for what a rotation made. `digest` is of imported bytes.
    """

    version: int
    sealed: bytes
    created_us: int
    made_by: str = ""
    digest: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A name of a key, with its `alias/` in front."""

    account: AccountId
    name: str
    key_id: str
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Lets `grantee` do `operations` with a key, for encryption contexts that fit."""

    account: AccountId
    key_id: str
    id: str
    grantee: str
    operations: tuple[str, ...]
    issuer: str
    created_us: int
    name: str = ""
    retiring: str = ""
    context_equals: Mapping[str, str] | None = None
    context_subset: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportKey:
    """The private half of a wrapping key, sealed, until `expires_us`; `token` names it."""

    account: AccountId
    key_id: str
    token: bytes
    algorithm: str
    sealed: bytes
    expires_us: int


def default_policy(account: AccountId) -> str:
    """The policy of a key made without one: the account's own policies decide (KMS developer
    guide, "Default key policy")."""
    return (
        '{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User '
        f'Permissions","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{account}:root"}},'
        '"Action":"kms:*","Resource":"*"}]}'
    )


MANAGED_SERVICES = ("s3", "secretsmanager", "sqs")
"""Services that keep a key for an account, `alias/aws/SERVICE`; in the order of their names."""


def managed_policy(account: AccountId, region: str, service: str) -> str:
    """The policy of the key that a service of the cloud keeps for an account: it encrypts only
    through that service, and nobody can change it (KMS developer guide, "AWS managed keys")."""
    return (
        '{"Version":"2012-10-17","Id":"auto-'
        f'{service}-1","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"*"}},"Action":'
        '["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant",'
        '"kms:DescribeKey"],"Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"'
        f'{account}","kms:ViaService":"{service}.{region}.amazonaws.com"}}}}}},{{"Effect":"Allow",'
        f'"Principal":{{"AWS":"arn:aws:iam::{account}:root"}},"Action":["kms:Describe*",'
        '"kms:Get*","kms:List*","kms:RevokeGrant"],"Resource":"*"}]}'
    )
