"""The nouns of the object store: buckets, objects, uploads, parts, and the events about them."""

from __future__ import annotations

from dataclasses import dataclass, field

from volano.kernel.bytes import Blob
from volano.kernel.events import Event, event
from volano.kernel.ids import AccountId

NULL_VERSION = "null"
"""The version id of an object in a bucket that never had versioning."""

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
class Bucket:
    """A bucket; `policy` is its resource policy as JSON text, or ''."""

    id: str
    name: str
    account: AccountId
    region: str
    created_us: int
    policy: str = ""
    access: Access = field(default_factory=Access)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """A stored checksum: `value` is base64 (and `-N` for the composite of N parts)."""

    algorithm: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the writer says about an object: content headers by botocore's member names
    (`ContentType`, `CacheControl` …), user metadata, tags and storage class; `acl` None where
    the bucket's owner owns the object and nobody else may reach it.
    """

    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    storage_class: str = "STANDARD"
    acl: Acl | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """The current version of a key. Its bytes are `blob`, or the parts named by `content_id` (an
    upload's, or one part shared with copies); an object of zero bytes has neither. `part_count`
    is 0 unless it was a multipart upload.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedObject:
    """What a listing shows of an object."""

    key: str
    size_bytes: int
    etag: str
    modified_us: int
    storage_class: str
    checksum: Checksum | None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part; `crc` is the CRC-64/NVME of its bytes, `start_bytes` -1 until completion."""

    content_id: str
    number: int
    size_bytes: int
    etag: str
    checksum: Checksum | None
    crc: int
    blob: Blob | None
    modified_us: int
    start_bytes: int = -1


@event("objects.object_written")
class ObjectWritten(Event, frozen=True):
    """A key has new content; `name` follows S3's event names (`ObjectCreated:Put`)."""

    account: str
    bucket: str
    key: str
    name: str
    size_bytes: int
    etag: str
    time_us: int


@event("objects.object_deleted")
class ObjectDeleted(Event, frozen=True):
    """A key is gone."""

    account: str
    bucket: str
    key: str
    time_us: int


@event("objects.bucket_deleted")
class BucketDeleted(Event, frozen=True):
    account: str
    bucket: str
    time_us: int
