"""S3: access lists of buckets and objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.api.facts import facts_of_bucket, facts_of_object
from volano.services.objects.api.grants import acl_not_supported, acl_result, requested_grants
from volano.services.objects.logic import object_acls
from volano.services.objects.logic.access import bucket_grants, open_bucket
from volano.services.objects.logic.bucket_access import put_bucket_acl as put_list
from volano.services.objects.logic.errors import InvalidRequest
from volano.services.objects.logic.object_access import acl_of
from volano.services.objects.logic.versions import get_item
from volano.services.objects.model import NULL_VERSION, Acl
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.ids import AccountId
    from volano.services.objects.api.members import Request, Result
    from volano.services.objects.model import Bucket, Grant

BUCKET = "arn:aws:s3:::{Bucket}"
OBJECT = "arn:aws:s3:::{Bucket}/{Key}"


@action("s3:GetBucketAcl", permission="s3:GetBucketAcl", resource=BUCKET, facts=facts_of_bucket)
async def get_bucket_acl(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    return await acl_result(env, Acl(bucket.account, bucket_grants(bucket)))


@action("s3:PutBucketAcl", permission="s3:PutBucketAcl", resource=BUCKET, facts=facts_of_bucket)
async def put_bucket_acl(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    if not bucket.access.has_lists:
        raise acl_not_supported()
    grants = await _grants(env, request, bucket, bucket.account, of_bucket=True)
    await put_list(env, bucket, grants)
    return {}


@action(
    "s3:GetObjectAcl",
    permission="s3:GetObjectAcl",
    resource=OBJECT,
    facts=facts_of_object("s3:GetObjectAcl"),
)
async def get_object_acl(env: Env, call: Call, request: Request) -> Result:
    acl, item = await object_acls.get_object_acl(
        env, request["Bucket"], request["Key"], request.get("VersionId")
    )
    return await acl_result(env, acl) | {"_headers": _version_header(item.version_id)}


@action(
    "s3:PutObjectAcl",
    permission="s3:PutObjectAcl",
    resource=OBJECT,
    facts=facts_of_object("s3:PutObjectAcl"),
)
async def put_object_acl(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    key, version_id = request["Key"], request.get("VersionId")
    if not bucket.access.has_lists:
        raise acl_not_supported()
    item = await get_item(env.store.reader, bucket, key, version_id)
    grants = await _grants(env, request, bucket, acl_of(bucket, item).owner, of_bucket=False)
    await object_acls.put_object_acl(env, bucket, key, grants, version_id)
    return {"_headers": _version_header(item.version_id)}


async def _grants(
    env: Env, request: Request, bucket: Bucket, owner: AccountId, *, of_bucket: bool
) -> tuple[Grant, ...]:
    grants = await requested_grants(env, request, owner, bucket.account, of_bucket=of_bucket)
    if grants is None:
        raise InvalidRequest(
            "Your request was missing a required header", code="MissingSecurityHeader"
        )
    return grants


def _version_header(version_id: str) -> dict[str, str]:
    return {} if version_id == NULL_VERSION else {"x-amz-version-id": version_id}
