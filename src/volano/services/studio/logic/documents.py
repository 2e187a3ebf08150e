"""Documents in buckets: which objects are indexed, and who may read one.

Markdown, text, CSV and JSON files of every bucket are indexed when they are written, but those
that services keep for themselves. Whether somebody may read one is asked for each question anew.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import Denied, NotFound, TooLarge
from volano.kernel.ids import AccountId
from volano.services.identity.interface import RESOURCE_ACCOUNT, RESOURCE_POLICY
from volano.services.objects import interface as objects
from volano.services.studio.logic.indexing import index_document, prepare, remove_source
from volano.services.studio.model.passages import (
    MAX_DOCUMENT_BYTES,
    MAX_TABLE_BYTES,
    Document,
    Format,
)
from volano.services.studio.store import passages as store

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

SERVICE_BUCKETS = "volano-"
"""Buckets with this prefix belong to services; what is in them has its own readers."""
OBJECT = "object"
MAX_BUCKETS = 200
REMOVE_BATCH = 200

_FORMATS = {
    "md": Format.MARKDOWN,
    "markdown": Format.MARKDOWN,
    "txt": Format.PLAIN,
    "json": Format.PLAIN,
    "csv": Format.TABLE,
    "tsv": Format.TABLE,
}


def find_format(name: str, size_bytes: int) -> Format | None:
    """How a file of that name is cut, or None when it is not indexed."""
    found = _FORMATS.get(name.rpartition(".")[2].lower()) if "." in name else None
    limit = MAX_TABLE_BYTES if found is Format.TABLE else MAX_DOCUMENT_BYTES
    return found if 0 < size_bytes <= limit else None


def object_source(bucket: str, key: str) -> str:
    return f"{OBJECT}:{bucket}/{key}"


def parse_object_source(source: str) -> tuple[str, str]:
    """Bucket and key of an object's source."""
    bucket, _, key = source.removeprefix(f"{OBJECT}:").partition("/")
    return bucket, key


async def index_object(env: Env, account: str, bucket: str, key: str, size_bytes: int) -> None:
    """Bring the index up to date with an object, whatever it is now."""
    if bucket.startswith(SERVICE_BUCKETS):
        return
    format = find_format(key, size_bytes)
    text = None if format is None else await _read(env, account, bucket, key)
    if format is None or text is None:
        await forget_object(env, account, bucket, key)
        return
    document = Document(
        account=account,
        source=object_source(bucket, key),
        scope=f"{OBJECT}:{bucket}",
        kind=OBJECT,
        title=f"{bucket}/{key}",
        text=text,
        format=format,
        ts_us=env.clock.now_us(),
    )
    prepared = await asyncio.to_thread(prepare, document)

    async def write(tx: Tx) -> None:
        await index_document(tx, document, prepared)

    await env.store.transact(write)


async def _read(env: Env, account: str, bucket: str, key: str) -> str | None:
    call = system_call(env, AccountId(account))
    try:
        data = await objects.read_object(env, call, bucket, key, limit_bytes=MAX_DOCUMENT_BYTES)
    except (NotFound, TooLarge):
        return None
    return data.decode("utf-8", "replace")


async def forget_object(env: Env, account: str, bucket: str, key: str) -> None:
    """The object is gone or is not a text any more."""

    async def write(tx: Tx) -> None:
        await remove_source(tx, account, object_source(bucket, key))

    await env.store.transact(write)


async def forget_bucket(env: Env, account: str, bucket: str) -> None:
    """Every object of the bucket is gone."""
    first, end = object_source(bucket, ""), f"{OBJECT}:{bucket}0"
    while True:
        sources = await store.select_sources_between(
            env.store.reader, account, first, end, REMOVE_BATCH
        )
        if not sources:
            return

        async def write(tx: Tx, batch: list[str] = sources) -> None:
            for source in batch:
                await remove_source(tx, account, source)

        await env.store.transact(write)


async def document_scopes(env: Env, account: str) -> list[str]:
    """Scopes of buckets with documents; each one found there needs `may_read_object`."""
    return await store.select_scopes(env.store.reader, account, OBJECT, MAX_BUCKETS)


async def may_read_object(env: Env, call: Call, source: str) -> bool:
    """Whether the caller may `s3:GetObject` the object of this source now."""
    bucket_name, key = parse_object_source(source)
    try:
        bucket = await objects.get_bucket(env.store.reader, bucket_name)
        if bucket.account != call.account:
            return False  # a name that another account has now
        facts = {RESOURCE_ACCOUNT: str(bucket.account)}
        if bucket.policy:
            facts[RESOURCE_POLICY] = bucket.policy
        arn = f"arn:aws:s3:::{bucket_name}/{key}"
        await env.authority.authorize(call, "s3:GetObject", arn, facts)
    except (Denied, NotFound):
        return False
    return True
