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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket; `policy` is its resource policy as JSON text, or ''."""

    id: str
    name: str
    account: AccountId
    region: str
    created_us: int
    policy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """A stored checksum: `value` is base64 (and `-N` for the composite of N parts)."""

    algorithm: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the writer says about an object: content headers by botocore's member names
    (`ContentType`, `CacheControl` …), user metadata, tags and storage class.
    """

    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    storage_class: str = "STANDARD"


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
