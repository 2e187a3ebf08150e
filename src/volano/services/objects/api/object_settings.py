"""S3: what is known and said of an object beside its bytes: attributes, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.api.encryption import customer_of
from volano.services.objects.api.facts import facts_of_object
from volano.services.objects.api.members import (
    checksum_members,
    seconds,
    version_member,
)
from volano.services.objects.api.objects import OBJECT
from volano.services.objects.logic import objects as logic
from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.errors import InvalidArgument
from volano.services.objects.model import MAX_PAGE
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result
    from volano.services.objects.model import Part, StoredObject

ATTRIBUTES = ("ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize")


@action(
    "s3:GetObjectAttributes",
    permission="s3:GetObjectAttributes",
    resource=OBJECT,
    facts=facts_of_object("s3:GetObjectAttributes"),
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
            bucket=request["Bucket"],
            key=request["Key"],
            version_id=request.get("VersionId"),
            customer=customer_of(request),
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
    return result | version_member(found.bucket, item)


async def _object_parts(env: Env, item: StoredObject, request: Request) -> Result:
    limit = min(request.get("MaxParts") or MAX_PAGE, MAX_PAGE)
    after = int(request.get("PartNumberMarker") or 0)
    parts = await logic.list_object_parts(env, item, after=after, limit=limit + 1)
    page = parts[:limit]
    result: Result = {
        "TotalPartsCount": item.part_count,
        "PartNumberMarker": after,
        "NextPartNumberMarker": page[-1].number if page else 0,
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
    facts=facts_of_object("s3:GetObjectTagging"),
)
async def get_object_tagging(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    item = await logic.get_object_tags(
        env, call, request["Bucket"], request["Key"], request.get("VersionId")
    )
    tags = sorted(item.description.tags.items())
    return {
        "TagSet": [{"Key": key, "Value": value} for key, value in tags],
        **version_member(bucket, item),
    }


@action(
    "s3:PutObjectTagging",
    permission="s3:PutObjectTagging",
    resource=OBJECT,
    facts=facts_of_object("s3:PutObjectTagging"),
)
async def put_object_tagging(env: Env, call: Call, request: Request) -> Result:
    tags = (request.get("Tagging") or {}).get("TagSet") or []
    pairs = [(tag.get("Key", ""), tag.get("Value", "")) for tag in tags]
    return await _put_tags(env, call, request, pairs, method="PUT")


@action(
    "s3:DeleteObjectTagging",
    permission="s3:DeleteObjectTagging",
    resource=OBJECT,
    facts=facts_of_object("s3:DeleteObjectTagging"),
)
async def delete_object_tagging(env: Env, call: Call, request: Request) -> Result:
    return await _put_tags(env, call, request, [], method="DELETE")


async def _put_tags(
    env: Env, call: Call, request: Request, pairs: list[tuple[str, str]], *, method: str
) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    item = await logic.put_object_tags(
        env,
        call,
        request["Bucket"],
        request["Key"],
        pairs,
        request.get("VersionId"),
        method=method,
    )
    return version_member(bucket, item)
