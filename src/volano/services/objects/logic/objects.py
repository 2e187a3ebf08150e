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
from volano.services.objects.logic.contents import remove_object, replace_object
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
    NoSuchKey,
    NoSuchVersion,
)
from volano.services.objects.logic.metering import (
    READ,
    WRITE,
    count_bytes_out,
    count_request,
)
from volano.services.objects.logic.names import require_key
from volano.services.objects.logic.ranges import parse_range
from volano.services.objects.logic.reading import open_range
from volano.services.objects.logic.writing import write_body
from volano.services.objects.model import (
    MAX_OBJECT_TAGS,
    NULL_VERSION,
    Bucket,
    Description,
    Part,
    StoredObject,
)
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import uploads as part_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from volano.kernel.bytes import Blob
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
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
    )
    item = with_encryption(item, with_seal(sealing, written.seal))

    async def replace(tx: Tx) -> None:
        await replace_object(tx, bucket, item, request.conditions, name="ObjectCreated:Put")

    try:
        await env.store.transact(replace)
    except VolanoError as error:
        await drop_unnamed(env, [written.blob], error)
        raise
    return item


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
    require_customer_key(env, item.description.encryption, request.customer)
    if not is_modified(request.conditions, item):
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


async def get_item(
    reader: Reader, bucket: Bucket, key: str, version_id: str | None = None
) -> StoredObject:
    """The row of a key; raises NoSuchKey, and NoSuchVersion for any but the null version."""
    item = await object_rows.select_object(reader, bucket.id, key) if "\x00" not in key else None
    if version_id not in (None, NULL_VERSION, item.version_id if item else NULL_VERSION):
        raise NoSuchVersion(
            "The specified version does not exist.",
            fields={"Key": key, "VersionId": str(version_id)},
        )
    if item is None:
        raise NoSuchKey("The specified key does not exist.", fields={"Key": key})
    return item


async def _select_part(
    env: Env, bucket: Bucket, item: StoredObject, request: ReadRequest
) -> Selected:
    number = request.part_number or 0
    if request.range is not None:
        raise InvalidArgument("Cannot specify both Range header and partNumber query parameter")
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


async def delete_object(
    env: Env,
    call: Call,
    bucket_name: str,
    key: str,
    *,
    version_id: str | None = None,
    conditions: WriteConditions = NO_WRITE_CONDITIONS,
    expected_owner: str | None = None,
) -> None:
    """Delete a key; deleting one that is not there is no error. Raises PreconditionFailed."""
    bucket = await open_bucket(env, bucket_name, expected_owner)
    count_request(env, bucket, WRITE)
    await delete_keys(env, bucket, [(key, version_id, conditions)], raises=True)


async def delete_keys(
    env: Env,
    bucket: Bucket,
    wanted: Sequence[tuple[str, str | None, WriteConditions]],
    *,
    raises: bool = False,
) -> list[VolanoError | None]:
    """Delete keys in one transaction; the answer has an error or None for each."""

    async def remove(tx: Tx) -> list[VolanoError | None]:
        now_us = env.clock.now_us()
        results: list[VolanoError | None] = []
        for key, version_id, conditions in wanted:
            try:
                await _delete_key(tx, bucket, key, version_id, conditions, now_us=now_us)
            except VolanoError as error:
                if raises:
                    raise
                results.append(error)
            else:
                results.append(None)
        return results

    return await env.store.transact(remove)


async def _delete_key(
    tx: Tx,
    bucket: Bucket,
    key: str,
    version_id: str | None,
    conditions: WriteConditions,
    *,
    now_us: int,
) -> None:
    require_key(key)
    item = await object_rows.select_object(tx, bucket.id, key)
    if not conditions.is_empty:
        require_writable(conditions, item, key=key)
    if item is not None and version_id in (None, item.version_id):
        await remove_object(tx, bucket, item, now_us=now_us)


async def get_object_tags(
    env: Env, call: Call, bucket_name: str, key: str, version_id: str | None = None
) -> dict[str, str]:
    """Raises NoSuchKey."""
    bucket = await open_bucket(env, bucket_name)
    count_request(env, bucket, READ)
    item = await get_item(env.store.reader, bucket, key, version_id)
    return item.description.tags


async def put_object_tags(
    env: Env, call: Call, bucket_name: str, key: str, pairs: Iterable[tuple[str, str]]
) -> None:
    """Replace all tags of an object; raises NoSuchKey and InvalidTag."""
    bucket = await open_bucket(env, bucket_name)
    count_request(env, bucket, WRITE)
    tags = to_tags(pairs, limit=MAX_OBJECT_TAGS)

    async def write(tx: Tx) -> None:
        if not await object_rows.update_tags(tx, bucket.id, key, tags):
            raise NoSuchKey("The specified key does not exist.", fields={"Key": key})

    await env.store.transact(write)


async def list_object_parts(env: Env, item: StoredObject, *, after: int, limit: int) -> list[Part]:
    """Parts of a completed multipart object by number (GetObjectAttributes)."""
    if not item.part_count:
        return []
    return await part_rows.select_parts(env.store.reader, item.content_id, after=after, limit=limit)
