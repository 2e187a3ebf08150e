"""S3: put, get, head, delete and copy objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.identity import PrincipalKind
from volano.services.objects.api.encryption import (
    context_member,
    customer_of,
    encryption_members,
    wanted_of,
)
from volano.services.objects.api.facts import facts_of_bucket, facts_of_object
from volano.services.objects.api.grants import acl_of_write
from volano.services.objects.api.lifecycle import expiration_of
from volano.services.objects.api.members import (
    DEFAULT_CONTENT_TYPE,
    body_of,
    checksum_members,
    description_of,
    quoted,
    read_conditions,
    require_plain,
    seconds,
    version_member,
    write_conditions,
    written_version,
)
from volano.services.objects.api.restoring import restore_member
from volano.services.objects.api.retention import allowed_retention, retention_members
from volano.services.objects.logic import copying
from volano.services.objects.logic import objects as logic
from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.checksums import parse_claims, require_algorithm
from volano.services.objects.logic.errors import (
    InvalidArgument,
    InvalidPart,
    InvalidRange,
    InvalidRequest,
)
from volano.services.objects.logic.replication import replication_status
from volano.services.objects.logic.storage_classes import STANDARD
from volano.services.objects.model import NO_RETENTION, StoredObject
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result
    from volano.services.objects.logic.encryption_requests import WantedEncryption
    from volano.services.objects.model import Bucket

OBJECT = "arn:aws:s3:::{Bucket}/{Key}"
_OVERRIDES = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
)
_INERT_TYPES = (
    "application/gzip", "application/json", "application/octet-stream", "application/pdf",
    "application/zip", "audio/", "binary/octet-stream", "image/gif", "image/jpeg", "image/png",
    "image/webp", "text/csv", "text/plain", "video/",
)  # fmt: skip
"""Types of which a browser runs nothing."""
_FENCE = {
    "Content-Security-Policy": (
        "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts"
    )
}
"""This door stands on the console's host, and browsers share cookies between ports: a page out of a
bucket runs as nobody's, so that it cannot put a session of its own there. (Websites have hosts.)"""


@action(
    "s3:PutObject",
    permission="s3:PutObject",
    resource=OBJECT,
    facts=facts_of_bucket,
    timeout_s=None,
)
async def put_object(env: Env, call: Call, request: Request) -> Result:
    require_plain(request)
    body, wanted = body_of(request), wanted_of(request)
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    item = await logic.put_object(
        env,
        call,
        logic.PutRequest(
            bucket=request["Bucket"],
            key=request["Key"],
            body=body,
            description=description_of(request, await acl_of_write(env, call, bucket, request)),
            claims=parse_claims(request, getattr(body, "announced", ())),
            conditions=write_conditions(request),
            retention=await allowed_retention(env, call, bucket, request),
            expected_owner=request.get("ExpectedBucketOwner"),
            encryption=wanted,
        ),
    )
    return {
        "ETag": quoted(item.etag),
        "Expiration": await expiration_of(env, item),
        **checksum_members(item.checksum),
        **written_version(item),
        **_written_members(env, item, wanted),
    }


def _written_members(env: Env, item: StoredObject, wanted: WantedEncryption | None) -> Result:
    encryption = item.description.encryption
    customer = None if wanted is None else wanted.customer
    return encryption_members(env, encryption, customer) | context_member(encryption)


@action(
    "s3:GetObject",
    permission="s3:GetObject",
    resource=OBJECT,
    facts=facts_of_object("s3:GetObject"),
    timeout_s=None,
)
async def get_object(env: Env, call: Call, request: Request) -> Result:
    found = await logic.get_object(env, call, _read_request(call, request))
    result = await _read_result(env, found, request)
    result["Body"] = found.content
    return result


@action(
    "s3:HeadObject",
    permission="s3:GetObject",
    resource=OBJECT,
    facts=facts_of_object("s3:GetObject"),
)
async def head_object(env: Env, call: Call, request: Request) -> Result:
    try:
        found = await logic.select_object(env, call, _read_request(call, request))
    except InvalidPart as error:  # S3's answer; ceph's suite wants 400 of GetObject
        raise InvalidRange(error.message, fields=error.fields) from error
    result = await _read_result(env, found, request)
    if found.is_partial:
        result["_status"] = 206
    return result


def _read_request(call: Call, request: Request) -> logic.ReadRequest:
    if call.principal.kind is PrincipalKind.ANONYMOUS and any(
        request.get("Response" + name) is not None for name in _OVERRIDES
    ):
        raise InvalidRequest(
            "Request specific response headers cannot be used for anonymous GET requests."
        )
    if request.get("ServerSideEncryption"):
        raise InvalidArgument(
            "x-amz-server-side-encryption header is not supported for this operation.",
            fields={"ArgumentName": "x-amz-server-side-encryption"},
        )
    return logic.ReadRequest(
        bucket=request["Bucket"],
        key=request["Key"],
        range=request.get("Range"),
        part_number=request.get("PartNumber"),
        version_id=request.get("VersionId"),
        conditions=read_conditions(request),
        expected_owner=request.get("ExpectedBucketOwner"),
        customer=customer_of(request),
    )


