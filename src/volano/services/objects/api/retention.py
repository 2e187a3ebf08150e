"""Retention and legal hold as the headers of S3's writes and reads have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.api.facts import request_facts
from volano.services.objects.logic.access import bucket_facts, object_arn
from volano.services.objects.logic.errors import InvalidArgument
from volano.services.objects.model import NO_RETENTION, Retention

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result
    from volano.services.objects.model import Bucket


async def allowed_retention(env: Env, call: Call, bucket: Bucket, request: Request) -> Retention:
    """What the headers of a write ask for, when the caller may; raises InvalidArgument, Denied.

    It takes the permissions of the calls that do the same later (S3 user guide, "Required
    permissions" of object lock).
    """
    wanted = retention_of(request)
    if wanted == NO_RETENTION and not request.get("ObjectLockLegalHoldStatus"):
        return wanted
    facts = await bucket_facts(env, call, bucket) | request_facts(request)
    arn = object_arn(bucket.name, request["Key"])
    if wanted.mode or wanted.until_us:
        await env.authority.authorize(call, "s3:PutObjectRetention", arn, facts)
    if request.get("ObjectLockLegalHoldStatus"):
        await env.authority.authorize(call, "s3:PutObjectLegalHold", arn, facts)
    return wanted


def retention_of(request: Request) -> Retention:
    """What the headers of a write say about retention; raises InvalidArgument."""
    mode, until = request.get("ObjectLockMode"), request.get("ObjectLockRetainUntilDate")
    hold = request.get("ObjectLockLegalHoldStatus")
    if not mode and not until and not hold:
        return NO_RETENTION
    if hold not in (None, "", "ON", "OFF"):
        raise InvalidArgument("Legal Hold must be either of 'ON' or 'OFF'")
    until_us = 0 if until is None else round(until.timestamp() * 1e6)
    return Retention(mode=mode or "", until_us=until_us, legal_hold=hold == "ON")


def retention_members(retention: Retention) -> Result:
    """The same as members of an answer."""
    members: Result = {"ObjectLockLegalHoldStatus": "ON"} if retention.legal_hold else {}
    if retention.mode:
        members |= {
            "ObjectLockMode": retention.mode,
            "ObjectLockRetainUntilDate": retention.until_us / 1e6,
        }
    return members
