"""Put, get, head and delete of objects, and their tags and attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.objects.logic.access import open_bucket, require_listing
from volano.services.objects.logic.checksums import NO_CLAIMS, Claims
from volano.services.objects.logic.conditions import (
    NO_READ_CONDITIONS,
    NO_WRITE_CONDITIONS,
    ReadConditions,
    WriteConditions,
    is_modified,
    require_writable,
)
from volano.services.objects.logic.contents import cause_of, publish_changed, replace_object
from volano.services.objects.logic.descriptions import require_description, to_tags
from volano.services.objects.logic.encryption import (
    data_key_of,
    new_key,
    opaque_etag,
    open_key,
    require_customer_key,
    with_encryption,
    with_seal,
)
from volano.services.objects.logic.errors import (
    InvalidArgument,
    InvalidPart,
    InvalidRequest,
    NoSuchKey,
)
from volano.services.objects.logic.locks import retention_for_write
from volano.services.objects.logic.metering import (
    READ,
    WRITE,
    count_bytes_out,
    count_request,
)
from volano.services.objects.logic.names import require_key
from volano.services.objects.logic.ranges import parse_range
from volano.services.objects.logic.reading import open_range
from volano.services.objects.logic.restoring import require_readable
from volano.services.objects.logic.versions import FRESH_LENGTH, get_item, get_tagged_item
from volano.services.objects.logic.writing import write_body
from volano.services.objects.model import (
    MAX_OBJECT_TAGS,
    NO_RETENTION,
    Bucket,
    Description,
    Part,
    Retention,
    StoredObject,
)
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import uploads as part_rows
from volano.services.objects.store import versions as version_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from volano.kernel.bytes import Blob
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.objects.logic.encryption_requests import CustomerKey, WantedEncryption
    from volano.services.objects.logic.reading import Content
    from volano.services.objects.logic.writing import IncomingBody


@dataclass(frozen=True, slots=True, kw_only=True)
class PutRequest:
    """What PutObject is asked to do."""

    bucket: str
    key: str
    body: IncomingBody
    description: Description = field(default_factory=Description)
    claims: Claims = NO_CLAIMS
    conditions: WriteConditions = NO_WRITE_CONDITIONS
    retention: Retention = NO_RETENTION
    expected_owner: str | None = None
    encryption: WantedEncryption | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """What GetObject and HeadObject are asked for."""

    bucket: str
    key: str
    range: str | None = None
    part_number: int | None = None
    version_id: str | None = None
    conditions: ReadConditions = NO_READ_CONDITIONS
    expected_owner: str | None = None
    customer: CustomerKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """An object and which of its bytes are meant; `part` when one was asked for by number."""

    bucket: Bucket
    item: StoredObject
    first_byte: int
    end_byte: int
    is_partial: bool = False
    is_modified: bool = True
    part: Part | None = None
    content: Content = b""


async def put_object(env: Env, call: Call, request: PutRequest) -> StoredObject:
    """Store the body under the key; durable in two zones when this returns.

    Raises NoSuchBucket, PreconditionFailed, ConditionalRequestConflict and what `write_body` does.
    """
    require_key(request.key)
    require_description(request.description)
    bucket = await open_bucket(env, request.bucket, request.expected_owner)
    count_request(env, bucket, WRITE)
    retention = retention_for_write(bucket, request.retention, env.clock.now_us())
    if not request.conditions.is_empty:
        current = await object_rows.select_object(env.store.reader, bucket.id, request.key)
        require_writable(request.conditions, current, key=request.key)
    sealing = await new_key(env, call, bucket, request.key, request.encryption)
    written = await write_body(
        env,
        request.body,
        key=f"{bucket.id}/{request.key}",
        claims=request.claims,
        data_key=data_key_of(sealing),
        storage_class=request.description.storage_class,
    )
    item = StoredObject(
        bucket_id=bucket.id,
        key=request.key,
        size_bytes=written.size_bytes,
        etag=opaque_etag(sealing, written.md5),
        modified_us=env.clock.now_us(),
        description=request.description,
        checksum=written.checksum,
        blob=written.blob,
        retention=retention,
    )
    item = with_encryption(item, with_seal(sealing, written.seal))
    fresh = env.ids.token(FRESH_LENGTH)

    async def replace(tx: Tx) -> StoredObject:
        return await replace_object(
            tx,
            bucket,
            item,
            request.conditions,
            name="ObjectCreated:Put",
            fresh=fresh,
            cause=cause_of(call),
        )

    try:
        return await env.store.transact(replace)
    except VolanoError as error:
        await drop_unnamed(env, [written.blob], error)
        raise


async def drop_unnamed(env: Env, blobs: Sequence[Blob | None], error: VolanoError) -> None:
    """Delete blobs at once when a decision kept them from being named.

    After a failure of the database itself the row may be there in spite of the error, so then the
    blobs are left to the sweep.
    """
    if error.wire_status < 500:
        await env.bytes.delete([blob for blob in blobs if blob is not None])


async def select_object(env: Env, call: Call, request: ReadRequest) -> Selected:
    """Find an object and the bytes meant, without opening them (HeadObject).

    Raises NoSuchBucket, NoSuchKey, PreconditionFailed, InvalidRange and InvalidPart.
    """
    bucket = await open_bucket(env, request.bucket, request.expected_owner)
    count_request(env, bucket, READ)
    try:
        item = await get_item(env.store.reader, bucket, request.key, request.version_id)
    except NoSuchKey:
        # Who may not list the bucket does not learn what is not in it (GetObject, "Permissions").
        await require_listing(env, call, bucket, request.key)
        raise
    found = await _select_bytes(env, bucket, item, request)
    require_customer_key(env, item.description.encryption, request.customer)
    return found


async def _select_bytes(
    env: Env, bucket: Bucket, item: StoredObject, request: ReadRequest
) -> Selected:
    if not is_modified(request.conditions, item, now_us=env.clock.now_us()):
        return Selected(bucket=bucket, item=item, first_byte=0, end_byte=0, is_modified=False)
    if request.part_number is not None:
        return await _select_part(env, bucket, item, request)
    wanted = parse_range(request.range, item.size_bytes)
    if wanted is None:
        return Selected(bucket=bucket, item=item, first_byte=0, end_byte=item.size_bytes)
    return Selected(
        bucket=bucket, item=item, first_byte=wanted[0], end_byte=wanted[1], is_partial=True
    )


async def get_object(env: Env, call: Call, request: ReadRequest) -> Selected:
    """The same with its bytes open; raises Unavailable when no copy can be read."""
    found = await select_object(env, call, request)
    data_key = None
    if found.is_modified:
        require_readable(env, found.item)
        data_key = await open_key(env, call, found.item, request.customer)
    content = await open_range(env, found.item, found.first_byte, found.end_byte, data_key=data_key)
    count_bytes_out(env, found.bucket, found.end_byte - found.first_byte)
    return Selected(
        bucket=found.bucket,
        item=found.item,
        first_byte=found.first_byte,
        end_byte=found.end_byte,
        is_partial=found.is_partial,
        is_modified=found.is_modified,
        part=found.part,
        content=content,
    )


async def _select_part(
    env: Env, bucket: Bucket, item: StoredObject, request: ReadRequest
) -> Selected:
    number = request.part_number or 0
    if request.range is not None:
        raise InvalidRequest("Cannot specify both Range header and partNumber query parameter")
    if number < 1:
        raise InvalidArgument("Part number must be an integer between 1 and 10000, inclusive")
    if not item.part_count:
        if number != 1:
            raise _no_such_part(number, 1)
        return Selected(
            bucket=bucket,
            item=item,
            first_byte=0,
            end_byte=item.size_bytes,
            is_partial=item.size_bytes > 0,
        )
    part = await part_rows.select_part(env.store.reader, item.content_id, number)
    if part is None:
        raise _no_such_part(number, item.part_count)
    return Selected(
        bucket=bucket,
        item=item,
        first_byte=part.start_bytes,
        end_byte=part.start_bytes + part.size_bytes,
        is_partial=True,
        part=part,
    )


def _no_such_part(number: int, count: int) -> InvalidPart:
    return InvalidPart(
        "The requested part number is not satisfiable",
        fields={"PartNumberRequested": str(number), "ActualPartCount": str(count)},
    )


async def get_object_tags(
    env: Env, call: Call, bucket_name: str, key: str, version_id: str | None = None
) -> StoredObject:
    """The version whose tags are asked for; raises NoSuchKey and MethodNotAllowed."""
    bucket = await open_bucket(env, bucket_name)
    count_request(env, bucket, READ)
    return await get_tagged_item(env.store.reader, bucket, key, version_id, method="GET")


async def put_object_tags(
    env: Env,
    call: Call,
    bucket_name: str,
    key: str,
    pairs: Iterable[tuple[str, str]],
    version_id: str | None = None,
    *,
    method: str = "PUT",
) -> StoredObject:
    """Replace all tags of a version; raises NoSuchKey, MethodNotAllowed and InvalidTag."""
    bucket = await open_bucket(env, bucket_name)
    count_request(env, bucket, WRITE)
    tags = to_tags(pairs, limit=MAX_OBJECT_TAGS)
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> StoredObject:
        item = await get_tagged_item(tx, bucket, key, version_id, method=method)
        await version_rows.update_tags(tx, item, tags)
        publish_changed(
            tx,
            bucket,
            item,
            name="ObjectTagging:Put" if tags else "ObjectTagging:Delete",
            now_us=now_us,
            cause=cause_of(call),
        )
        return item

    return await env.store.transact(write)


async def list_object_parts(env: Env, item: StoredObject, *, after: int, limit: int) -> list[Part]:
    """Parts of a completed multipart object by number (GetObjectAttributes)."""
    if not item.part_count:
        return []
    return await part_rows.select_parts(env.store.reader, item.content_id, after=after, limit=limit)
