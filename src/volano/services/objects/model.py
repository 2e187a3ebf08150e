"""The nouns of the object store: buckets, objects, uploads, parts, and the events about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

import msgspec

from volano.kernel.bytes import Blob
from volano.kernel.events import Event, event
from volano.kernel.ids import AccountId

NULL_VERSION = "null"
"""The version id of what was written while the bucket's versioning was not enabled."""

ENABLED = "Enabled"
SUSPENDED = "Suspended"
GOVERNANCE = "GOVERNANCE"
COMPLIANCE = "COMPLIANCE"

MIN_PART_BYTES = 5 * 1024**2
MAX_PUT_BYTES = 5 * 1024**3
MAX_OBJECT_BYTES = 5 * 1024**4
MAX_PARTS = 10_000
MAX_KEY_BYTES = 1024
MAX_USER_METADATA_BYTES = 2048
MAX_OBJECT_TAGS = 10
MAX_BUCKET_TAGS = 50
MAX_PAGE = 1000
"""Keys, uploads or parts in one page of a listing, and keys in one DeleteObjects."""

DEFAULT_BUCKETS = 1000
"""Buckets of an account, unless its quota `s3.buckets` says otherwise."""


ENFORCED = "BucketOwnerEnforced"
"""The object ownership under which there are no access lists."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One line of an access list; `to` is an account's id or the URI of a group."""

    to: str
    permission: str


@dataclass(frozen=True, slots=True)
class Acl:
    """Who owns an object or bucket, and whom its owner lets in."""

    owner: AccountId
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicBlock:
    """The four switches of a public access block."""

    block_acls: bool = False
    ignore_acls: bool = False
    block_policy: bool = False
    restrict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a bucket is opened and watched.

    `ownership` is '' where no ownership controls are set: then lists count as with ObjectWriter.
    `grants` None means the owner's full control. `cors` and `website` tell only that there are
    such settings; `log_bucket` where access logs go.
    """

    ownership: str = ENFORCED
    grants: tuple[Grant, ...] | None = None
    block: PublicBlock | None = None
    requester_pays: bool = False
    cors: bool = False
    website: bool = False
    log_bucket: str = ""
    log_prefix: str = ""
    log_partition: str = ""

    @property
    def has_lists(self) -> bool:
        """Whether access lists count."""
        return self.ownership != ENFORCED


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectLock:
    """A bucket's object lock: the retention that objects get by default, if any (`mode` '')."""

    mode: str = ""
    days: int = 0
    years: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What keeps one version from being deleted; `mode` '' where no date is set."""

    mode: str = ""
    until_us: int = 0
    legal_hold: bool = False


NO_RETENTION = Retention()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket; `policy` is its resource policy as JSON text, or ''. `versioning` is '' (never
    had), ENABLED or SUSPENDED; `object_lock` None where the bucket has no lock.

    `encryption` is the default for new objects as JSON text, or '' for none.
    """

    id: str
    name: str
    account: AccountId
    region: str
    created_us: int
    policy: str = ""
    encryption: str = ""
    access: Access = field(default_factory=Access)
    versioning: str = ""
    object_lock: ObjectLock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """A stored checksum: `value` is base64 (and `-N` for the composite of N parts)."""

    algorithm: str
    kind: str
    value: str


class EncryptionMode(Enum):
    """Who holds the key that wraps an object's data key: the region, a KMS key, the client."""

    S3 = "AES256"
    KMS = "aws:kms"
    CUSTOMER = "customer"


