"""Buckets: create, delete, list, and their tags and policy."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import QuotaExceeded, VolanoError
from volano.kernel.ids import parse_arn
from volano.services.identity import interface as identity
from volano.services.objects.logic.access import forget_bucket, get_bucket, open_bucket
from volano.services.objects.logic.bucket_access import access_of_new
from volano.services.objects.logic.descriptions import to_tags
from volano.services.objects.logic.errors import (
    BucketAlreadyExists,
    BucketAlreadyOwnedByYou,
    BucketNotEmpty,
    IllegalLocationConstraint,
    InvalidLocationConstraint,
    MalformedPolicy,
    NoSuchSetting,
    TooManyBuckets,
)
from volano.services.objects.logic.names import require_bucket_name
from volano.services.objects.logic.public_access import require_private_policy
from volano.services.objects.model import (
    DEFAULT_BUCKETS,
    ENABLED,
    MAX_BUCKET_TAGS,
    MAX_PAGE,
    Access,
    Bucket,
    BucketDeleted,
    ObjectLock,
)
from volano.services.objects.store import buckets as rows
from volano.services.objects.store import garbage as garbage_rows
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import uploads as upload_rows
from volano.services.objects.store import usage as usage_rows
from volano.services.objects.store import versions as version_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

TAGS = "tags"
_NOT_AVAILABLE = (
    "The requested bucket name is not available. The bucket namespace is shared by all users of "
    "the system. Select a different name and try again."
)
QUOTA = "s3.buckets"
_REGION = re.compile(r"(EU|[a-z]{2,4}(-[a-z]+)+-\d{1,2})\Z")

identity.declare_quota(QUOTA, DEFAULT_BUCKETS)


async def create_bucket(
    env: Env,
    call: Call,
    name: str,
    *,
    location: str | None = None,
    access: Access | None = None,
    locked: bool = False,
    tags: Iterable[tuple[str, str]] = (),
) -> Bucket:
    """Make a bucket of the caller's account in this region, opened as `access` says; `locked`
    gives it versioning and an object lock.

    `location` is this region's name, the name of the region that the client signs for, or None.
    As at S3's first endpoint, a request without a location that repeats itself is no error, unless
    it has tags. Raises InvalidBucketName, IllegalLocationConstraint, BucketAlreadyOwnedByYou,
    BucketAlreadyExists, TooManyBuckets and InvalidTag.
    """
    require_bucket_name(name)
    labels = to_tags(tags, limit=MAX_BUCKET_TAGS)
    if env.config.test_mode:
        location = _location_at_signed_endpoint(env, call, location)
    elif location and location not in (env.region.name, call.region):
        raise _incompatible(location)
    bucket = Bucket(
        id=env.ids.hex(16),
        name=name,
        account=call.account,
        region=location or env.region.name,
        created_us=env.clock.now_us(),
        access=access or access_of_new(env, call.account, None, None),
        versioning=ENABLED if locked else "",
        object_lock=ObjectLock() if locked else None,
    )

    async def create(tx: Tx) -> Bucket:
        present = await rows.select_bucket(tx, name)
        if present is not None:
            if present.account == bucket.account and not location and not labels:
                return _same(present, bucket)
            raise _taken(present, bucket)
        await _require_room(tx, bucket)
        await rows.insert_bucket(tx, bucket)
        await _write_tags(tx, bucket, labels)
        return bucket

    return await env.store.transact(create)


def _location_at_signed_endpoint(env: Env, call: Call, location: str | None) -> str | None:
    """Test mode plays the endpoint of the region that is signed for, as public suites expect it.

    The first region's makes buckets in all others and does not want to be named itself.
    """
    signed = call.context.get("volano:signed-region", "")
    if signed in ("", "us-east-1", "aws-global", env.region.name):
        if location == "us-east-1" or (location and not _REGION.match(location)):
            raise InvalidLocationConstraint(
                "The specified location-constraint is not valid",
                fields={"LocationConstraint": location},
            )
        return location
    if location != signed:
        raise _incompatible(location or "unspecified")
    return location


def _incompatible(location: str) -> IllegalLocationConstraint:
    return IllegalLocationConstraint(
        f"The {location} location constraint is incompatible for the region specific endpoint "
        "this request was sent to."
    )


async def _require_room(tx: Tx, bucket: Bucket) -> None:
    used = await rows.count_buckets(tx, bucket.account)
    try:
        await identity.require_quota(tx, bucket.account, QUOTA, used)
    except QuotaExceeded as error:
        raise TooManyBuckets(
            f"You have attempted to create more buckets than allowed. {error.message}",
            fields={"BucketName": bucket.name},
        ) from error


def _same(present: Bucket, wanted: Bucket) -> Bucket:
    """The bucket that was made before, when it was made with the same list."""
    if present.access.grants == wanted.access.grants:
        return present
    raise BucketAlreadyExists(_NOT_AVAILABLE, fields={"BucketName": present.name})


def _taken(present: Bucket, wanted: Bucket) -> BucketAlreadyOwnedByYou | BucketAlreadyExists:
    fields = {"BucketName": present.name}
    if present.account == wanted.account:
        return BucketAlreadyOwnedByYou(
            "Your previous request to create the named bucket succeeded and you already own it.",
            fields=fields,
        )
    return BucketAlreadyExists(_NOT_AVAILABLE, fields=fields)


async def delete_bucket(
    env: Env, call: Call, name: str, *, expected_owner: str | None = None
) -> None:
    """Delete an empty bucket and abort its uploads. Raises NoSuchBucket and BucketNotEmpty."""

    async def delete(tx: Tx) -> None:
        bucket = await get_bucket(tx, name, expected_owner)
        await _require_empty(tx, bucket)
        now_us = env.clock.now_us()
        await _abort_uploads(tx, bucket, now_us)
        await usage_rows.delete_usage(tx, bucket.id)
        await rows.delete_bucket(tx, bucket.id)
        tx.publish(BucketDeleted(account=bucket.account, bucket=name, time_us=now_us))

    await env.store.transact(delete)
    forget_bucket(env, name)


async def _require_empty(tx: Tx, bucket: Bucket) -> None:
    words = "The bucket you tried to delete is not empty"
    if await object_rows.has_objects(tx, bucket.id):
        raise BucketNotEmpty(words, fields={"BucketName": bucket.name})
    if bucket.versioning and await version_rows.has_versions(tx, bucket.id):
        raise BucketNotEmpty(
            f"{words}. You must delete all versions in the bucket.",
            fields={"BucketName": bucket.name},
        )


async def _abort_uploads(tx: Tx, bucket: Bucket, now_us: int) -> None:
    uploads = await upload_rows.select_uploads(
        tx, bucket.id, key="", upload_id="", end=None, limit=MAX_PAGE
    )
    if len(uploads) == MAX_PAGE:
        raise BucketNotEmpty(
            f"The bucket has {MAX_PAGE} or more multipart uploads in progress; abort them first",
            fields={"BucketName": bucket.name},
        )
    for upload in uploads:
        await garbage_rows.insert_garbage_of_content(tx, upload.id, now_us)
    await upload_rows.delete_uploads_of_bucket(tx, bucket.id)


async def list_buckets(
    env: Env, call: Call, *, prefix: str = "", after: str = "", limit: int = MAX_PAGE
) -> tuple[list[Bucket], str]:
    """Buckets of the caller's account by name, and where the next page begins ('' for the end)."""
    found = await rows.select_buckets(
        env.store.reader, call.account, prefix=prefix, after=after, limit=limit + 1
    )
    page = found[:limit]
    return page, page[-1].name if len(found) > limit else ""


