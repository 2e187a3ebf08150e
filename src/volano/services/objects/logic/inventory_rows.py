"""What one line of an inventory says of an object: values as the S3 user guide, "Inventory lists",
has them. Every value is quoted, and keys are percent-encoded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from volano.services.objects.logic.inventory import ALL_VERSIONS, FIELDS
from volano.services.objects.logic.lifecycle import REAL_DAY_S
from volano.services.objects.logic.lifecycle_due import first_expiry
from volano.services.objects.model import EncryptionMode

if TYPE_CHECKING:
    from volano.services.objects.logic.inventory import Inventory
    from volano.services.objects.logic.lifecycle import Lifecycle
    from volano.services.objects.model import Bucket, StoredObject

_STATUS = {
    EncryptionMode.S3: "SSE-S3",
    EncryptionMode.KMS: "SSE-KMS",
    EncryptionMode.CUSTOMER: "SSE-C",
}


def columns(wanted: Inventory) -> list[str]:
    """The names of a report's columns, in their order."""
    versions = ["VersionId", "IsLatest", "IsDeleteMarker"]
    return [
        "Bucket",
        "Key",
        *(versions if wanted.versions == ALL_VERSIONS else ()),
        *(name for name in FIELDS if name in wanted.fields),
    ]


def line(wanted: Inventory, bucket: Bucket, item: StoredObject, lifecycle: Lifecycle) -> bytes:
    """The line of one object or version."""
    values = [bucket.name, quote(item.key, safe="", errors="surrogateescape")]
    if wanted.versions == ALL_VERSIONS:
        version_id = item.version_id if bucket.versioning else ""
        values += [version_id, _bool(not item.noncurrent_us), _bool(item.is_marker)]
    values += [_value(name, bucket, item, lifecycle) for name in FIELDS if name in wanted.fields]
    return (",".join(f'"{_escaped(value)}"' for value in values) + "\n").encode()


def _value(name: str, bucket: Bucket, item: StoredObject, lifecycle: Lifecycle) -> str:
    """One value; '' where it says nothing of this object."""
    if item.is_marker and name not in ("LastModifiedDate", "ObjectOwner"):
        return ""
    encryption, kept = item.description.encryption, item.retention
    if name == "LifecycleExpirationDate":
        found = None if item.noncurrent_us else first_expiry(lifecycle.rules, item, REAL_DAY_S)
        return "" if found is None else _date(found[0])
    acl = item.description.acl
    values = {
        "Size": str(item.size_bytes),
        "LastModifiedDate": _date(item.modified_us),
        "StorageClass": item.description.storage_class,
        "ETag": item.etag,
        "IsMultipartUploaded": _bool(item.part_count > 0),
        "ReplicationStatus": "",
        "EncryptionStatus": "NOT-SSE" if encryption is None else _STATUS[encryption.mode],
        "ObjectLockRetainUntilDate": _date(kept.until_us) if kept.mode else "",
        "ObjectLockMode": kept.mode,
        "ObjectLockLegalHoldStatus": "On" if kept.legal_hold else "",
        "BucketKeyStatus": _bucket_key(item),
        "ChecksumAlgorithm": item.checksum.algorithm if item.checksum is not None else "",
        "ObjectOwner": str(bucket.account if acl is None else acl.owner),
    }
    return values[name]


def _bucket_key(item: StoredObject) -> str:
    encryption = item.description.encryption
    if encryption is None or encryption.mode is not EncryptionMode.KMS:
        return ""
    return "ENABLED" if encryption.bucket_key else "DISABLED"


def _bool(value: bool) -> str:  # noqa: FBT001 - a value to be written
    return "true" if value else "false"


def _date(time_us: int) -> str:
    moment = datetime.fromtimestamp(time_us / 1e6, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _escaped(value: str) -> str:
    return value.replace('"', '""')
