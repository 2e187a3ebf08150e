"""S3: versioning and object lock of buckets, retention and legal holds of versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import NotBuilt
from volano.services.objects.api.facts import facts_of_bucket, facts_of_object
from volano.services.objects.api.objects import OBJECT
from volano.services.objects.logic import locks as logic
from volano.services.objects.logic.access import object_arn, open_bucket
from volano.services.objects.logic.errors import InvalidRequest, MalformedXml, NoSuchSetting
from volano.services.objects.logic.object_access import object_facts
from volano.services.objects.model import ObjectLock, Retention
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result

BUCKET = "arn:aws:s3:::{Bucket}"


@action(
    "s3:GetBucketVersioning",
    permission="s3:GetBucketVersioning",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_bucket_versioning(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    return {"Status": bucket.versioning} if bucket.versioning else {}


@action(
    "s3:PutBucketVersioning",
    permission="s3:PutBucketVersioning",
    resource=BUCKET,
    facts=facts_of_bucket,
    partial="MFA delete is refused.",
)
async def put_bucket_versioning(env: Env, call: Call, request: Request) -> Result:
    wanted = request["VersioningConfiguration"]
    if wanted.get("MFADelete") == "Enabled":
        raise NotBuilt("MFA delete is not built; object lock protects versions from deletion.")
    if not wanted.get("Status"):
        raise InvalidRequest(
            "The Versioning element must be specified",
            code="IllegalVersioningConfigurationException",
        )
    await logic.put_versioning(env, call, request["Bucket"], wanted["Status"])
    return {}


@action(
    "s3:GetObjectLockConfiguration",
    permission="s3:GetBucketObjectLockConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_object_lock_configuration(env: Env, call: Call, request: Request) -> Result:
    lock = await logic.get_object_lock(
        env, call, request["Bucket"], request.get("ExpectedBucketOwner")
    )
    configuration: Result = {"ObjectLockEnabled": "Enabled"}
    if lock.mode:
        period = {"Days": lock.days} if lock.days else {"Years": lock.years}
        configuration["Rule"] = {"DefaultRetention": {"Mode": lock.mode, **period}}
    return {"ObjectLockConfiguration": configuration}


@action(
    "s3:PutObjectLockConfiguration",
    permission="s3:PutBucketObjectLockConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def put_object_lock_configuration(env: Env, call: Call, request: Request) -> Result:
    wanted = request.get("ObjectLockConfiguration")
    if wanted is None:
        raise InvalidRequest("Request Body is empty", code="MissingRequestBodyError")
    if wanted.get("ObjectLockEnabled") != "Enabled":
        raise MalformedXml()
    rule = wanted.get("Rule")
    lock = ObjectLock()
    if rule is not None:
        period = rule.get("DefaultRetention") or {}
        lock = logic.to_object_lock(period.get("Mode"), period.get("Days"), period.get("Years"))
    await logic.put_object_lock(env, call, request["Bucket"], lock)
    return {}


@action(
    "s3:GetObjectRetention",
    permission="s3:GetObjectRetention",
    resource=OBJECT,
    facts=facts_of_object("s3:GetObjectRetention", versioned="s3:GetObjectRetention"),
)
async def get_object_retention(env: Env, call: Call, request: Request) -> Result:
    kept = await logic.get_retention(
        env, call, request["Bucket"], request["Key"], request.get("VersionId")
    )
    if not kept.mode:
        raise _no_configuration()
    return {"Retention": {"Mode": kept.mode, "RetainUntilDate": kept.until_us / 1e6}}


def _no_configuration() -> NoSuchSetting:
    return NoSuchSetting(
        "The specified object does not have a ObjectLock configuration",
        code="NoSuchObjectLockConfiguration",
    )


@action(
    "s3:PutObjectRetention",
    permission="s3:PutObjectRetention",
    resource=OBJECT,
    facts=facts_of_object("s3:PutObjectRetention", versioned="s3:PutObjectRetention"),
)
async def put_object_retention(env: Env, call: Call, request: Request) -> Result:
    wanted = request.get("Retention") or {}
    until = wanted.get("RetainUntilDate")
    mode = wanted.get("Mode") or ""
    if mode not in ("", *logic.MODES) or bool(mode) != (until is not None):
        raise MalformedXml()
    bypass = bool(request.get("BypassGovernanceRetention"))
    if bypass:
        bucket = await open_bucket(env, request["Bucket"])
        version_id = request.get("VersionId")
        facts = await object_facts(env, call, bucket, request["Key"], version_id)
        arn = object_arn(bucket.name, request["Key"])
        await env.authority.authorize(call, logic.BYPASS, arn, facts)
    await logic.put_retention(
        env,
        call,
        request["Bucket"],
        request["Key"],
        request.get("VersionId"),
        Retention(mode=mode, until_us=0 if until is None else round(until.timestamp() * 1e6)),
        bypass=bypass,
    )
    return {}


@action(
    "s3:GetObjectLegalHold",
    permission="s3:GetObjectLegalHold",
    resource=OBJECT,
    facts=facts_of_object("s3:GetObjectLegalHold", versioned="s3:GetObjectLegalHold"),
)
async def get_object_legal_hold(env: Env, call: Call, request: Request) -> Result:
    kept = await logic.get_retention(
        env, call, request["Bucket"], request["Key"], request.get("VersionId")
    )
    return {"LegalHold": {"Status": "ON" if kept.legal_hold else "OFF"}}


@action(
    "s3:PutObjectLegalHold",
    permission="s3:PutObjectLegalHold",
    resource=OBJECT,
    facts=facts_of_object("s3:PutObjectLegalHold", versioned="s3:PutObjectLegalHold"),
)
async def put_object_legal_hold(env: Env, call: Call, request: Request) -> Result:
    status = (request.get("LegalHold") or {}).get("Status")
    if status not in ("ON", "OFF"):
        raise MalformedXml()
    await logic.put_legal_hold(
        env,
        call,
        request["Bucket"],
        request["Key"],
        request.get("VersionId"),
        hold=status == "ON",
    )
    return {}
