"""S3: delete objects and versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import VolanoError
from volano.services.objects.api.facts import facts_of_key
from volano.services.objects.api.members import write_conditions
from volano.services.objects.api.objects import OBJECT
from volano.services.objects.logic import deleting as logic
from volano.services.objects.logic.access import bucket_facts, object_arn, open_bucket
from volano.services.objects.logic.contents import cause_of
from volano.services.objects.logic.errors import AccessDenied, MalformedXml, NoSuchVersion
from volano.services.objects.logic.locks import BYPASS
from volano.services.objects.logic.metering import WRITE, count_request
from volano.services.objects.model import MAX_PAGE, Acl, Description
from volano.wire.action import SIGNED_IN, action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result
    from volano.services.objects.model import Bucket

DELETE, DELETE_VERSION = "s3:DeleteObject", "s3:DeleteObjectVersion"


@action(
    "s3:DeleteObject",
    permission=DELETE,
    resource=OBJECT,
    facts=facts_of_key(DELETE),
)
async def delete_object(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    deleted = await logic.delete_object(
        env,
        call,
        request["Bucket"],
        logic.Deletion(
            key=request["Key"],
            version_id=request.get("VersionId"),
            conditions=write_conditions(request),
            bypass=await _bypass(env, call, bucket, request, request["Key"]),
            description=_marker_description(call, bucket),
        ),
        expected_owner=request.get("ExpectedBucketOwner"),
    )
    return {
        "DeleteMarker": True if deleted.marker_id else None,
        "VersionId": deleted.marker_id or deleted.version_id or None,
    }


def _marker_description(call: Call, bucket: Bucket) -> Description:
    """Who owns a delete marker: the one who made it, where objects have owners."""
    owned = bucket.access.has_lists and call.account
    return Description(acl=Acl(call.account) if owned else None)


async def _bypass(env: Env, call: Call, bucket: Bucket, request: Request, key: str) -> bool:
    """Whether governance does not count; raises Denied for those who may not ask for that."""
    if not request.get("BypassGovernanceRetention") or bucket.object_lock is None:
        return False
    facts = await bucket_facts(env, call, bucket)
    await env.authority.authorize(call, BYPASS, object_arn(bucket.name, key), facts)
    return True


@action(
    "s3:DeleteObjects",
    permission=SIGNED_IN,
    resource="arn:aws:s3:::{Bucket}",
)
async def delete_objects(env: Env, call: Call, request: Request) -> Result:
    """Each key is authorized as `s3:DeleteObject` by itself, and answers for itself."""
    wanted = request["Delete"].get("Objects") or []
    if not 1 <= len(wanted) <= MAX_PAGE:
        raise MalformedXml()
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    count_request(env, bucket, WRITE)
    facts = await bucket_facts(env, call, bucket)
    errors: dict[int, VolanoError] = {}
    targets: dict[int, logic.Deletion] = {}
    for index, each in enumerate(wanted):
        try:
            targets[index] = await _target(env, call, bucket, request, each, facts)
        except VolanoError as error:
            errors[index] = error
    done: dict[int, logic.Deleted] = {}
    outcomes = await logic.delete_keys(env, bucket, list(targets.values()), cause=cause_of(call))
    for index, outcome in zip(targets, outcomes, strict=True):
        if isinstance(outcome, VolanoError):
            errors[index] = outcome
        else:
            done[index] = outcome
    quiet = request["Delete"].get("Quiet")
    return {
        "Deleted": []
        if quiet
        else [_deleted(wanted[index], outcome) for index, outcome in done.items()],
        "Errors": [
            {**_named(wanted[index]), **_told(error)} for index, error in sorted(errors.items())
        ],
    }


async def _target(
    env: Env,
    call: Call,
    bucket: Bucket,
    request: Request,
    member: Request,
    facts: dict[str, str],
) -> logic.Deletion:
    """What one entry asks for, when the caller may; raises AccessDenied."""
    key, version_id = member.get("Key") or "", member.get("VersionId") or None
    facts = await bucket_facts(env, call, bucket)
    arn = object_arn(bucket.name, key)
    try:
        permission = DELETE if version_id is None else DELETE_VERSION
        await env.authority.authorize(call, permission, arn, facts)
        bypass = bool(request.get("BypassGovernanceRetention")) and bucket.object_lock is not None
        if bypass:
            await env.authority.authorize(call, BYPASS, arn, facts)
    except VolanoError as error:
        raise AccessDenied("Access Denied", facts=error.facts) from error
    return logic.Deletion(
        key=key,
        version_id=version_id,
        conditions=_conditions(member),
        bypass=bypass,
        description=_marker_description(call, bucket),
    )


def _conditions(member: Request) -> Any:
    return write_conditions(
        {
            "IfMatch": member.get("ETag"),
            "IfMatchSize": member.get("Size"),
            "IfMatchLastModifiedTime": member.get("LastModifiedTime"),
        }
    )


def _deleted(member: Request, outcome: logic.Deleted) -> Result:
    named = _named(member)
    if outcome.marker_id:
        named |= {"DeleteMarker": True, "DeleteMarkerVersionId": outcome.marker_id}
    return named


def _told(error: VolanoError) -> Result:
    if error.fields.get("ArgumentName") == "versionId":  # S3 words it otherwise for many keys
        error = NoSuchVersion("The specified version does not exist.")
    return {"Code": error.wire_code, "Message": error.message}


def _named(member: Request) -> Result:
    named = {"Key": member.get("Key") or ""}
    if member.get("VersionId"):
        named["VersionId"] = member["VersionId"]
    return named
