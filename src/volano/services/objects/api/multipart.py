"""S3: multipart uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from volano.kernel.ids import AccountId, parse_arn
from volano.services.objects.api.encryption import (
    context_member,
    customer_headers,
    customer_of,
    encryption_members,
    wanted_of,
)
from volano.services.objects.api.facts import facts_of_bucket
from volano.services.objects.api.grants import acl_of_write
from volano.services.objects.api.lifecycle import expiration_of
from volano.services.objects.api.members import (
    body_of,
    checksum_members,
    checksums_in,
    description_of,
    encoding_of,
    page_size,
    quoted,
    require_plain,
    seconds,
    whole_number,
    write_conditions,
    written_version,
)
from volano.services.objects.api.objects import OBJECT, source_of
from volano.services.objects.api.owners import owner_of
from volano.services.objects.api.retention import allowed_retention
from volano.services.objects.logic import completing, parts, uploads
from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.checksums import parse_claims, require_algorithm
from volano.services.objects.logic.errors import MalformedXml
from volano.services.objects.logic.names import require_text
from volano.services.objects.logic.object_access import owner_of_upload
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result
    from volano.services.objects.model import Bucket, Part, Upload


@action(
    "s3:CreateMultipartUpload",
    permission="s3:PutObject",
    resource=OBJECT,
    facts=facts_of_bucket,
)
async def create_multipart_upload(env: Env, call: Call, request: Request) -> Result:
    require_plain(request)
    wanted = wanted_of(request)
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    upload = await uploads.create_upload(
        env,
        call,
        request["Bucket"],
        request["Key"],
        description_of(request, await acl_of_write(env, call, bucket, request)),
        algorithm=require_algorithm(request.get("ChecksumAlgorithm")),
        kind=request.get("ChecksumType"),
        retention=await allowed_retention(env, call, bucket, request),
        expected_owner=request.get("ExpectedBucketOwner"),
        encryption=wanted,
    )
    encryption = upload.description.encryption
    return {
        "Bucket": request["Bucket"],
        "Key": upload.key,
        "UploadId": upload.id,
        "ChecksumAlgorithm": upload.checksum_algorithm or None,
        "ChecksumType": upload.checksum_kind or None,
        **encryption_members(env, encryption, wanted.customer if wanted is not None else None),
        **context_member(encryption),
    }


@action(
    "s3:UploadPart",
    permission="s3:PutObject",
    resource=OBJECT,
    facts=facts_of_bucket,
    timeout_s=None,
)
async def upload_part(env: Env, call: Call, request: Request) -> Result:
    body = body_of(request)
    claims = parse_claims(request, getattr(body, "announced", ()))
    wanted = _part_request(request)
    stored = await parts.upload_part(env, call, wanted, body, claims)
    return {
        "ETag": quoted(stored.part.etag),
        **_part_checksum(stored.part),
        **encryption_members(env, stored.encryption, wanted.customer),
    }


@action(
    "s3:UploadPartCopy",
    permission="s3:PutObject",
    resource=OBJECT,
    facts=facts_of_bucket,
    timeout_s=None,
)
async def upload_part_copy(env: Env, call: Call, request: Request) -> Result:
    wanted = _part_request(request)
    stored = await parts.upload_part_copy(
        env, call, wanted, source_of(request), request.get("CopySourceRange")
    )
    part = stored.part
    return {
        "CopyPartResult": {
            "ETag": quoted(part.etag),
            "LastModified": seconds(part.modified_us),
            **_part_checksum(part),
        },
        "CopySourceVersionId": stored.source_version_id or None,
        **encryption_members(env, stored.encryption, wanted.customer),
    }


def _part_request(request: Request) -> parts.PartRequest:
    return parts.PartRequest(
        bucket=request["Bucket"],
        key=request["Key"],
        upload_id=request["UploadId"],
        number=request["PartNumber"],
        expected_owner=request.get("ExpectedBucketOwner"),
        customer=customer_of(request),
    )


def _part_checksum(part: Part) -> Result:
    if part.checksum is None:
        return {}
    return {"Checksum" + part.checksum.algorithm: part.checksum.value}


@action(
    "s3:CompleteMultipartUpload",
    permission="s3:PutObject",
    resource=OBJECT,
    facts=facts_of_bucket,
)
async def complete_multipart_upload(env: Env, call: Call, request: Request) -> Result:
    listed = (request.get("MultipartUpload") or {}).get("Parts") or []
    item = await completing.complete_upload(
        env,
        call,
        completing.CompleteRequest(
            bucket=request["Bucket"],
            key=request["Key"],
            upload_id=request["UploadId"],
            parts=[_named_part(each) for each in listed],
            checksums=checksums_in(request),
            kind=request.get("ChecksumType"),
            size_bytes=request.get("MpuObjectSize"),
            conditions=write_conditions(request),
            expected_owner=request.get("ExpectedBucketOwner"),
            customer=customer_of(request),
        ),
    )
    return {
        "Location": f"{env.config.aws_url}/{request['Bucket']}/{quote(item.key, safe='/')}",
        "Bucket": request["Bucket"],
        "Key": item.key,
        "ETag": quoted(item.etag),
        **checksum_members(item.checksum),
        **written_version(item),
        "Expiration": await expiration_of(env, item),
        **encryption_members(env, item.description.encryption),
        "_headers": customer_headers(customer_of(request)),
    }


def _named_part(member: Request) -> completing.NamedPart:
    if member.get("PartNumber") is None or not member.get("ETag"):
        raise MalformedXml("Each part needs a PartNumber and an ETag.")
    return completing.NamedPart(
        number=member["PartNumber"], etag=member["ETag"], checksums=checksums_in(member)
    )


@action(
    "s3:AbortMultipartUpload",
    permission="s3:AbortMultipartUpload",
    resource=OBJECT,
    facts=facts_of_bucket,
)
async def abort_multipart_upload(env: Env, call: Call, request: Request) -> Result:
    await uploads.abort_upload(
        env,
        call,
        request["Bucket"],
        request["Key"],
        request["UploadId"],
        expected_owner=request.get("ExpectedBucketOwner"),
    )
    return {}


@action(
    "s3:ListParts",
    permission="s3:ListMultipartUploadParts",
    resource=OBJECT,
    facts=facts_of_bucket,
)
async def list_parts(env: Env, call: Call, request: Request) -> Result:
    limit = page_size(request, "MaxParts")
    after = whole_number(request.get("PartNumberMarker") or 0, "part-number-marker")
    bucket, upload, found, is_truncated = await uploads.list_parts(
        env,
        call,
        request["Bucket"],
        request["Key"],
        request["UploadId"],
        after=after,
        limit=limit,
    )
    return {
        "Bucket": bucket.name,
        "Key": upload.key,
        "UploadId": upload.id,
        "PartNumberMarker": after,
        "NextPartNumberMarker": found[-1].number if found else 0,
        "MaxParts": limit,
        "IsTruncated": is_truncated,
        "Parts": [_listed_part(upload, part) for part in found],
        "Initiator": await _initiator(env, upload),
        "Owner": await owner_of(env, owner_of_upload(bucket, upload)),
        "StorageClass": upload.description.storage_class,
        "ChecksumAlgorithm": upload.checksum_algorithm or None,
        "ChecksumType": upload.checksum_kind or None,
    }


def _listed_part(upload: Upload, part: Part) -> Result:
    """Checksums are listed where the upload was begun with an algorithm."""
    return {
        "PartNumber": part.number,
        "LastModified": seconds(part.modified_us),
        "ETag": quoted(part.etag),
        "Size": part.size_bytes,
        **(_part_checksum(part) if upload.checksum_algorithm else {}),
    }


@action(
    "s3:ListMultipartUploads",
    permission="s3:ListBucketMultipartUploads",
    resource="arn:aws:s3:::{Bucket}",
    facts=facts_of_bucket,
)
async def list_multipart_uploads(env: Env, call: Call, request: Request) -> Result:
    limit = page_size(request, "MaxUploads")
    prefix = require_text(request.get("Prefix") or "", "prefix")
    delimiter = require_text(request.get("Delimiter") or "", "delimiter")
    marker = require_text(request.get("KeyMarker") or "", "key-marker")
    id_marker = require_text(request.get("UploadIdMarker") or "", "upload-id-marker")
    listing = await uploads.list_uploads(
        env,
        call,
        request["Bucket"],
        prefix=prefix,
        delimiter=delimiter,
        key_marker=marker,
        id_marker=id_marker,
        limit=limit,
    )
    bucket = await open_bucket(env, request["Bucket"])
    encoded = encoding_of(request)

    def encode(text: str) -> str:
        return quote(text, safe="/") if encoded else text

    return {
        "Bucket": bucket.name,
        "KeyMarker": encode(marker),
        "UploadIdMarker": id_marker if marker else "",
        "NextKeyMarker": encode(listing.last_key),
        "NextUploadIdMarker": listing.last_id,
        "Prefix": encode(prefix) if prefix else None,
        "Delimiter": encode(delimiter) if delimiter else None,
        "MaxUploads": limit,
        "IsTruncated": listing.is_truncated,
        "EncodingType": "url" if encoded else None,
        "Uploads": [
            {**await _listed_upload(env, bucket, each), "Key": encode(each.key)}
            for each in listing.uploads
        ],
        "CommonPrefixes": [{"Prefix": encode(each)} for each in listing.prefixes],
    }


async def _initiator(env: Env, upload: Upload) -> Result:
    """Who began an upload: an account by its canonical id, anyone else by ARN."""
    arn = parse_arn(upload.initiator)
    if arn is not None and arn.resource == "root":
        return await owner_of(env, AccountId(arn.account))
    return {"ID": upload.initiator, "DisplayName": upload.initiator.rpartition("/")[2]}


async def _listed_upload(env: Env, bucket: Bucket, upload: Upload) -> Result:
    return {
        "UploadId": upload.id,
        "Initiated": seconds(upload.created_us),
        "StorageClass": upload.description.storage_class,
        "Owner": await owner_of(env, owner_of_upload(bucket, upload)),
        "Initiator": await _initiator(env, upload),
        "ChecksumAlgorithm": upload.checksum_algorithm or None,
        "ChecksumType": upload.checksum_kind or None,
    }