async def _read_result(env: Env, found: logic.Selected, request: Request) -> Result:
    item = found.item
    result: Result = {
        "ETag": quoted(item.etag),
        "LastModified": seconds(item.modified_us),
        **version_member(found.bucket, item),
    }
    if not found.is_modified:
        return {**result, "_status": 304}
    result |= {
        "AcceptRanges": "bytes",
        "ContentLength": found.end_byte - found.first_byte,
        "ContentType": DEFAULT_CONTENT_TYPE,
        **item.description.headers,
    }
    result |= await _kept_members(env, found.bucket, item, request)
    if item.retention != NO_RETENTION:
        result |= retention_members(item.retention)
    if item.description.metadata:
        result["Metadata"] = item.description.metadata
    if item.description.tags:
        result["TagCount"] = len(item.description.tags)
    for name in _OVERRIDES:
        if request.get("Response" + name) is not None:
            result[name] = request["Response" + name]
    if found.is_partial:
        last = found.end_byte - 1
        result["ContentRange"] = f"bytes {found.first_byte}-{last}/{item.size_bytes}"
    if request.get("PartNumber") is not None and item.part_count:
        result["PartsCount"] = item.part_count
    if (request.get("ChecksumMode") or "").upper() == "ENABLED":
        result |= _checksum_of(found)
    if not str(result["ContentType"]).lower().startswith(_INERT_TYPES):
        result["_headers"] = _FENCE
    return result


async def _kept_members(env: Env, bucket: Bucket, item: StoredObject, request: Request) -> Result:
    """How the object is kept: encrypted, replicated, in which class, until when."""
    result: Result = {}
    if item.description.encryption is not None:
        result |= encryption_members(env, item.description.encryption, customer_of(request))
    status = await replication_status(env, bucket, item)
    if status:
        result["ReplicationStatus"] = status
    if item.description.storage_class != STANDARD:
        result["StorageClass"] = item.description.storage_class
        result |= restore_member(env, item)
    if not item.noncurrent_us:
        result["Expiration"] = await expiration_of(env, item)
    return result


def _checksum_of(found: logic.Selected) -> Result:
    """A part's own checksum for a part, the object's for the whole, none for other ranges."""
    if found.part is not None and found.item.checksum is not None:
        members = checksum_members(found.part.checksum)
        return members and members | {"ChecksumType": found.item.checksum.kind}
    whole = found.end_byte - found.first_byte == found.item.size_bytes
    return checksum_members(found.item.checksum) if whole else {}


@action(
    "s3:CopyObject",
    permission="s3:PutObject",
    resource=OBJECT,
    facts=facts_of_bucket,
    timeout_s=None,
)
async def copy_object(env: Env, call: Call, request: Request) -> Result:
    require_plain(request)
    source = source_of(request)
    wanted = description_of(request)
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    replaces = _directive(request, "MetadataDirective")
    sealing = wanted_of(request)
    copied = await copying.copy_object(
        env,
        call,
        copying.CopyRequest(
            source=source,
            bucket=request["Bucket"],
            key=request["Key"],
            description=wanted if replaces else None,
            tags=wanted.tags if _directive(request, "TaggingDirective") else None,
            acl=await acl_of_write(env, call, bucket, request),
            redirect=request.get("WebsiteRedirectLocation"),
            storage_class=request.get("StorageClass"),
            algorithm=require_algorithm(request.get("ChecksumAlgorithm")),
            conditions=write_conditions(request),
            retention=await allowed_retention(env, call, bucket, request),
            expected_owner=request.get("ExpectedBucketOwner"),
            encryption=sealing,
        ),
    )
    return {
        "CopyObjectResult": _copy_result(copied.item),
        "CopySourceVersionId": copied.source_version_id or None,
        **written_version(copied.item),
        "Expiration": await expiration_of(env, copied.item),
        **_written_members(env, copied.item, sealing),
    }


def _copy_result(item: StoredObject) -> Result:
    return {
        "ETag": quoted(item.etag),
        "LastModified": seconds(item.modified_us),
        **checksum_members(item.checksum),
    }


def _directive(request: Request, member: str) -> bool:
    """Whether the request's values replace the source's; raises InvalidArgument."""
    wanted = request.get(member) or "COPY"
    if wanted not in ("COPY", "REPLACE"):
        raise InvalidArgument(f"Unknown {member}.", fields={"ArgumentValue": wanted})
    return bool(wanted == "REPLACE")


def source_of(request: Request) -> copying.Source:
    """The source of CopyObject and UploadPartCopy."""
    bucket, key, version_id = copying.parse_copy_source(request["CopySource"])
    return copying.Source(
        bucket=bucket,
        key=key,
        version_id=version_id,
        conditions=read_conditions(request, "CopySource"),
        customer=customer_of(request, "CopySource"),
        expected_owner=request.get("ExpectedSourceBucketOwner"),
    )
