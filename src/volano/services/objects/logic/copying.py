"""CopyObject: a second key for the same bytes, in this bucket or another.

Bytes are immutable, so a copy shares them and only a row is written; s3_shared counts who else
uses them. A copy of a multipart object therefore keeps its parts and its ETag. The source is read
again inside the transaction, so its bytes cannot be freed meanwhile.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote_plus

from volano.kernel.errors import VolanoError
from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.checksums import FULL_OBJECT, full_checksum, new_hash
from volano.services.objects.logic.conditions import (
    NO_READ_CONDITIONS,
    NO_WRITE_CONDITIONS,
    ReadConditions,
    WriteConditions,
    require_copy_source,
    require_writable,
)
from volano.services.objects.logic.contents import (
    cause_of,
    publish_written,
    replace_object,
    require_bucket_still_there,
    require_unraced,
    share,
)
from volano.services.objects.logic.copying_bytes import shares_bytes, write_copy
from volano.services.objects.logic.descriptions import require_description
from volano.services.objects.logic.encryption import (
    new_key,
    opaque_etag,
    open_key,
    require_customer_key,
    rewrap,
    with_encryption,
    with_seal,
)
from volano.services.objects.logic.errors import (
    ConditionalRequestConflict,
    InvalidArgument,
    InvalidRequest,
    MethodNotAllowed,
)
from volano.services.objects.logic.locks import retention_for_write
from volano.services.objects.logic.metering import WRITE, count_request
from volano.services.objects.logic.names import require_key
from volano.services.objects.logic.object_access import require_object_access
from volano.services.objects.logic.objects import drop_unnamed
from volano.services.objects.logic.reading import read_range
from volano.services.objects.logic.restoring import require_copyable
from volano.services.objects.logic.storage_classes import STANDARD, placement_of
from volano.services.objects.logic.versions import FRESH_LENGTH, find_version, get_item
from volano.services.objects.model import (
    MAX_PUT_BYTES,
    NO_RETENTION,
    Acl,
    Bucket,
    Description,
    EncryptionMode,
    Retention,
    StoredObject,
)
from volano.services.objects.store import objects as object_rows

REDIRECT = "WebsiteRedirectLocation"

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.objects.logic.encryption import NewKey
    from volano.services.objects.logic.encryption_requests import CustomerKey, WantedEncryption
    from volano.services.objects.model import Checksum

EVENT_NAME = "ObjectCreated:Copy"
MAX_ATTEMPTS = 4
"""How often a copy begins anew because its source was overwritten meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where to copy from."""

    bucket: str
    key: str
    version_id: str | None = None
    conditions: ReadConditions = NO_READ_CONDITIONS
    expected_owner: str | None = None
    customer: CustomerKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRequest:
    """What CopyObject is asked to do; a description of None keeps the source's.

    `tags` None keeps the source's tags. `algorithm` is the checksum the copy shall have.
    """

    source: Source
    bucket: str
    key: str
    description: Description | None = None
    redirect: str | None = None
    tags: dict[str, str] | None = None
    storage_class: str | None = None
    acl: Acl | None = None
    algorithm: str | None = None
    conditions: WriteConditions = NO_WRITE_CONDITIONS
    retention: Retention = NO_RETENTION
    expected_owner: str | None = None
    encryption: WantedEncryption | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """The copy, and the version it was made of ('' in a bucket without versions)."""

    item: StoredObject
    source_version_id: str


def parse_copy_source(header: str) -> tuple[str, str, str | None]:
    """Bucket, key and version of `x-amz-copy-source`; raises InvalidArgument."""
    path, _, query = header.partition("?versionId=")
    version = parse_qs("v=" + query).get("v", [None])[0] if query else None
    bucket, slash, key = (
        unquote_plus(path, errors="surrogateescape").removeprefix("/").partition("/")
    )
    if not slash or not bucket or not key:
        raise InvalidArgument(
            "Invalid copy source object key",
            fields={"ArgumentName": "x-amz-copy-source", "ArgumentValue": "x-amz-copy-source"},
        )
    require_key(key)
    return bucket, key, version


async def open_source(env: Env, call: Call, source: Source) -> tuple[Bucket, StoredObject]:
    """The source, when the caller may read it; raises Denied, NoSuchKey, PreconditionFailed."""
    permission = "s3:GetObject" if source.version_id is None else "s3:GetObjectVersion"
    bucket = await require_object_access(
        env, call, permission, source.bucket, source.key, source.version_id
    )
    await open_bucket(env, source.bucket, source.expected_owner)
    try:
        item = await get_item(env.store.reader, bucket, source.key, source.version_id)
    except MethodNotAllowed as error:
        raise InvalidRequest(
            "The source of a copy request may not specifically refer to a delete marker by version "
            "id."
        ) from error
    require_customer_key(env, item.description.encryption, source.customer)
    require_copyable(env, item)
    require_copy_source(source.conditions, item, now_us=env.clock.now_us())
    return bucket, item


async def copy_object(env: Env, call: Call, request: CopyRequest) -> Copied:
    """Copy; raises InvalidRequest for a copy onto itself that changes nothing.

    Raises also what `open_source` raises, PreconditionFailed and ConditionalRequestConflict.
    """
    require_key(request.key)
    if request.description is not None:
        require_description(request.description)
    bucket = await open_bucket(env, request.bucket, request.expected_owner)
    count_request(env, bucket, WRITE)
    if not request.conditions.is_empty:
        present = await object_rows.select_object(env.store.reader, bucket.id, request.key)
        require_writable(request.conditions, present, key=request.key)
    for _ in range(MAX_ATTEMPTS):
        copied = await _copy_once(env, call, bucket, request)
        if copied is not None:
            return copied
    raise ConditionalRequestConflict(
        "The source of the copy is being overwritten all the time; repeat later.",
        fields={"Key": request.source.key},
    )


async def _copy_once(env: Env, call: Call, bucket: Bucket, request: CopyRequest) -> Copied | None:
    """The copy, or None when the source changed under our hands."""
    from_bucket, source = await open_source(env, call, request.source)
    if source.size_bytes > MAX_PUT_BYTES:
        raise InvalidRequest(
            "The specified copy source is larger than the maximum allowable size for a copy "
            f"source: {MAX_PUT_BYTES}"
        )
    is_same = (from_bucket.id, source.key) == (bucket.id, request.key)
    if is_same and not _changes(request, source, bucket):
        raise InvalidRequest(
            "This copy request is illegal because it is trying to copy an object to itself without "
            "changing the object's metadata, storage class, website redirect location or "
            "encryption attributes."
        )
    wanted = replace(
        source,
        bucket_id=bucket.id,
        key=request.key,
        modified_us=env.clock.now_us(),
        description=_description(request, source),
        retention=retention_for_write(bucket, request.retention, env.clock.now_us()),
        noncurrent_us=0,
    )
    require_description(wanted.description)
    placement_of(env, wanted.description.storage_class)
    sealing = await new_key(env, call, bucket, request.key, request.encryption)
    source_version_id = source.version_id if from_bucket.versioning else ""
    if not shares_bytes(source, sealing, wanted.description.storage_class):
        item = await _copy_bytes(env, call, bucket, request, source, wanted, sealing)
        return Copied(item=item, source_version_id=source_version_id)
    encryption = source.description.encryption
    data_key = await open_key(env, call, source) if request.algorithm else None
    wanted = with_encryption(
        replace(
            wanted, checksum=await _checksum(env, source, request.algorithm, data_key=data_key)
        ),
        rewrap(env, encryption, old=from_bucket.id, new=bucket.id),
    )
    content_id, fresh = env.ids.token(24), env.ids.token(FRESH_LENGTH)

    async def write(tx: Tx) -> StoredObject | None:
        now = await find_version(tx, from_bucket, source.key, source.version_id)
        if now is None or (now.etag, now.rank) != (source.etag, source.rank):
            return None
        into = await require_bucket_still_there(tx, bucket)
        if is_same and not into.versioning:
            item = replace(wanted, blob=now.blob, content_id=now.content_id)
            require_unraced(request.conditions, now, key=request.key)
            await object_rows.upsert_object(tx, item)
            publish_written(tx, bucket, item, name=EVENT_NAME, cause=cause_of(call))
            return item
        shared = await share(tx, now, content_id=content_id)
        item = replace(wanted, blob=None, content_id=shared.content_id)
        return await replace_object(
            tx,
            bucket,
            item,
            request.conditions,
            name=EVENT_NAME,
            fresh=fresh,
            cause=cause_of(call),
        )

    copied = await env.store.transact(write)
    if copied is None:
        return None
    return Copied(item=copied, source_version_id=source_version_id)


async def _copy_bytes(
    env: Env,
    call: Call,
    bucket: Bucket,
    request: CopyRequest,
    source: StoredObject,
    wanted: StoredObject,
    sealing: NewKey | None,
) -> StoredObject:
    """A copy with bytes of its own; the parts of a multipart upload become one."""
    written = await write_copy(
        env,
        call,
        bucket,
        source,
        customer=request.source.customer,
        sealing=sealing,
        key=request.key,
        storage_class=wanted.description.storage_class,
        algorithm=request.algorithm,
    )
    item = with_encryption(
        replace(
            wanted,
            etag=opaque_etag(sealing, written.md5),
            checksum=written.checksum,
            blob=written.blob,
            content_id="",
            part_count=0,
        ),
        with_seal(sealing, written.seal),
    )
    fresh = env.ids.token(FRESH_LENGTH)

    async def write(tx: Tx) -> StoredObject:
        return await replace_object(
            tx,
            bucket,
            item,
            request.conditions,
            name=EVENT_NAME,
            fresh=fresh,
            cause=cause_of(call),
        )

    try:
        return await env.store.transact(write)
    except VolanoError as error:
        await drop_unnamed(env, [written.blob], error)
        raise


def _changes(request: CopyRequest, source: StoredObject, bucket: Bucket) -> bool:
    """Whether a copy of a key onto itself makes anything different, as S3 counts it.

    It does where the bucket has a default encryption, and where the source's own is not kept.
    """
    encryption = source.description.encryption
    wanted = (request.storage_class, request.redirect, request.encryption, bucket.encryption)
    return (
        request.description is not None
        or request.source.version_id is not None
        or any(wanted)
        or (encryption is not None and encryption.mode is not EncryptionMode.S3)
    )


def _description(request: CopyRequest, source: StoredObject) -> Description:
    """A website redirect is never the source's (CopyObject, "x-amz-website-redirect-location")."""
    wanted = source.description if request.description is None else request.description
    headers = {name: text for name, text in wanted.headers.items() if name != REDIRECT}
    return replace(
        wanted,
        headers=headers if request.redirect is None else headers | {REDIRECT: request.redirect},
        tags=source.description.tags if request.tags is None else request.tags,
        storage_class=request.storage_class or STANDARD,
        encryption=None,
        restored_until_us=0,
        acl=request.acl,
    )


async def _checksum(
    env: Env, source: StoredObject, algorithm: str | None, *, data_key: bytes | None
) -> Checksum | None:
    """The source's checksum, or one of all its bytes when it has not that which is asked for."""
    present = source.checksum
    if algorithm is None or (
        present is not None and present.algorithm == algorithm and present.kind == FULL_OBJECT
    ):
        return present
    running = new_hash(algorithm)
    async for chunk in read_range(env, source, 0, source.size_bytes, data_key=data_key):
        await asyncio.to_thread(running.update, chunk)
    return full_checksum(algorithm, running.digest())
