"""S3: CORS rules of a bucket, and what they say to a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.api.facts import facts_of_bucket
from volano.services.objects.logic import cors as logic
from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.errors import MalformedXml
from volano.wire.action import action
from volano.wire.aws.s3_edges import CORS, s3_edge

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result
    from volano.wire.aws.s3_edges import CorsQuestion

BUCKET = "arn:aws:s3:::{Bucket}"
VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


@action("s3:GetBucketCors", permission="s3:GetBucketCORS", resource=BUCKET, facts=facts_of_bucket)
async def get_bucket_cors(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    return {"CORSRules": [_result(rule) for rule in await logic.get_cors(env, bucket)]}


@action("s3:PutBucketCors", permission="s3:PutBucketCORS", resource=BUCKET, facts=facts_of_bucket)
async def put_bucket_cors(env: Env, call: Call, request: Request) -> Result:
    rules = [_rule(each) for each in request["CORSConfiguration"].get("CORSRules") or []]
    if not rules:
        raise MalformedXml()
    owner = request.get("ExpectedBucketOwner")
    await logic.put_cors(env, request["Bucket"], rules, expected_owner=owner)
    return {}


@action(
    "s3:DeleteBucketCors", permission="s3:PutBucketCORS", resource=BUCKET, facts=facts_of_bucket
)
async def delete_bucket_cors(env: Env, call: Call, request: Request) -> Result:
    owner = request.get("ExpectedBucketOwner")
    await logic.put_cors(env, request["Bucket"], [], expected_owner=owner)
    return {}


def _rule(member: Request) -> logic.CorsRule:
    return logic.CorsRule(
        id=member.get("ID") or "",
        methods=tuple(member.get("AllowedMethods") or ()),
        origins=tuple(member.get("AllowedOrigins") or ()),
        headers=tuple(member.get("AllowedHeaders") or ()),
        exposed=tuple(member.get("ExposeHeaders") or ()),
        max_age_s=member.get("MaxAgeSeconds"),
    )


def _result(rule: logic.CorsRule) -> Result:
    return {
        "ID": rule.id or None,
        "AllowedMethods": list(rule.methods),
        "AllowedOrigins": list(rule.origins),
        "AllowedHeaders": list(rule.headers) or None,
        "ExposeHeaders": list(rule.exposed) or None,
        "MaxAgeSeconds": rule.max_age_s,
    }


@s3_edge(CORS)
async def cors_headers(
    env: Env, bucket: str, question: CorsQuestion
) -> list[tuple[str, str]] | None:
    """The headers for a page's request; empty when no rule lets it, None when there is no rule.

    Raises NoSuchBucket.
    """
    known, rule = await logic.match_cors(
        env,
        bucket,
        origin=question.origin,
        method=question.method,
        headers=question.headers,
    )
    if rule is None:
        return [] if known else None
    anyone = "*" in rule.origins
    headers = [
        ("Access-Control-Allow-Origin", "*" if anyone else question.origin),
        ("Access-Control-Allow-Methods", ", ".join(rule.methods)),
    ]
    if question.headers:
        headers.append(("Access-Control-Allow-Headers", ", ".join(question.headers)))
    if rule.exposed:
        headers.append(("Access-Control-Expose-Headers", ", ".join(rule.exposed)))
    if rule.max_age_s is not None:
        headers.append(("Access-Control-Max-Age", str(rule.max_age_s)))
    if not anyone:
        headers.append(("Access-Control-Allow-Credentials", "true"))
    return [*headers, ("Vary", VARY)]
