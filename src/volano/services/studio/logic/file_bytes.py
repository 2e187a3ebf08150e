"""The bytes of files: objects of a bucket of the account that only this service reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.ids import AccountId
from volano.services.objects import interface as objects
from volano.services.studio.logic.documents import SERVICE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Env


async def open_file(env: Env, account: str, file_id: str) -> AsyncIterator[bytes]:
    """The bytes of a file."""
    call = system_call(env, AccountId(account), timeout_s=3600.0)
    _, chunks = await objects.open_object(env, call, bucket_name(account), file_id)
    return chunks


async def read_file(env: Env, account: str, file_id: str, *, limit_bytes: int) -> bytes:
    """The whole of a file; raises TooLarge."""
    call = system_call(env, AccountId(account))
    return await objects.read_object(
        env, call, bucket_name(account), file_id, limit_bytes=limit_bytes
    )


async def put_bytes(env: Env, account: str, key: str, chunks: AsyncIterator[bytes] | bytes) -> None:
    """Store bytes under a key of the account's own bucket, which is made at its first use."""
    call = system_call(env, AccountId(account), timeout_s=3600.0)
    bucket = bucket_name(account)
    try:
        found = await objects.get_bucket(env.store.reader, bucket)
    except objects.NoSuchBucket:
        found = await objects.ensure_bucket(env, call, bucket)
    if not found.policy:
        await objects.put_bucket_policy(env, call, bucket, _policy(bucket))
    await objects.put_object(env, call, bucket, key, chunks)


async def drop_bytes(env: Env, account: str, key: str) -> None:
    call = system_call(env, AccountId(account))
    await objects.delete_object(env, call, bucket_name(account), key)


def bucket_name(account: str) -> str:
    return f"{SERVICE_BUCKETS}files-{account}"


def _policy(bucket: str) -> str:
    """Who may read a file is decided by this service's own permissions."""
    statement = {
        "Sid": "OnlyTheFilesServiceReads",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
