"""S3: ownership controls, public access blocks, policy status, request payment, acceleration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.api.facts import facts_of_bucket
from volano.services.objects.logic import bucket_access as logic
from volano.services.objects.logic.access import bucket_grants, open_bucket
from volano.services.objects.logic.acl import is_public
from volano.services.objects.logic.errors import MalformedXml, NoSuchSetting
from volano.services.objects.logic.public_access import effective_block
from volano.services.objects.logic.public_policy import is_public_policy
from volano.services.objects.model import PublicBlock
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result

BUCKET = "arn:aws:s3:::{Bucket}"
PAYERS = {"BucketOwner": False, "Requester": True}
BLOCK_MEMBERS = {
    "BlockPublicAcls": "block_acls",
    "IgnorePublicAcls": "ignore_acls",
    "BlockPublicPolicy": "block_policy",
    "RestrictPublicBuckets": "restrict",
}


@action(
    "s3:GetBucketOwnershipControls",
    permission="s3:GetBucketOwnershipControls",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_bucket_ownership_controls(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    if not bucket.access.ownership:
        raise NoSuchSetting(
            "The bucket ownership controls were not found",
            code="OwnershipControlsNotFoundError",
            fields={"BucketName": bucket.name},
        )
    return {"OwnershipControls": {"Rules": [{"ObjectOwnership": bucket.access.ownership}]}}


@action(
    "s3:PutBucketOwnershipControls",
    permission="s3:PutBucketOwnershipControls",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def put_bucket_ownership_controls(env: Env, call: Call, request: Request) -> Result:
    rules = (request.get("OwnershipControls") or {}).get("Rules") or []
    if len(rules) != 1 or rules[0].get("ObjectOwnership") not in logic.OWNERSHIPS:
        raise MalformedXml()
    await logic.put_ownership(
        env,
        request["Bucket"],
        rules[0]["ObjectOwnership"],
        expected_owner=request.get("ExpectedBucketOwner"),
    )
    return {}


@action(
    "s3:DeleteBucketOwnershipControls",
    permission="s3:PutBucketOwnershipControls",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def delete_bucket_ownership_controls(env: Env, call: Call, request: Request) -> Result:
    owner = request.get("ExpectedBucketOwner")
    await logic.put_ownership(env, request["Bucket"], "", expected_owner=owner)
    return {}


@action(
    "s3:GetPublicAccessBlock",
    permission="s3:GetBucketPublicAccessBlock",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_public_access_block(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    if bucket.access.block is None:
        raise NoSuchSetting(
            "The public access block configuration was not found",
            code="NoSuchPublicAccessBlockConfiguration",
            fields={"BucketName": bucket.name},
        )
    return {"PublicAccessBlockConfiguration": block_result(bucket.access.block)}


@action(
    "s3:PutPublicAccessBlock",
    permission="s3:PutBucketPublicAccessBlock",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def put_public_access_block(env: Env, call: Call, request: Request) -> Result:
    block = parse_block(request["PublicAccessBlockConfiguration"])
    owner = request.get("ExpectedBucketOwner")
    await logic.put_public_block(env, request["Bucket"], block, expected_owner=owner)
    return {}


@action(
    "s3:DeletePublicAccessBlock",
    permission="s3:PutBucketPublicAccessBlock",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def delete_public_access_block(env: Env, call: Call, request: Request) -> Result:
    owner = request.get("ExpectedBucketOwner")
    await logic.put_public_block(env, request["Bucket"], None, expected_owner=owner)
    return {}


def parse_block(configuration: Request) -> PublicBlock:
    """The four switches; one that is not named is off."""
    return PublicBlock(
        **{name: bool(configuration.get(member)) for member, name in BLOCK_MEMBERS.items()}
    )


def block_result(block: PublicBlock) -> Result:
    return {member: getattr(block, name) for member, name in BLOCK_MEMBERS.items()}


@action(
    "s3:GetBucketPolicyStatus",
    permission="s3:GetBucketPolicyStatus",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_bucket_policy_status(env: Env, call: Call, request: Request) -> Result:
    """Whether policy or list lets in everyone, and no block keeps them out."""
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    block = await effective_block(env, bucket)
    by_policy = is_public_policy(bucket.policy) and not block.restrict
    by_list = is_public(bucket_grants(bucket)) and not block.ignore_acls
    return {"PolicyStatus": {"IsPublic": by_policy or by_list}}


@action(
    "s3:GetBucketRequestPayment",
    permission="s3:GetBucketRequestPayment",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_bucket_request_payment(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    return {"Payer": "Requester" if bucket.access.requester_pays else "BucketOwner"}


@action(
    "s3:PutBucketRequestPayment",
    permission="s3:PutBucketRequestPayment",
    resource=BUCKET,
    facts=facts_of_bucket,
    partial="Who pays is required of requests, but the bill is the bucket owner's.",
)
async def put_bucket_request_payment(env: Env, call: Call, request: Request) -> Result:
    payer = (request.get("RequestPaymentConfiguration") or {}).get("Payer")
    if payer not in PAYERS:
        raise MalformedXml()
    owner = request.get("ExpectedBucketOwner")
    await logic.put_payer(env, request["Bucket"], requester=PAYERS[payer], expected_owner=owner)
    return {}


@action(
    "s3:GetBucketAccelerateConfiguration",
    permission="s3:GetAccelerateConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
    partial="Never turned on: one region has nothing to be nearer to.",
)
async def get_bucket_accelerate_configuration(env: Env, call: Call, request: Request) -> Result:
    await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    return {}
