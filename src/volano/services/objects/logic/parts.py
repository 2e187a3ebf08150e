"""UploadPart and UploadPartCopy: bytes become durable under a part number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.checksums import NO_CLAIMS, Claims
from volano.services.objects.logic.contents import free_blob
from volano.services.objects.logic.copying import Source, open_source
from volano.services.objects.logic.encryption import etag_under, open_key, open_upload_key
from volano.services.objects.logic.errors import InvalidArgument, InvalidRequest
from volano.services.objects.logic.metering import WRITE, count_request
from volano.services.objects.logic.objects import drop_unnamed
from volano.services.objects.logic.ranges import parse_copy_range
from volano.services.objects.logic.reading import read_range
from volano.services.objects.logic.uploads import get_upload
from volano.services.objects.logic.writing import StreamBody, write_body
from volano.services.objects.model import (
    MAX_PARTS,
    MAX_PUT_BYTES,
    Bucket,
    Encryption,
    Part,
    Upload,
)
from volano.services.objects.store import uploads as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.objects.logic.encryption_requests import CustomerKey
    from volano.services.objects.logic.writing import IncomingBody


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRequest:
    """Which part of which upload."""

    bucket: str
    key: str
    upload_id: str
    number: int
    expected_owner: str | None = None
    customer: CustomerKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPart:
    """A durable part, and how its upload is encrypted."""

    part: Part
    encryption: Encryption | None
    source_version_id: str = ""


async def upload_part(
    env: Env, call: Call, request: PartRequest, body: IncomingBody, claims: Claims = NO_CLAIMS
) -> StoredPart:
    """Store a part, replacing one of the same number. Raises NoSuchUpload and InvalidRequest."""
    bucket, upload = await _open_upload(env, request)
    data_key = await open_upload_key(env, call, upload, request.customer)
    part = await _store_part(env, bucket, upload, request.number, body, claims, data_key)
    return StoredPart(part=part, encryption=upload.description.encryption)


async def upload_part_copy(
    env: Env, call: Call, request: PartRequest, source: Source, copy_range: str | None = None
) -> StoredPart:
    """Store a part from bytes of another object. Raises what `open_source` raises, InvalidRange."""
    bucket, upload = await _open_upload(env, request)
    data_key = await open_upload_key(env, call, upload, request.customer)
    from_bucket, item = await open_source(env, call, source)
    source_key = await open_key(env, call, item, source.customer)
    first, end = 0, item.size_bytes
    if copy_range is not None:
        first, end = parse_copy_range(copy_range, item.size_bytes)
    if end - first > MAX_PUT_BYTES:
        raise InvalidRequest(
            "The specified copy source is larger than the maximum allowable size for a copy "
            f"source: {MAX_PUT_BYTES}"
        )
    body = StreamBody(read_range(env, item, first, end, data_key=source_key), end - first)
    part = await _store_part(env, bucket, upload, request.number, body, NO_CLAIMS, data_key)
    return StoredPart(
        part=part,
        encryption=upload.description.encryption,
        source_version_id=item.version_id if from_bucket.versioning else "",
    )


async def _open_upload(env: Env, request: PartRequest) -> tuple[Bucket, Upload]:
    if not 1 <= request.number <= MAX_PARTS:
        raise InvalidArgument(
            f"Part number must be an integer between 1 and {MAX_PARTS}, inclusive",
            fields={"ArgumentName": "partNumber", "ArgumentValue": str(request.number)},
        )
    bucket = await open_bucket(env, request.bucket, request.expected_owner)
    count_request(env, bucket, WRITE)
    return bucket, await get_upload(env.store.reader, bucket, request.key, request.upload_id)


async def _store_part(
    env: Env,
    bucket: Bucket,
    upload: Upload,
    number: int,
    body: IncomingBody,
    claims: Claims,
    data_key: bytes | None,
) -> Part:
    wanted = upload.checksum_algorithm
    if wanted and claims.algorithm not in (None, wanted):
        raise InvalidRequest(
            f"Checksum Type mismatch occurred, expected checksum Type: {wanted.lower()}, actual "
            f"checksum Type: {str(claims.algorithm).lower()}"
        )
    written = await write_body(
        env,
        body,
        key=f"{bucket.id}/{upload.key}",
        claims=claims,
        algorithm=wanted,
        with_crc=not wanted,
        data_key=data_key,
        storage_class=upload.description.storage_class,
    )
    part = Part(
        content_id=upload.id,
        number=number,
        size_bytes=written.size_bytes,
        etag=etag_under(upload.description.encryption, data_key, written.md5),
        checksum=written.checksum if wanted or claims.algorithm else None,
        crc=written.crc,
        blob=written.blob,
        modified_us=env.clock.now_us(),
        seal=written.seal,
        storage_class=upload.description.storage_class,
    )

    async def write(tx: Tx) -> None:
        await get_upload(tx, bucket, upload.key, upload.id)
        previous = await rows.select_part(tx, upload.id, number)
        if previous is not None:
            await free_blob(tx, previous.blob, freed_us=part.modified_us)
        await rows.upsert_part(tx, part)

    try:
        await env.store.transact(write)
    except VolanoError as error:
        await drop_unnamed(env, [written.blob], error)
        raise
    return part
