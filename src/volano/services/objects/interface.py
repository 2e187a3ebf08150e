"""The door of the object store for the services above it.

Every function acts for `call.principal` and is authorized like the S3 action of its name; a
service that keeps things for itself makes a `system_call` for the account and uses a bucket of
that account. Blobs belong to objects: a service that needs bytes keeps them in a bucket, because
the sweep removes every blob that no object's row names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import TooLarge
from volano.services.objects.logic import buckets as bucket_logic
from volano.services.objects.logic import deleting
from volano.services.objects.logic import objects as object_logic
from volano.services.objects.logic.access import (
    bucket_arn,
    forget_buckets,
    get_bucket,
    require_access,
)
from volano.services.objects.logic.access_logs import forget_lines
from volano.services.objects.logic.encryption import open_key
from volano.services.objects.logic.errors import (
    NoSuchBucket,
    NoSuchKey,
)
from volano.services.objects.logic.listing import Listing, list_keys
from volano.services.objects.logic.log_images import pass_over_log
from volano.services.objects.logic.metering import READ, count_request, forget_counts
from volano.services.objects.logic.notifications import forget_notifications
from volano.services.objects.logic.put_notes import replay_puts
from volano.services.objects.logic.reading import read_range
from volano.services.objects.logic.rebuilding import rebuild_index
from volano.services.objects.logic.reset import free_all_blobs, keep_named_blobs
from volano.services.objects.logic.upkeep import free_garbage, repair_copies, sweep_orphans
from volano.services.objects.logic.writing import BytesBody, StreamBody
from volano.services.objects.model import (
    Bucket,
    BucketDeleted,
    Description,
    ListedObject,
    ObjectDeleted,
    ObjectWritten,
    StoredObject,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Call, Env

__all__ = [
    "Bucket",
    "BucketDeleted",
    "ListedObject",
    "Listing",
    "NoSuchBucket",
    "NoSuchKey",
    "ObjectDeleted",
    "ObjectWritten",
    "StoredObject",
    "delete_object",
    "ensure_bucket",
    "forget_caches",
    "free_all_blobs",
    "free_garbage",
    "get_bucket",
    "keep_named_blobs",
    "list_objects",
    "open_object",
    "pass_over_log",
    "put_bucket_policy",
    "put_object",
    "read_object",
    "rebuild_index",
    "repair_copies",
    "replay_puts",
    "sweep_orphans",
]


def forget_caches(env: Env) -> None:
    """Rows were changed behind our back (test mode's reset): drop what is remembered of them."""
    forget_buckets(env)
    forget_notifications(env)
    forget_counts(env)
    forget_lines(env)


async def ensure_bucket(env: Env, call: Call, name: str) -> Bucket:
    """The bucket of that name, made when it is not there. Raises BucketAlreadyExists when another
    account has it.
    """
    await env.authority.authorize(call, "s3:CreateBucket", bucket_arn(name), {})
    return await bucket_logic.create_bucket(env, call, name)


async def put_bucket_policy(env: Env, call: Call, name: str, policy: str) -> None:
    """Set the bucket's resource policy, JSON text. Raises MalformedPolicy."""
    await require_access(env, call, "s3:PutBucketPolicy", name)
    await bucket_logic.put_bucket_policy(env, call, name, policy)


async def put_object(
    env: Env,
    call: Call,
    bucket: str,
    key: str,
    data: bytes | AsyncIterator[bytes],
    *,
    content_type: str = "application/octet-stream",
    metadata: dict[str, str] | None = None,
) -> StoredObject:
    """Store bytes under a key; durable when this returns."""
    await require_access(env, call, "s3:PutObject", bucket, key)
    body = BytesBody(data) if isinstance(data, bytes) else StreamBody(data)
    return await object_logic.put_object(
        env,
        call,
        object_logic.PutRequest(
            bucket=bucket,
            key=key,
            body=body,
            description=Description(headers={"ContentType": content_type}, metadata=metadata or {}),
        ),
    )


async def open_object(
    env: Env, call: Call, bucket: str, key: str, *, start_byte: int = 0
) -> tuple[StoredObject, AsyncIterator[bytes]]:
    """An object and its bytes from `start_byte` on as chunks. Raises NoSuchBucket and NoSuchKey."""
    await require_access(env, call, "s3:GetObject", bucket, key)
    found = await object_logic.select_object(
        env, call, object_logic.ReadRequest(bucket=bucket, key=key)
    )
    data_key = await open_key(env, call, found.item)
    return found.item, read_range(
        env, found.item, start_byte, found.item.size_bytes, data_key=data_key
    )


async def read_object(env: Env, call: Call, bucket: str, key: str, *, limit_bytes: int) -> bytes:
    """The whole object; raises TooLarge over `limit_bytes`."""
    item, chunks = await open_object(env, call, bucket, key)
    if item.size_bytes > limit_bytes:
        raise TooLarge(f"The object {key} has {item.size_bytes} bytes; {limit_bytes} are allowed.")
    return b"".join([chunk async for chunk in chunks])


async def list_objects(
    env: Env,
    call: Call,
    bucket: str,
    *,
    prefix: str = "",
    delimiter: str = "",
    after: str = "",
    limit: int = 1000,
) -> Listing:
    """One page of keys; `last` of a truncated one is the next `after`."""
    found = await require_access(env, call, "s3:ListBucket", bucket)
    count_request(env, found, READ)
    return await list_keys(
        env.store.reader, found.id, prefix=prefix, delimiter=delimiter, after=after, limit=limit
    )


async def delete_object(env: Env, call: Call, bucket: str, key: str) -> None:
    """Delete a key; no error when it is not there."""
    await require_access(env, call, "s3:DeleteObject", bucket, key)
    await deleting.delete_object(env, call, bucket, deleting.Deletion(key=key))
