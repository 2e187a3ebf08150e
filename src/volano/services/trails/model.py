"""The nouns of CloudTrail: trails, log files, digests, the keys that sign them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from volano.kernel.ids import AccountId

MAX_TRAILS = 5
"""Trails of an account (CloudTrail quotas)."""
MAX_TAGS = 50
MAX_BATCHES_PER_FILE = 100
MAX_RECORDS_PER_FILE = 10_000
MAX_PENDING_BATCHES = 50_000
"""Groups of records that wait for a bucket that cannot be written; beyond, the oldest are lost."""
DELIVER_AFTER_S = 60
"""A record waits at most this long (and one round of work) for its log file."""
DIGEST_S = 3600
KEY_DAYS, KEY_VALID_DAYS = 365, 400
"""A new signing key is made after a year; the old one stays listed a little longer."""
RETRY_S = 60
LOOKUP_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """`digest_start_us` is where the next digest begins, None while none is due; `topic` the ARN
    of the topic that is told of log files, '' for none."""

    account: AccountId
    region: str
    name: str
    bucket: str
    created_us: int
    prefix: str = ""
    global_events: bool = True
    multi_region: bool = False
    validation: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    selectors: str = ""
    advanced: str = ""
    logging: bool = False
    started_us: int | None = None
    stopped_us: int | None = None
    delivered_us: int | None = None
    delivery_error: str = ""
    digest_start_us: int | None = None
    digest_delivered_us: int | None = None
    digest_error: str = ""
    retry_us: int = 0
    topic: str = ""

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudtrail:{self.region}:{self.account}:trail/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records of one group of the journal that a trail wants, compressed."""

    id: str
    records: bytes
    amount: int
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """A log file: cut, then delivered. `hash` is of what is inside the compression."""

    id: str
    key: str
    bucket: str
    created_us: int
    delivered_us: int | None = None
    hash: str = ""
    oldest_us: int | None = None
    newest_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A digest file: made, then delivered. `content` is compressed, `hash` of what is inside."""

    end_us: int
    key: str
    bucket: str
    content: bytes
    hash: str
    signature: str
    delivered_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """An RSA key that signs digests; `public` is PKCS #1 in DER, `sealed` the private half."""

    fingerprint: str
    public: bytes
    sealed: bytes
    start_us: int
    end_us: int