async def get_bucket_tags(env: Env, call: Call, name: str) -> dict[str, str]:
    """Raises NoSuchTagSet."""
    bucket = await open_bucket(env, name)
    document = await rows.select_setting(env.store.reader, bucket.id, TAGS)
    if document is None:
        raise NoSuchSetting(
            "The TagSet does not exist", code="NoSuchTagSet", fields={"BucketName": name}
        )
    return msgspec.json.decode(document, type=dict[str, str])


async def put_bucket_tags(
    env: Env, call: Call, name: str, pairs: Iterable[tuple[str, str]]
) -> None:
    """Replace all tags of a bucket; none removes them. Raises InvalidTag."""
    tags = to_tags(pairs, limit=MAX_BUCKET_TAGS)

    async def write(tx: Tx) -> None:
        await _write_tags(tx, await get_bucket(tx, name), tags)

    await env.store.transact(write)


async def _write_tags(tx: Tx, bucket: Bucket, tags: dict[str, str]) -> None:
    if tags:
        await rows.upsert_setting(tx, bucket.id, TAGS, msgspec.json.encode(tags).decode())
    else:
        await rows.delete_setting(tx, bucket.id, TAGS)


async def get_bucket_policy(env: Env, call: Call, name: str) -> str:
    """The policy's JSON text; raises NoSuchBucketPolicy."""
    bucket = await open_bucket(env, name)
    if not bucket.policy:
        raise NoSuchSetting(
            "The bucket policy does not exist",
            code="NoSuchBucketPolicy",
            fields={"BucketName": name},
        )
    return bucket.policy


