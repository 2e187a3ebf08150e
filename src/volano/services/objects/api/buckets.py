"""S3: buckets, their location, tags, policy and fixed settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.api.facts import facts_of_bucket, request_facts
from volano.services.objects.api.grants import requested_grants
from volano.services.objects.api.listing import parse_token, to_token
from volano.services.objects.api.members import seconds
from volano.services.objects.api.owners import owner_of
from volano.services.objects.logic import buckets as logic
from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.bucket_access import OWNERSHIPS, access_of_new
from volano.services.objects.logic.errors import InvalidArgument
from volano.services.objects.model import MAX_PAGE
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result

BUCKET = "arn:aws:s3:::{Bucket}"


@action(
    "s3:CreateBucket",
    permission="s3:CreateBucket",
    resource=BUCKET,
    condition=lambda _call, request: request_facts(request),
)
async def create_bucket(env: Env, call: Call, request: Request) -> Result:
    ownership = request.get("ObjectOwnership")
    if ownership is not None and ownership not in OWNERSHIPS:
        raise InvalidArgument(
            "Invalid x-amz-object-ownership header: " + ownership[:64],
            fields={"ArgumentName": "x-amz-object-ownership"},
        )
    grants = await requested_grants(env, request, call.account, call.account, of_bucket=True)
    configuration = request.get("CreateBucketConfiguration") or {}
    bucket = await logic.create_bucket(
        env,
        call,
        request["Bucket"],
        location=configuration.get("LocationConstraint"),
        locked=bool(request.get("ObjectLockEnabledForBucket")),
        access=access_of_new(env, call.account, ownership, grants),
        tags=[
            (tag.get("Key", ""), tag.get("Value", "")) for tag in configuration.get("Tags") or []
        ],
    )
    return {"Location": "/" + bucket.name, "BucketArn": f"arn:aws:s3:::{bucket.name}"}


@action("s3:DeleteBucket", permission="s3:DeleteBucket", resource=BUCKET, facts=facts_of_bucket)
async def delete_bucket(env: Env, call: Call, request: Request) -> Result:
    await logic.delete_bucket(
        env, call, request["Bucket"], expected_owner=request.get("ExpectedBucketOwner")
    )
    return {}


@action("s3:HeadBucket", permission="s3:ListBucket", resource=BUCKET, facts=facts_of_bucket)
async def head_bucket(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    return {
        "BucketRegion": bucket.region,
        "BucketArn": f"arn:aws:s3:::{bucket.name}",
        "_headers": {"Content-Type": "application/xml"},  # as S3 does, though there is no body
    }


@action("s3:ListBuckets", permission="s3:ListAllMyBuckets", resource="arn:aws:s3:::*")
async def list_buckets(env: Env, call: Call, request: Request) -> Result:
    wanted = request.get("MaxBuckets")
    if wanted is not None and not 1 <= wanted <= 10_000:
        raise InvalidArgument("Argument max-buckets must be an integer between 1 and 10000")
    token = request.get("ContinuationToken")
    buckets, after = await logic.list_buckets(
        env,
        call,
        prefix=request.get("Prefix") or "",
        after=parse_token(token) if token else "",
        limit=min(wanted or MAX_PAGE, MAX_PAGE),
    )
    region = request.get("BucketRegion")
    listed = [
        {
            "Name": bucket.name,
            "CreationDate": seconds(bucket.created_us),
            "BucketRegion": bucket.region,
            "BucketArn": f"arn:aws:s3:::{bucket.name}",
        }
        for bucket in buckets
        if region in (None, bucket.region)
    ]
    return {
        "Buckets": listed,
        "Owner": await owner_of(env, call.account),
        "ContinuationToken": to_token(after) if after else None,
        "Prefix": request.get("Prefix"),
    }


@action(
    "s3:GetBucketLocation",
    permission="s3:GetBucketLocation",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_bucket_location(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    # S3 names its first region by an empty element.
    return {"LocationConstraint": "" if bucket.region == "us-east-1" else bucket.region}


@action(
    "s3:GetBucketTagging",
    permission="s3:GetBucketTagging",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_bucket_tagging(env: Env, call: Call, request: Request) -> Result:
    tags = await logic.get_bucket_tags(env, call, request["Bucket"])
    return {"TagSet": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}


@action(
    "s3:PutBucketTagging",
    permission="s3:PutBucketTagging",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def put_bucket_tagging(env: Env, call: Call, request: Request) -> Result:
    tags = (request.get("Tagging") or {}).get("TagSet") or []
    pairs = [(tag.get("Key", ""), tag.get("Value", "")) for tag in tags]
    await logic.put_bucket_tags(env, call, request["Bucket"], pairs)
    return {"_status": 204}


@action(
    "s3:DeleteBucketTagging",
    permission="s3:PutBucketTagging",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def delete_bucket_tagging(env: Env, call: Call, request: Request) -> Result:
    await logic.put_bucket_tags(env, call, request["Bucket"], [])
    return {}


@action(
    "s3:GetBucketPolicy", permission="s3:GetBucketPolicy", resource=BUCKET, facts=facts_of_bucket
)
async def get_bucket_policy(env: Env, call: Call, request: Request) -> Result:
    return {"Policy": await logic.get_bucket_policy(env, call, request["Bucket"])}


@action(
    "s3:PutBucketPolicy", permission="s3:PutBucketPolicy", resource=BUCKET, facts=facts_of_bucket
)
async def put_bucket_policy(env: Env, call: Call, request: Request) -> Result:
    await logic.put_bucket_policy(env, call, request["Bucket"], request["Policy"])
    return {"_status": 204}


@action(
    "s3:DeleteBucketPolicy",
    permission="s3:DeleteBucketPolicy",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def delete_bucket_policy(env: Env, call: Call, request: Request) -> Result:
    await logic.put_bucket_policy(env, call, request["Bucket"], "")
    return {}
