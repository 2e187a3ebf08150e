"""Buckets over Volano's own REST API, for the console and the CLI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from volano.services.objects.api.console_fields import (
    BucketFields,
    BucketPage,
    BucketsFields,
    BucketView,
    CreateBucketFields,
    bucket_view,
)
from volano.services.objects.logic import buckets as logic
from volano.services.objects.logic.access import bucket_facts, open_bucket
from volano.services.objects.logic.storage import count_bucket, last_counted
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

COUNT_LIMIT = 10_000
"""Objects counted while a person waits; a bigger bucket shows `is_complete` false."""


class _NamesBucket(Protocol):
    bucket: str


async def facts_of_named(env: Env, call: Call, request: _NamesBucket) -> dict[str, str]:
    """What the policy engine must know of the bucket that a REST request names."""
    return await bucket_facts(env, call, await open_bucket(env, request.bucket))


@action(
    "volano:listBuckets",
    method="GET",
    path="/volano/v1/buckets",
    permission="s3:ListAllMyBuckets",
    resource="arn:aws:s3:::*",
)
async def list_buckets(env: Env, call: Call, request: BucketsFields) -> BucketPage:
    """Buckets of the account by name, with what they held when last counted."""
    buckets, after = await logic.list_buckets(env, call, after=request.cursor, limit=request.limit)
    items = [
        bucket_view(bucket, await last_counted(env.store.reader, bucket.id)) for bucket in buckets
    ]
    return BucketPage(items=items, next_cursor=after or None)


@action(
    "volano:createBucket",
    method="POST",
    path="/volano/v1/buckets",
    permission="s3:CreateBucket",
    resource="arn:aws:s3:::{name}",
)
async def create_bucket(env: Env, call: Call, request: CreateBucketFields) -> BucketView:
    """Make a bucket; an error when it exists already."""
    bucket = await logic.create_bucket(env, call, request.name, location=env.region.name)
    return bucket_view(bucket, None)


@action(
    "volano:getBucket",
    method="GET",
    path="/volano/v1/buckets/{bucket}",
    permission="s3:ListBucket",
    resource="arn:aws:s3:::{bucket}",
    facts=facts_of_named,
)
async def get_bucket_view(env: Env, call: Call, request: BucketFields) -> BucketView:
    """One bucket, its objects counted now as far as that is quick."""
    bucket = await open_bucket(env, request.bucket)
    objects, size_bytes = await count_bucket(env.store.reader, bucket.id, limit=COUNT_LIMIT)
    counted = (objects, size_bytes, env.clock.now_us())
    return bucket_view(bucket, counted, is_complete=objects < COUNT_LIMIT)


@action(
    "volano:deleteBucket",
    method="DELETE",
    path="/volano/v1/buckets/{bucket}",
    permission="s3:DeleteBucket",
    resource="arn:aws:s3:::{bucket}",
    facts=facts_of_named,
)
async def delete_bucket(env: Env, call: Call, request: BucketFields) -> None:
    """Delete an empty bucket."""
    await logic.delete_bucket(env, call, request.bucket)
