"""Objects over Volano's own REST API: browse, upload, download, delete, presigned links.

What a browser gets from the console's origin can never run there: bytes come with a sandbox
policy, and only kinds that cannot hold a script are shown inline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from volano.kernel.errors import Invalid, VolanoError
from volano.services.identity import interface as identity
from volano.services.objects.api.console_buckets import facts_of_named
from volano.services.objects.api.console_fields import (
    DeletedView,
    DeleteObjectsFields,
    LinkFields,
    LinkView,
    ObjectDetails,
    ObjectFields,
    ObjectPage,
    ObjectsFields,
    ObjectView,
    PutObjectFields,
    object_details,
)
from volano.services.objects.api.listing import parse_token, to_token
from volano.services.objects.api.members import DEFAULT_CONTENT_TYPE
from volano.services.objects.api.presign import link_policy, presigned_url
from volano.services.objects.logic import deleting
from volano.services.objects.logic import objects as logic
from volano.services.objects.logic.access import bucket_facts, object_arn, open_bucket
from volano.services.objects.logic.contents import cause_of
from volano.services.objects.logic.errors import IncompleteBody
from volano.services.objects.logic.listing import list_keys
from volano.services.objects.logic.metering import READ, WRITE, count_request
from volano.services.objects.logic.names import require_key, require_text
from volano.services.objects.logic.object_access import object_facts
from volano.services.objects.logic.writing import StreamBody
from volano.services.objects.model import Description
from volano.wire.action import PERMISSION, SIGNED_IN, action
from volano.wire.http import ClientGone
from volano.wire.results import Raw, Upload, WithHeaders

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Call, Env
    from volano.wire.http import Body

OBJECT = "arn:aws:s3:::{bucket}/{key}"
OBJECT_PATH = "/volano/v1/buckets/{bucket}/objects/{key:path}"
MIN_SESSION_S = 900
INLINE_TYPES = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "text/plain",
    "text/csv",
    "text/markdown",
    "application/json",
    "application/pdf",
    "audio/",
    "video/",
)


@action(
    "volano:listObjects",
    method="GET",
    path="/volano/v1/buckets/{bucket}/objects",
    permission="s3:ListBucket",
    resource="arn:aws:s3:::{bucket}",
    facts=facts_of_named,
)
async def list_objects(env: Env, call: Call, request: ObjectsFields) -> ObjectPage:
    """Keys of a bucket, and common prefixes when a delimiter is given."""
    bucket = await open_bucket(env, request.bucket)
    count_request(env, bucket, READ)
    listing = await list_keys(
        env.store.reader,
        bucket.id,
        prefix=require_text(request.prefix, "prefix"),
        delimiter=require_text(request.delimiter, "delimiter"),
        after=parse_token(request.cursor) if request.cursor else "",
        limit=request.limit,
    )
    items = [
        ObjectView(
            key=item.key,
            size_bytes=item.size_bytes,
            etag=item.etag,
            modified_us=item.modified_us,
            storage_class=item.storage_class,
        )
        for item in listing.objects
    ]
    cursor = to_token(listing.last) if listing.is_truncated else None
    return ObjectPage(items=items, prefixes=listing.prefixes, next_cursor=cursor)


@action(
    "volano:putObject",
    method="PUT",
    path=OBJECT_PATH,
    permission="s3:PutObject",
    resource=OBJECT,
    facts=facts_of_named,
    streams_body=True,
    timeout_s=None,
)
async def put_object(env: Env, call: Call, request: Upload[PutObjectFields]) -> ObjectDetails:
    """Store the request's body as an object."""
    fields = request.fields
    item = await logic.put_object(
        env,
        call,
        logic.PutRequest(
            bucket=fields.bucket,
            key=fields.key,
            body=StreamBody(_chunks(request.body), request.length),
            description=Description(headers={"ContentType": request.content_type}),
        ),
    )
    return object_details(fields.bucket, item, DEFAULT_CONTENT_TYPE)


async def _chunks(body: Body) -> AsyncIterator[bytes]:
    try:
        async for chunk in body:
            yield chunk
    except ClientGone as error:
        raise IncompleteBody("The upload was cut off; nothing was stored.") from error


async def _facts_of_read(env: Env, call: Call, request: ObjectFields) -> dict[str, str]:
    facts = dict(await facts_of_named(env, call, request))
    if request.version_id:
        facts[PERMISSION] = "s3:GetObjectVersion"
    return facts


