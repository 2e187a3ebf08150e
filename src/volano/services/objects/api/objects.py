"""S3: put, get, head, delete and copy objects, their tags, attributes and ACL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import VolanoError
from volano.services.objects.api.buckets import private_acl
from volano.services.objects.api.members import (
    DEFAULT_CONTENT_TYPE,
    acl_not_supported,
    body_of,
    checksum_members,
    description_of,
    facts_of_bucket,
    owner_of,
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
    InvalidRequest,
    MalformedXml,
)
from volano.services.objects.logic.metering import WRITE, count_request
from volano.services.objects.model import MAX_PAGE, NULL_VERSION, StoredObject
from volano.wire.action import SIGNED_IN, action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result
    from volano.services.objects.model import Bucket, Part

OBJECT = "arn:aws:s3:::{Bucket}/{Key}"
ATTRIBUTES = ("ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize")
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
    found = await logic.select_object(env, call, _read_request(request))
    result = _read_result(found, request)
    if found.is_partial:
        result["_status"] = 206
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


@action(
    "s3:GetObjectAttributes",
    permission="s3:GetObjectAttributes",
    resource=OBJECT,
    facts=facts_of_bucket,
)
async def get_object_attributes(env: Env, call: Call, request: Request) -> Result:
    wanted = request["ObjectAttributes"]
    unknown = [name for name in wanted if name not in ATTRIBUTES]
    if unknown or not wanted:
        raise InvalidArgument(
            "Invalid attribute name specified.",
            fields={"ArgumentName": "x-amz-object-attributes", "ArgumentValue": ",".join(unknown)},
        )
    found = await logic.select_object(
        env,
        call,
        logic.ReadRequest(
            bucket=request["Bucket"], key=request["Key"], version_id=request.get("VersionId")
        ),
    )
    item = found.item
    values: Result = {
        "ETag": item.etag,
        "Checksum": checksum_members(item.checksum) or None,
        "StorageClass": item.description.storage_class,
        "ObjectSize": item.size_bytes,
        "ObjectParts": await _object_parts(env, item, request)
        if "ObjectParts" in wanted and item.part_count
        else None,
    }
    result: Result = {name: values[name] for name in wanted if values[name] is not None}
    result["LastModified"] = seconds(item.modified_us)
    return result


async def _object_parts(env: Env, item: StoredObject, request: Request) -> Result:
    limit = min(request.get("MaxParts") or MAX_PAGE, MAX_PAGE)
    after = int(request.get("PartNumberMarker") or 0)
    parts = await logic.list_object_parts(env, item, after=after, limit=limit + 1)
    page = parts[:limit]
    result: Result = {
        "TotalPartsCount": item.part_count,
        "PartNumberMarker": after,
        "NextPartNumberMarker": page[-1].number if page else after,
        "MaxParts": limit,
        "IsTruncated": len(parts) > limit,
    }
    if any(part.checksum for part in page):
        result["Parts"] = [_attribute_part(part) for part in page]
    return result


def _attribute_part(part: Part) -> Result:
    members: Result = {"PartNumber": part.number, "Size": part.size_bytes}
    if part.checksum is not None:
        members["Checksum" + part.checksum.algorithm] = part.checksum.value
    return members


@action(
    "s3:GetObjectTagging",
    permission="s3:GetObjectTagging",
    resource=OBJECT,
    facts=facts_of_bucket,
)
async def get_object_tagging(env: Env, call: Call, request: Request) -> Result:
    tags = await logic.get_object_tags(
        env, call, request["Bucket"], request["Key"], request.get("VersionId")
    )
    return {"TagSet": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}


@action(
    "s3:PutObjectTagging",
    permission="s3:PutObjectTagging",
    resource=OBJECT,
    facts=facts_of_bucket,
)
async def put_object_tagging(env: Env, call: Call, request: Request) -> Result:
    _require_null_version(request)
    tags = (request.get("Tagging") or {}).get("TagSet") or []
    pairs = [(tag.get("Key", ""), tag.get("Value", "")) for tag in tags]
    await logic.put_object_tags(env, call, request["Bucket"], request["Key"], pairs)
    return {}


@action(
    "s3:DeleteObjectTagging",
    permission="s3:DeleteObjectTagging",
    resource=OBJECT,
    facts=facts_of_bucket,
)
async def delete_object_tagging(env: Env, call: Call, request: Request) -> Result:
    _require_null_version(request)
    await logic.put_object_tags(env, call, request["Bucket"], request["Key"], [])
    return {}


def _require_null_version(request: Request) -> None:
    if request.get("VersionId") not in (None, NULL_VERSION):
        raise InvalidRequest("This bucket has no versions but the null version.")


@action(
    "s3:GetObjectAcl",
    permission="s3:GetObjectAcl",
    resource=OBJECT,
    facts=facts_of_bucket,
    partial="Always the bucket owner's full control: buckets enforce bucket ownership.",
)
async def get_object_acl(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    await logic.get_item(env.store.reader, bucket, request["Key"], request.get("VersionId"))
    return private_acl(owner_of(bucket))


@action(
    "s3:PutObjectAcl",
    permission="s3:PutObjectAcl",
    resource=OBJECT,
    facts=facts_of_bucket,
    partial="Only canned ACLs that leave everything to the bucket's owner.",
)
async def put_object_acl(env: Env, call: Call, request: Request) -> Result:
    require_plain(request)
    if request.get("AccessControlPolicy") or not request.get("ACL"):
        raise acl_not_supported()
    bucket = await open_bucket(env, request["Bucket"])
    await logic.get_item(env.store.reader, bucket, request["Key"], request.get("VersionId"))
    return {}
