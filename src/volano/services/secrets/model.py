"""The nouns of Secrets Manager: secrets, versions of their value, rotations under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from volano.kernel.ids import AccountId

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
SERVICE = "secretsmanager"
MAX_VALUE_BYTES = 65_536
MAX_DESCRIPTION = 2048
MAX_TAGS = 50
MAX_STAGES = 20
"""Stages of one version."""
MAX_VERSIONS = 100
"""Versions of a secret that are kept; the oldest without a stage go first."""
MAX_POLICY_BYTES = 20_480
MAX_PAGE = 100
MAX_BATCH = 20
MIN_WINDOW_DAYS, MAX_WINDOW_DAYS = 7, 30
MAX_ROTATION_DAYS = 1000
DEFAULT_SECRETS = 10_000
"""Secrets of an account, unless its quota `secrets.secrets` says otherwise."""
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
MAX_ATTEMPTS = 6
"""How often a step of a rotation is tried; the secret stays as it was when none succeeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """`kms_key` is what the caller named; empty means the account's `alias/aws/secretsmanager`.

    `deleted_us` is when it was marked for deletion and `deletion_us` when it goes. `rotation_hook`
    is who makes new values, `rotation_rules` JSON text, `rotation_us` when the next is due.
    """

    account: AccountId
    region: str
    name: str
    suffix: str
    created_us: int
    changed_us: int
    description: str = ""
    kms_key: str = ""
    policy: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    accessed_us: int | None = None
    deleted_us: int | None = None
    deletion_us: int | None = None
    rotation_on: bool = False
    rotation_hook: str = ""
    rotation_rules: str = ""
    rotated_us: int | None = None
    rotation_us: int | None = None

    @property
    def arn(self) -> str:
        return (
            f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:{self.name}-{self.suffix}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One value of a secret, sealed. `kms_key` is the ARN of the key that wraps its data key.

    A version that a rotation has only announced has no value yet: `sealed` is empty.
    """

    id: str
    data_key: bytes
    sealed: bytes
    is_binary: bool
    digest: bytes
    kms_key: str
    created_us: int
    accessed_us: int | None = None
    """The day of the last read."""
    stages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A rotation under way: the `step` that is next, due at `due_us`."""

    account: AccountId
    name: str
    version_id: str
    step: str
    attempts: int
    due_us: int
