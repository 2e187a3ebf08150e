"""Multipart uploads: begin, list, abort."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.checksums import require_kind
from volano.services.objects.logic.contents import require_bucket_still_there
from volano.services.objects.logic.descriptions import require_description
from volano.services.objects.logic.encryption import new_key, with_seal
from volano.services.objects.logic.errors import InvalidRequest, NoSuchUpload
from volano.services.objects.logic.listing import common_prefix, key_after_prefix
from volano.services.objects.logic.locks import retention_for_write
from volano.services.objects.logic.metering import READ, WRITE, count_request
from volano.services.objects.logic.names import require_key
from volano.services.objects.logic.storage_classes import placement_of
from volano.services.objects.model import (
    NO_RETENTION,
    Bucket,
    Description,
    Part,
    Retention,
    Upload,
)
from volano.services.objects.store import garbage as garbage_rows
from volano.services.objects.store import uploads as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.objects.logic.encryption_requests import WantedEncryption

HIGHEST_ID = "\U0010ffff"
"""Greater than every upload id: a key marker without an id skips all uploads of that key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadListing:
    """One page of uploads in progress; `last` is where the next page goes on, and after the last
    page its last upload, as S3 tells it."""

    uploads: list[Upload]
    prefixes: list[str]
    is_truncated: bool
    last_key: str
    last_id: str


async def create_upload(
    env: Env,
    call: Call,
    bucket_name: str,
    key: str,
    description: Description,
    *,
    algorithm: str | None = None,
    kind: str | None = None,
    retention: Retention = NO_RETENTION,
    expected_owner: str | None = None,
    encryption: WantedEncryption | None = None,
) -> Upload:
    """Begin an upload. Raises InvalidRequest for a checksum type that the algorithm has not."""
    require_key(key)
    require_description(description)
    if kind is not None and algorithm is None:
        raise InvalidRequest(
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm "
            "header."
        )
    bucket = await open_bucket(env, bucket_name, expected_owner)
    count_request(env, bucket, WRITE)
    placement_of(env, description.storage_class)
    sealing = await new_key(env, call, bucket, key, encryption)
    now_us = env.clock.now_us()
    upload = Upload(
        bucket_id=bucket.id,
        key=key,
        id=f"{now_us:014x}{env.ids.token(24)}",  # uploads of a key are listed by their age
        created_us=now_us,
        description=replace(description, encryption=with_seal(sealing, "")),
        checksum_algorithm=algorithm or "",
        checksum_kind=require_kind(algorithm, kind) if algorithm else "",
        initiator=call.principal.arn,
        retention=retention_for_write(bucket, retention, now_us),
    )

    async def write(tx: Tx) -> None:
        await require_bucket_still_there(tx, bucket)
        await rows.insert_upload(tx, upload)

    await env.store.transact(write)
    return upload


async def get_upload(reader: Reader, bucket: Bucket, key: str, upload_id: str) -> Upload:
    """Raises NoSuchUpload."""
    clean = "\x00" not in key and "\x00" not in upload_id
    upload = await rows.select_upload(reader, bucket.id, key, upload_id) if clean else None
    if upload is None:
        raise no_such_upload(upload_id)
    return upload


def no_such_upload(upload_id: str) -> NoSuchUpload:
    return NoSuchUpload(
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have "
        "been aborted or completed.",
        fields={"UploadId": upload_id},
    )


async def abort_upload(
    env: Env,
    call: Call,
    bucket_name: str,
    key: str,
    upload_id: str,
    *,
    expected_owner: str | None = None,
) -> None:
    """Forget an upload and its parts. Raises NoSuchUpload."""
    bucket = await open_bucket(env, bucket_name, expected_owner)
    count_request(env, bucket, WRITE)

    async def abort(tx: Tx) -> None:
        upload = await get_upload(tx, bucket, key, upload_id)
        await garbage_rows.insert_garbage_of_content(tx, upload.id, env.clock.now_us())
        await rows.delete_upload(tx, upload)

    await env.store.transact(abort)


async def list_parts(
    env: Env,
    call: Call,
    bucket_name: str,
    key: str,
    upload_id: str,
    *,
    after: int = 0,
    limit: int = 1000,
) -> tuple[Bucket, Upload, list[Part], bool]:
    """Parts by number, and whether there are more. Raises NoSuchUpload."""
    bucket = await open_bucket(env, bucket_name)
    count_request(env, bucket, READ)
    upload = await get_upload(env.store.reader, bucket, key, upload_id)
    parts = await rows.select_parts(env.store.reader, upload.id, after=after, limit=limit + 1)
    return bucket, upload, parts[:limit], len(parts) > limit


async def list_uploads(
    env: Env,
    call: Call,
    bucket_name: str,
    *,
    prefix: str = "",
    delimiter: str = "",
    key_marker: str = "",
    id_marker: str = "",
    limit: int = 1000,
) -> UploadListing:
    """Uploads in progress by key and id, rolled up at `delimiter`."""
    bucket = await open_bucket(env, bucket_name)
    count_request(env, bucket, READ)
    return await _list(env.store.reader, bucket.id, prefix, delimiter, key_marker, id_marker, limit)


async def _list(
    reader: Reader,
    bucket_id: str,
    prefix: str,
    delimiter: str,
    key_marker: str,
    id_marker: str,
    limit: int,
) -> UploadListing:
    uploads: list[Upload] = []
    prefixes: list[str] = []
    key, upload_id = _first(prefix, delimiter, key_marker, id_marker)
    last = ("", "")
    end = key_after_prefix(prefix)
    while limit > 0:
        wanted = limit + 1 - len(uploads) - len(prefixes)
        found = await rows.select_uploads(
            reader, bucket_id, key=key, upload_id=upload_id, end=end, limit=wanted
        )
        rolled: str | None = None
        for upload in found:
            key, upload_id = upload.key, upload.id
            if not key.startswith(prefix) or (rolled is not None and key.startswith(rolled)):
                continue
            if len(uploads) + len(prefixes) >= limit:
                return UploadListing(
                    uploads=uploads,
                    prefixes=prefixes,
                    is_truncated=True,
                    last_key=last[0],
                    last_id=last[1],
                )
            rolled = common_prefix(key, prefix, delimiter)
            if rolled is None:
                uploads.append(upload)
                last = (key, upload_id)
            else:
                prefixes.append(rolled)
                last = (rolled, "")
        if len(found) < wanted:
            break
        if rolled is not None:
            key, upload_id = rolled + HIGHEST_ID, ""
    final = uploads[-1] if uploads else None
    return UploadListing(
        uploads=uploads,
        prefixes=prefixes,
        is_truncated=False,
        last_key=final.key if final else "",
        last_id=final.id if final else "",
    )


def _first(prefix: str, delimiter: str, key_marker: str, id_marker: str) -> tuple[str, str]:
    """The (key, id) after which the page begins."""
    if key_marker > prefix:
        rolled = common_prefix(key_marker, prefix, delimiter)
        if rolled is not None:
            return rolled + HIGHEST_ID, ""
    if key_marker >= prefix and key_marker:
        return key_marker, id_marker or HIGHEST_ID
    return prefix, ""