@action(
    "volano:getObject",
    method="GET",
    path=OBJECT_PATH,
    permission="s3:GetObject",
    resource=OBJECT,
    facts=_facts_of_read,
    timeout_s=None,
)
async def get_object(env: Env, call: Call, request: ObjectFields) -> WithHeaders:
    """The bytes of an object, of one of its versions, or of a range of it."""
    found = await logic.get_object(
        env,
        call,
        logic.ReadRequest(
            bucket=request.bucket,
            key=request.key,
            range=request.range or None,
            version_id=request.version_id or None,
        ),
    )
    kind = found.item.description.headers.get("ContentType", DEFAULT_CONTENT_TYPE)
    length = found.end_byte - found.first_byte
    inline = not request.download and kind.lower().startswith(INLINE_TYPES)
    name = quote(request.key.rpartition("/")[2], safe="")
    headers = [
        ("content-disposition", f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{name}"),
        ("content-security-policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'"),
        ("x-content-type-options", "nosniff"),
        ("etag", f'"{found.item.etag}"'),
        ("cache-control", "private, no-cache"),
    ]
    if found.is_partial:
        size, last = found.item.size_bytes, found.end_byte - 1
        headers.append(("content-range", f"bytes {found.first_byte}-{last}/{size}"))
    return WithHeaders(
        Raw(kind, found.content, length=length), headers, 206 if found.is_partial else None
    )


@action(
    "volano:deleteObject",
    method="DELETE",
    path=OBJECT_PATH,
    permission="s3:DeleteObject",
    resource=OBJECT,
    facts=facts_of_named,
)
async def delete_object(env: Env, call: Call, request: PutObjectFields) -> None:
    """Delete one object; no error when it is not there."""
    await deleting.delete_object(env, call, request.bucket, deleting.Deletion(key=request.key))


@action(
    "volano:deleteObjects",
    method="POST",
    path="/volano/v1/buckets/{bucket}/delete-objects",
    permission=SIGNED_IN,
    resource="arn:aws:s3:::{bucket}",
)
async def delete_objects(env: Env, call: Call, request: DeleteObjectsFields) -> DeletedView:
    """Delete several objects; each is authorized as `s3:DeleteObject` by itself."""
    bucket = await open_bucket(env, request.bucket)
    count_request(env, bucket, WRITE)
    errors: dict[str, str] = {}
    facts = await bucket_facts(env, call, bucket)
    for key in request.keys:
        arn = object_arn(bucket.name, key)
        try:
            await env.authority.authorize(call, "s3:DeleteObject", arn, facts)
        except VolanoError as error:
            errors[key] = error.message
    allowed = [key for key in request.keys if key not in errors]
    outcomes = await deleting.delete_keys(
        env, bucket, [deleting.Deletion(key=key) for key in allowed], cause=cause_of(call)
    )
    for key, outcome in zip(allowed, outcomes, strict=True):
        if isinstance(outcome, VolanoError):
            errors[key] = outcome.message
    return DeletedView(deleted=[key for key in allowed if key not in errors], errors=errors)


@action(
    "volano:getObjectDetails",
    method="GET",
    path="/volano/v1/buckets/{bucket}/details/{key:path}",
    permission="s3:GetObject",
    resource=OBJECT,
    facts=facts_of_named,
)
async def get_object_details(env: Env, call: Call, request: PutObjectFields) -> ObjectDetails:
    """All that is known of an object but its bytes."""
    found = await logic.select_object(
        env, call, logic.ReadRequest(bucket=request.bucket, key=request.key)
    )
    return object_details(request.bucket, found.item, DEFAULT_CONTENT_TYPE)


def _link_permission(request: LinkFields) -> str:
    permissions = {"GET": "s3:GetObject", "PUT": "s3:PutObject"}
    if request.method not in permissions:
        raise Invalid("A link is for GET or PUT.", fields={"param": "method"})
    return permissions[request.method]


@action(
    "volano:createObjectLink",
    method="POST",
    path="/volano/v1/buckets/{bucket}/links",
    permission=SIGNED_IN,
    resource=OBJECT,
)
async def create_object_link(env: Env, call: Call, request: LinkFields) -> LinkView:
    """A presigned URL on the AWS port; it can do this one thing, and the caller must be able to.

    It is signed with temporary credentials whose session policy allows nothing else.
    """
    require_key(request.key)
    permission = _link_permission(request)
    bucket = await open_bucket(env, request.bucket)
    arn = object_arn(bucket.name, request.key)
    if request.method == "GET":
        facts = await object_facts(env, call, bucket, request.key)
    else:
        facts = await bucket_facts(env, call, bucket)
    await env.authority.authorize(call, permission, arn, facts)
    credentials = await identity.get_session_token(
        env,
        call,
        max(MIN_SESSION_S, request.expires_s),
        policy=link_policy(permission, bucket.name, request.key),
    )
    url = presigned_url(
        env, credentials, request.method, bucket.name, request.key, expires_s=request.expires_s
    )
    expires_us = env.clock.now_us() + request.expires_s * 1_000_000
    return LinkView(url=url, method=request.method, expires_us=expires_us)