class Encryption(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an object's bytes are sealed; None in its place means that they are plain.

    `wrapped` is the data key, wrapped (base64). `seal` is the stream of the object's own blob, ''
    when its bytes are parts, each with its own. For KMS: the key's ARN, the name that the client
    used, the encryption context, and with a bucket key the bucket key as KMS wrapped it.
    """

    mode: EncryptionMode
    wrapped: str
    seal: str = ""
    kms_key: str = ""
    kms_name: str = ""
    kms_context: dict[str, str] = {}
    bucket_key: str = ""


SEAL_CHUNK_BYTES = 64 * 1024
SEAL_TAG_BYTES = 16


def sealed_size(plain_bytes: int) -> int:
    """What so many plain bytes take when they are sealed (`logic/encryption_stream.py`)."""
    return plain_bytes + SEAL_TAG_BYTES * -(-plain_bytes // SEAL_CHUNK_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the writer says about an object: content headers by botocore's member names
    (`ContentType`, `CacheControl` …), user metadata, tags, storage class and encryption, until
    when an archived object is restored; `acl`
    None where the bucket's owner owns the object and nobody else may reach it.
    """

    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    storage_class: str = "STANDARD"
    acl: Acl | None = None
    encryption: Encryption | None = None
    restored_until_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One version of a key. Its bytes are `blob`, or the parts named by `content_id` (an upload's,
    or one part shared with copies and older versions); an object of zero bytes has neither.
    `part_count` is 0 unless it was a multipart upload. Versions of a key are in the order of
    `rank`, the newest first. A delete marker is a version without content. `noncurrent_us` is
    when a newer version came, 0 for the current one.
    """

    bucket_id: str
    key: str
    size_bytes: int
    etag: str
    modified_us: int
    description: Description
    checksum: Checksum | None = None
    blob: Blob | None = None
    content_id: str = ""
    part_count: int = 0
    version_id: str = NULL_VERSION
    rank: int = 0
    retention: Retention = NO_RETENTION
    is_marker: bool = False
    noncurrent_us: int = 0


class Put(msgspec.Struct, frozen=True, array_like=True):
    """A small object of a put as the log tells it, but for where its blob lies; `checksum` and
    `headers` are the texts of its row."""

    bucket_id: str
    key: str
    etag: str
    modified_us: int
    checksum: str
    headers: str


ListedRow = tuple[str, int, str, int, str, str]
"""What a listing reads of an object, as it comes from the database: a page has a thousand."""


class ListedObject(NamedTuple):
    """What a listing shows of an object: the parts of a `ListedRow` by name."""

    key: str
    size_bytes: int
    etag: str
    modified_us: int
    storage_class: str
    checksum_text: str
    """`ALGORITHM KIND VALUE`, or ''."""

    @property
    def checksum(self) -> Checksum | None:
        if not self.checksum_text:
            return None
        algorithm, kind, value = self.checksum_text.split(" ", 2)
        return Checksum(algorithm=algorithm, kind=kind, value=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVersion:
    """What a listing of versions shows of one."""

    key: str
    rank: int
    version_id: str
    size_bytes: int
    etag: str
    modified_us: int
    storage_class: str
    checksum: Checksum | None
    is_marker: bool
    is_latest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A multipart upload in progress; `checksum_algorithm` '' when the client named none."""

    bucket_id: str
    key: str
    id: str
    created_us: int
    description: Description
    checksum_algorithm: str
    checksum_kind: str
    initiator: str
    retention: Retention = NO_RETENTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part; `crc` is the CRC-64/NVME of its bytes, `start_bytes` -1 until completion.

    `seal` is the stream of its blob when the object is encrypted, else ''.
    """

    content_id: str
    number: int
    size_bytes: int
    etag: str
    checksum: Checksum | None
    crc: int
    blob: Blob | None
    modified_us: int
    start_bytes: int = -1
    seal: str = ""
    storage_class: str = "STANDARD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Who made a change, for the notifications of a bucket; a lifecycle rule has no request."""

    by: str = ""
    source_ip: str = ""
    request_id: str = ""
    is_lifecycle: bool = False


NO_CAUSE = Cause()
LIFECYCLE = Cause(by="s3.amazonaws.com", is_lifecycle=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A webhook that notifications name like a function; `secret` is sealed."""

    account: str
    name: str
    url: str
    secret: bytes
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notification on its way to a hook; `body` is sealed."""

    id: str
    account: str
    hook: str
    body: bytes
    attempts: int
    due_us: int
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationTarget:
    """A bucket of another S3 store; `secret` is the sealed secret access key."""

    account: str
    name: str
    endpoint: str
    region: str
    bucket: str
    access_key_id: str
    secret: bytes
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationTask:
    """A version on its way to the destination of a rule; `kind` is `object` or `marker`."""

    id: str
    bucket_id: str
    key: str
    version_id: str
    kind: str
    rule_id: str
    attempts: int
    due_us: int
    created_us: int


@event("objects.object_written")
class ObjectWritten(Event, frozen=True):
    """A key has new content; `name` follows S3's event names (`ObjectCreated:Put`). `version_id`
    is '' in a bucket that never had versioning.
    """

    account: str
    bucket: str
    key: str
    name: str
    size_bytes: int
    etag: str
    time_us: int
    version_id: str = ""
    by: str = ""
    source_ip: str = ""
    request_id: str = ""


@event("objects.object_deleted")
class ObjectDeleted(Event, frozen=True):
    """A key or a version is gone, or hidden by a delete marker: then `name` is
    `ObjectRemoved:DeleteMarkerCreated` and `version_id` the marker's.
    """

    account: str
    bucket: str
    key: str
    time_us: int
    name: str = "ObjectRemoved:Delete"
    version_id: str = ""
    by: str = ""
    source_ip: str = ""
    request_id: str = ""


@event("objects.object_changed")
class ObjectChanged(Event, frozen=True):
    """What is said of a version changed, its content did not; `name` follows S3's event names
    (`ObjectTagging:Put`)."""

    account: str
    bucket: str
    key: str
    name: str
    size_bytes: int
    etag: str
    time_us: int
    version_id: str = ""
    by: str = ""
    source_ip: str = ""
    request_id: str = ""


@event("objects.bucket_deleted")
class BucketDeleted(Event, frozen=True):
    account: str
    bucket: str
    time_us: int
