"""CompleteMultipartUpload: parts become an object in one transaction, without moving a byte."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.checksums import (
    DEFAULT_ALGORITHM,
    combine,
    combine_crcs,
    full_checksum,
)
from volano.services.objects.logic.conditions import (
    NO_WRITE_CONDITIONS,
    WriteConditions,
    require_writable,
)
from volano.services.objects.logic.contents import cause_of, free_blob, replace_object
from volano.services.objects.logic.encryption import require_upload_key
from volano.services.objects.logic.errors import (
    BadDigest,
    ConditionalRequestConflict,
    EntityTooLarge,
    EntityTooSmall,
    InvalidPart,
    InvalidPartOrder,
    InvalidRequest,
    MalformedXml,
)
from volano.services.objects.logic.metering import WRITE, count_request
from volano.services.objects.logic.uploads import get_upload, no_such_upload
from volano.services.objects.logic.versions import FRESH_LENGTH
from volano.services.objects.model import (
    MAX_OBJECT_BYTES,
    MAX_PARTS,
    MIN_PART_BYTES,
    Checksum,
    Part,
    StoredObject,
    Upload,
)
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import uploads as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.objects.logic.encryption_requests import CustomerKey


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPart:
    """A part as the client lists it; `checksums` by algorithm, base64."""

    number: int
    etag: str
    checksums: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteRequest:
    """What CompleteMultipartUpload is asked to do; `checksums` are of the whole object."""

    bucket: str
    key: str
    upload_id: str
    parts: Sequence[NamedPart]
    checksums: dict[str, str] = field(default_factory=dict)
    kind: str | None = None
    size_bytes: int | None = None
    conditions: WriteConditions = NO_WRITE_CONDITIONS
    expected_owner: str | None = None
    customer: CustomerKey | None = None


async def complete_upload(env: Env, call: Call, request: CompleteRequest) -> StoredObject:
    """Make the object from the listed parts; repeating a completed request answers the same.

    Raises NoSuchUpload, InvalidPart, InvalidPartOrder, EntityTooSmall, BadDigest, InvalidRequest,
    PreconditionFailed and ConditionalRequestConflict; then the upload goes on.
    """
    reader = env.store.reader
    bucket = await open_bucket(env, request.bucket, request.expected_owner)
    count_request(env, bucket, WRITE)
    if "\x00" in request.key or "\x00" in request.upload_id:
        raise no_such_upload(request.upload_id)
    current = await object_rows.select_object(reader, bucket.id, request.key)
    upload = await rows.select_upload(reader, bucket.id, request.key, request.upload_id)
    if upload is None:
        return _completed_before(request, current)
    named = _in_order(request)
    # S3 wants the client's key only where it computes a checksum; ceph's suite wants it always.
    if request.customer is not None or upload.checksum_algorithm or env.config.test_mode:
        require_upload_key(upload.description.encryption, request.customer)
    require_writable(request.conditions, current, key=request.key)
    if request.conditions.if_match is not None:
        _require_untouched(current, upload)
    now_us, fresh = env.clock.now_us(), env.ids.token(FRESH_LENGTH)

    async def complete(tx: Tx) -> StoredObject:
        found = await get_upload(tx, bucket, request.key, request.upload_id)
        stored = await rows.select_parts(tx, found.id, after=0, limit=MAX_PARTS)
        chosen = _choose(found.id, named, stored)
        item = _object(found, chosen, request, now_us)
        await _settle_parts(tx, found, stored, chosen, now_us)
        await rows.delete_upload(tx, found)
        return await replace_object(
            tx,
            bucket,
            item,
            request.conditions,
            name="ObjectCreated:CompleteMultipartUpload",
            fresh=fresh,
            cause=cause_of(call),
        )

    return await env.store.transact(complete)


def _require_untouched(current: StoredObject | None, upload: Upload) -> None:
    """An upload on a condition answers for what was there when it began (S3 user guide,
    "Conditional writes"); raises ConditionalRequestConflict for a key that was written since.
    """
    if current is not None and current.modified_us > upload.created_us:
        raise ConditionalRequestConflict(
            "The conditional request cannot succeed due to a conflicting operation against this "
            "resource.",
            fields={"Condition": "If-Match", "Key": current.key},
        )


def _in_order(request: CompleteRequest) -> list[NamedPart]:
    """The list without repeats (the last one of a number counts); raises InvalidPartOrder."""
    parts = request.parts
    if not parts or len(parts) > MAX_PARTS:
        raise MalformedXml()
    numbers = [part.number for part in parts]
    if any(second < first for first, second in pairwise(numbers)):
        raise InvalidPartOrder(
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
            fields={"UploadId": request.upload_id},
        )
    return list({part.number: part for part in parts}.values())


def _completed_before(request: CompleteRequest, current: StoredObject | None) -> StoredObject:
    """The object, when this very upload made it and the answer got lost; raises NoSuchUpload."""
    if current is None or current.content_id != request.upload_id:
        raise no_such_upload(request.upload_id)
    return current


def _choose(upload_id: str, named: Sequence[NamedPart], stored: Sequence[Part]) -> list[Part]:
    """The stored parts that the client lists; raises InvalidPart and EntityTooSmall."""
    by_number = {part.number: part for part in stored}
    chosen: list[Part] = []
    for wanted in named:
        part = by_number.get(wanted.number)
        if part is None or part.etag != wanted.etag.strip('"') or not _agrees(wanted, part):
            raise InvalidPart(
                "One or more of the specified parts could not be found.  The part may not have "
                "been uploaded, or the specified entity tag may not match the part's entity tag.",
                fields={
                    "UploadId": upload_id,
                    "PartNumber": str(wanted.number),
                    "ETag": wanted.etag.strip('"'),
                },
            )
        chosen.append(part)
    for part in chosen[:-1]:
        if part.size_bytes < MIN_PART_BYTES:
            raise EntityTooSmall(
                "Your proposed upload is smaller than the minimum allowed size",
                fields={
                    "ProposedSize": str(part.size_bytes),
                    "MinSizeAllowed": str(MIN_PART_BYTES),
                    "PartNumber": str(part.number),
                    "ETag": part.etag,
                },
            )
    return chosen


def _agrees(wanted: NamedPart, part: Part) -> bool:
    if part.checksum is None:
        return True
    claimed = wanted.checksums.get(part.checksum.algorithm)
    return claimed is None or claimed == part.checksum.value


def _object(
    upload: Upload, parts: Sequence[Part], request: CompleteRequest, now_us: int
) -> StoredObject:
    size_bytes = sum(part.size_bytes for part in parts)
    if size_bytes > MAX_OBJECT_BYTES:
        raise EntityTooLarge("Your proposed upload exceeds the maximum allowed size")
    if request.size_bytes is not None and request.size_bytes != size_bytes:
        raise InvalidRequest(
            f"The provided 'x-amz-mp-object-size' header value {request.size_bytes} does not match "
            f"what was computed: {size_bytes}"
        )
    joined = hashlib.md5(usedforsecurity=False)
    for part in parts:
        joined.update(bytes.fromhex(part.etag))
    return StoredObject(
        bucket_id=upload.bucket_id,
        key=upload.key,
        size_bytes=size_bytes,
        etag=f"{joined.hexdigest()}-{len(parts)}",
        modified_us=now_us,
        description=upload.description,
        checksum=_checksum(upload, parts, request),
        content_id=upload.id,
        part_count=len(parts),
        retention=upload.retention,
    )


def _checksum(upload: Upload, parts: Sequence[Part], request: CompleteRequest) -> Checksum:
    """The object's checksum from those of its parts; raises BadDigest and InvalidRequest."""
    if not upload.checksum_algorithm:
        crcs = [(part.crc, part.size_bytes) for part in parts]
        return full_checksum(DEFAULT_ALGORITHM, combine_crcs(DEFAULT_ALGORITHM, crcs))
    if request.kind and request.kind != upload.checksum_kind:
        raise InvalidRequest(
            f"The upload was created using the {upload.checksum_kind} checksum mode. The complete "
            "request must use the same checksum mode."
        )
    values = [(part.checksum.value, part.size_bytes) for part in parts if part.checksum]
    assert len(values) == len(parts), "a part of an upload with an algorithm has no checksum"
    checksum = combine(upload.checksum_algorithm, upload.checksum_kind, values)
    claimed = request.checksums.get(checksum.algorithm)
    if claimed is not None and claimed not in (checksum.value, checksum.value.partition("-")[0]):
        raise BadDigest(
            f"The {checksum.algorithm} you specified did not match the calculated checksum."
        )
    return checksum


async def _settle_parts(
    tx: Tx, upload: Upload, stored: Sequence[Part], chosen: Sequence[Part], now_us: int
) -> None:
    """Say where each chosen part begins; the others become garbage."""
    starts: list[tuple[int, int]] = []
    position = 0
    for part in chosen:
        starts.append((position, part.number))
        position += part.size_bytes
    await rows.update_starts(tx, upload.id, starts)
    kept = {part.number for part in chosen}
    for part in stored:
        if part.number not in kept:
            await free_blob(tx, part.blob, freed_us=now_us)
            await rows.delete_part(tx, upload.id, part.number)