async def put_bucket_policy(env: Env, call: Call, name: str, policy: str) -> None:
    """Set the bucket's policy ('' removes it). Raises MalformedPolicy and NoSuchBucket."""
    if policy:
        require_bucket_policy(policy, name)
        await require_private_policy(env, await open_bucket(env, name), policy)

    async def write(tx: Tx) -> None:
        bucket = await get_bucket(tx, name)
        await rows.update_policy(tx, bucket.id, policy)

    await env.store.transact(write)
    forget_bucket(env, name)


class _Statement(msgspec.Struct):
    """What the policy engine cannot know: whose bucket the statement is about."""

    effect: str = msgspec.field(name="Effect", default="")
    not_principal: object = msgspec.field(name="NotPrincipal", default=None)
    resource: str | list[str] = msgspec.field(name="Resource", default_factory=list)
    not_resource: str | list[str] = msgspec.field(name="NotResource", default_factory=list)


class _Policy(msgspec.Struct):
    statements: list[_Statement] | _Statement = msgspec.field(name="Statement")


def require_bucket_policy(policy: str, bucket_name: str) -> None:
    """Raises MalformedPolicy for a document that is no policy or is about another bucket."""
    try:
        if not policy.lstrip().startswith("{"):
            raise MalformedPolicy("Policies must be valid JSON and the first byte must be '{'")
        identity.require_policy(policy, identity.PolicyKind.RESOURCE)
        parsed = msgspec.json.decode(policy, type=_Policy)
    except msgspec.MsgspecError as error:
        raise MalformedPolicy(f"Policies must be valid JSON: {error}") from error
    except VolanoError as error:
        raise MalformedPolicy(error.message) from error
    statements = parsed.statements
    for statement in statements if isinstance(statements, list) else [statements]:
        if statement.effect == "Allow" and statement.not_principal is not None:
            raise MalformedPolicy("Allow with NotPrincipal is not allowed.")
        for resource in (*_texts(statement.resource), *_texts(statement.not_resource)):
            _require_own(resource, bucket_name)


def _require_own(resource: str, bucket_name: str) -> None:
    arn = parse_arn(resource)
    name = arn.resource.partition("/")[0] if arn is not None and arn.service == "s3" else ""
    if not fnmatchcase(bucket_name, name.replace("[", "[[]")):
        raise MalformedPolicy("Policy has invalid resource")


def _texts(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
