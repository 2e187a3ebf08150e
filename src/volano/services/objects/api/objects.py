"""S3: put, get, head, delete and copy objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import VolanoError
from volano.services.objects.api.lifecycle import expiration_of
from volano.services.objects.api.members import (
    DEFAULT_CONTENT_TYPE,
    body_of,
    checksum_members,
    description_of,
    facts_of_bucket,
    quoted,
    read_conditions,
    require_plain,
    seconds,
    write_conditions,
)
from volano.services.objects.logic import copying
from volano.services.objects.logic import objects as logic
from volano.services.objects.logic.access import bucket_facts, object_arn, open_bucket
from volano.services.objects.logic.checksums import parse_claims, require_algorithm
from volano.services.objects.logic.errors import (
    AccessDenied,
    InvalidArgument,
    InvalidPart,
    InvalidRange,
    MalformedXml,
)
from volano.services.objects.logic.metering import WRITE, count_request
from volano.services.objects.model import MAX_PAGE, StoredObject
from volano.wire.action import SIGNED_IN, action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result
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


@action(
    "s3:PutObject",
    permission="s3:PutObject",
    resource=OBJECT,
    facts=facts_of_bucket,
    timeout_s=None,
)
async def put_object(env: Env, call: Call, request: Request) -> Result:
    require_plain(request)
    body = body_of(request)
    item = await logic.put_object(
        env,
        call,
        logic.PutRequest(
            bucket=request["Bucket"],
            key=request["Key"],
            body=body,
            description=description_of(request),
            claims=parse_claims(request, getattr(body, "announced", ())),
            conditions=write_conditions(request),
            expected_owner=request.get("ExpectedBucketOwner"),
        ),
    )
    return {"ETag": quoted(item.etag), **checksum_members(item.checksum)}


@action(
    "s3:GetObject",
    permission="s3:GetObject",
    resource=OBJECT,
    facts=facts_of_bucket,
    timeout_s=None,
)
async def get_object(env: Env, call: Call, request: Request) -> Result:
    found = await logic.get_object(env, call, _read_request(request))
    result = _read_result(found, request)
    result["Body"] = found.content
    return result


@action("s3:HeadObject", permission="s3:GetObject", resource=OBJECT, facts=facts_of_bucket)
async def head_object(env: Env, call: Call, request: Request) -> Result:
    try:
        found = await logic.select_object(env, call, _read_request(request))
    except InvalidPart as error:  # S3's answer; ceph's suite wants 400 of GetObject
        raise InvalidRange(error.message, fields=error.fields) from error
    result = _read_result(found, request)
    if found.is_partial:
        result["_status"] = 206
    result["Expiration"] = await expiration_of(env, found.item)
    return result


def _read_request(request: Request) -> logic.ReadRequest:
    return logic.ReadRequest(
        bucket=request["Bucket"],
        key=request["Key"],
        range=request.get("Range"),
        part_number=request.get("PartNumber"),
        version_id=request.get("VersionId"),
        conditions=read_conditions(request),
        expected_owner=request.get("ExpectedBucketOwner"),
    )


def _read_result(found: logic.Selected, request: Request) -> Result:
    item = found.item
    result: Result = {"ETag": quoted(item.etag), "LastModified": seconds(item.modified_us)}
    if not found.is_modified:
        return {**result, "_status": 304}
    result |= {
        "AcceptRanges": "bytes",
        "ContentLength": found.end_byte - found.first_byte,
        "ContentType": DEFAULT_CONTENT_TYPE,
        **item.description.headers,
    }
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
    if request.get("ChecksumMode") == "ENABLED":
        result |= _checksum_of(found)
    return result


def _checksum_of(found: logic.Selected) -> Result:
    """A part's own checksum for a part, the object's for the whole, none for other ranges."""
    if found.part is not None and found.item.checksum is not None:
        members = checksum_members(found.part.checksum)
        return members and members | {"ChecksumType": found.item.checksum.kind}
    whole = found.end_byte - found.first_byte == found.item.size_bytes
    return checksum_members(found.item.checksum) if whole else {}


@action("s3:DeleteObject", permission="s3:DeleteObject", resource=OBJECT, facts=facts_of_bucket)
async def delete_object(env: Env, call: Call, request: Request) -> Result:
    await logic.delete_object(
        env,
        call,
        request["Bucket"],
        request["Key"],
        version_id=request.get("VersionId"),
        conditions=write_conditions(request),
        expected_owner=request.get("ExpectedBucketOwner"),
    )
    return {}


@action(
    "s3:DeleteObjects",
    permission=SIGNED_IN,
    resource="arn:aws:s3:::{Bucket}",
)
async def delete_objects(env: Env, call: Call, request: Request) -> Result:
    """Each key is authorized as `s3:DeleteObject` by itself, and answers for itself."""
    wanted = request["Delete"].get("Objects") or []
    if not 1 <= len(wanted) <= MAX_PAGE:
        raise MalformedXml(
            "The XML you provided was not well-formed or did not validate against our published "
            "schema"
        )
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    count_request(env, bucket, WRITE)
    errors: dict[int, VolanoError] = {}
    for index, each in enumerate(wanted):
        error = await _denial(env, call, bucket, each.get("Key") or "")
        if error is not None:
            errors[index] = error
    allowed = [index for index in range(len(wanted)) if index not in errors]
    targets = [
        (
            wanted[index].get("Key") or "",
            wanted[index].get("VersionId"),
            _delete_conditions(wanted[index]),
        )
        for index in allowed
    ]
    outcomes = await logic.delete_keys(env, bucket, targets)
    errors |= {
        index: error for index, error in zip(allowed, outcomes, strict=True) if error is not None
    }
    quiet = request["Delete"].get("Quiet")
    return {
        "Deleted": []
        if quiet
        else [_named(each) for index, each in enumerate(wanted) if index not in errors],
        "Errors": [
            {**_named(wanted[index]), "Code": error.wire_code, "Message": error.message}
            for index, error in sorted(errors.items())
        ],
    }


async def _denial(env: Env, call: Call, bucket: Bucket, key: str) -> VolanoError | None:
    try:
        await env.authority.authorize(
            call, "s3:DeleteObject", object_arn(bucket.name, key), bucket_facts(bucket)
        )
    except VolanoError as error:
        return AccessDenied("Access Denied", facts=error.facts)
    return None


def _delete_conditions(member: Request) -> Any:
    return write_conditions(
        {
            "IfMatch": member.get("ETag"),
            "IfMatchSize": member.get("Size"),
            "IfMatchLastModifiedTime": member.get("LastModifiedTime"),
        }
    )


def _named(member: Request) -> Result:
    named = {"Key": member.get("Key") or ""}
    if member.get("VersionId"):
        named["VersionId"] = member["VersionId"]
    return named


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
    replaces = _directive(request, "MetadataDirective")
    item = await copying.copy_object(
        env,
        call,
        copying.CopyRequest(
            source=source,
            bucket=request["Bucket"],
            key=request["Key"],
            description=wanted if replaces else None,
            tags=wanted.tags if _directive(request, "TaggingDirective") else None,
            redirect=request.get("WebsiteRedirectLocation"),
            storage_class=request.get("StorageClass"),
            algorithm=require_algorithm(request.get("ChecksumAlgorithm")),
            conditions=write_conditions(request),
            expected_owner=request.get("ExpectedBucketOwner"),
        ),
    )
    return {"CopyObjectResult": _copy_result(item)}


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
        expected_owner=request.get("ExpectedSourceBucketOwner"),
    )
