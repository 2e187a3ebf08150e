"""What the console's REST API of objects takes and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from volano.services.objects.model import MAX_PAGE

if TYPE_CHECKING:
    from volano.services.objects.model import Bucket, StoredObject

MAX_LINK_S = 12 * 3600
Limit = Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)]
LinkSeconds = Annotated[int, msgspec.Meta(ge=1, le=MAX_LINK_S)]


class BucketsFields(msgspec.Struct):
    """A page of buckets."""

    limit: Limit = 100
    cursor: str = ""


class BucketFields(msgspec.Struct):
    """One bucket."""

    bucket: str


class CreateBucketFields(msgspec.Struct):
    """`name` follows S3's rules for bucket names."""

    name: str


class ObjectsFields(msgspec.Struct):
    """A page of a bucket; `delimiter` `/` rolls keys up to folders."""

    bucket: str
    prefix: str = ""
    delimiter: str = ""
    limit: Limit = 200
    cursor: str = ""


class ObjectFields(msgspec.Struct):
    """One object. `range` is like the Range header (`bytes=0-99`); `version_id` '' the newest."""

    bucket: str
    key: str
    range: str = ""
    download: bool = False
    version_id: str = ""


class PutObjectFields(msgspec.Struct):
    """Where an upload goes; its body and Content-Type are the object's."""

    bucket: str
    key: str


class DeleteObjectsFields(msgspec.Struct):
    """Keys to delete at once."""

    bucket: str
    keys: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MAX_PAGE)]


class LinkFields(msgspec.Struct):
    """A link for `method` (GET or PUT) on one object, valid for `expires_s` seconds."""

    bucket: str
    key: str
    expires_s: LinkSeconds = 3600
    method: str = "GET"


class BucketView(msgspec.Struct):
    """A bucket; `objects` and `size_bytes` are as last counted (`counted_us`, 0 for never)."""

    name: str
    region: str
    created_us: int
    objects: int = 0
    size_bytes: int = 0
    counted_us: int = 0
    is_complete: bool = True


class BucketPage(msgspec.Struct):
    items: list[BucketView]
    next_cursor: str | None


class ObjectView(msgspec.Struct):
    key: str
    size_bytes: int
    etag: str
    modified_us: int
    storage_class: str


class ObjectPage(msgspec.Struct):
    items: list[ObjectView]
    prefixes: list[str]
    next_cursor: str | None


class ObjectDetails(msgspec.Struct):
    """All that is known of an object but its bytes."""

    bucket: str
    key: str
    size_bytes: int
    etag: str
    modified_us: int
    storage_class: str
    content_type: str
    headers: dict[str, str]
    metadata: dict[str, str]
    tags: dict[str, str]
    checksum: str
    zones: list[str]
    parts: int


class DeletedView(msgspec.Struct):
    """`errors` maps a key that was not deleted to the reason."""

    deleted: list[str]
    errors: dict[str, str]


class LinkView(msgspec.Struct):
    url: str
    method: str
    expires_us: int


def bucket_view(
    bucket: Bucket, counted: tuple[int, int, int] | None, *, is_complete: bool = True
) -> BucketView:
    objects, size_bytes, counted_us = counted or (0, 0, 0)
    return BucketView(
        name=bucket.name,
        region=bucket.region,
        created_us=bucket.created_us,
        objects=objects,
        size_bytes=size_bytes,
        counted_us=counted_us,
        is_complete=is_complete,
    )


def object_details(bucket: str, item: StoredObject, default_type: str) -> ObjectDetails:
    description, checksum = item.description, item.checksum
    return ObjectDetails(
        bucket=bucket,
        key=item.key,
        size_bytes=item.size_bytes,
        etag=item.etag,
        modified_us=item.modified_us,
        storage_class=description.storage_class,
        content_type=description.headers.get("ContentType", default_type),
        headers={k: v for k, v in description.headers.items() if k != "ContentType"},
        metadata=description.metadata,
        tags=description.tags,
        checksum=f"{checksum.algorithm} {checksum.value}" if checksum else "",
        zones=list(item.blob.zones) if item.blob else [],
        parts=item.part_count,
    )
