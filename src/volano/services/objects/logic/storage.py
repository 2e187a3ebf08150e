"""Metering of stored bytes: each bucket is counted once an hour and billed for the time since.

The count pages through the bucket's rows so that no read is long. What a bucket holds now is taken
for the whole time since the last count; an hour's error evens out. Row and usage are written in one
transaction, and the usage's id names bucket and time, so nothing is billed twice.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.kernel.journal import UsageRecord
from volano.services.billing.interface import Usage
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import uploads as upload_rows
from volano.services.objects.store import usage as usage_rows
from volano.services.objects.store import versions as version_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Tx
    from volano.services.objects.model import Bucket

METER = "s3.storage.byte_hours"
METER_EVERY_US = 3_600_000_000
PAGE_ROWS = 1000
FIRST_RANK = -(1 << 62)
"""Below the rank of every version."""
PAGE_BUCKETS = 100
DECIMALS = 6


async def meter_storage(env: Env) -> None:
    """Count and bill every bucket that was not counted within the hour."""
    after = ""
    while True:
        page = await bucket_rows.select_all_buckets(
            env.store.reader, after=after, limit=PAGE_BUCKETS
        )
        for bucket in page:
            await _meter_bucket(env, bucket)
        if len(page) < PAGE_BUCKETS:
            return
        after = page[-1].id


async def _meter_bucket(env: Env, bucket: Bucket) -> None:
    known = await usage_rows.select_usage(env.store.reader, bucket.id)
    since_us = bucket.created_us if known is None else known[2]
    now_us = env.clock.now_us()
    if now_us - since_us < METER_EVERY_US:
        return
    objects, size_bytes = await count_bucket(env.store.reader, bucket.id)
    size_bytes += await upload_rows.select_unfinished_bytes(env.store.reader, bucket.id)
    if bucket.versioning:
        size_bytes += await _count_versions(env.store.reader, bucket.id)
    await env.store.transact(
        lambda tx: _write(tx, bucket, objects=objects, size_bytes=size_bytes, now_us=now_us)
    )


async def _write(tx: Tx, bucket: Bucket, *, objects: int, size_bytes: int, now_us: int) -> None:
    known = await usage_rows.select_usage(tx, bucket.id)
    since_us = bucket.created_us if known is None else known[2]
    if now_us <= since_us or await bucket_rows.select_bucket_by_id(tx, bucket.id) is None:
        return
    await usage_rows.upsert_usage(
        tx, bucket.id, objects=objects, size_bytes=size_bytes, counted_us=now_us
    )
    if size_bytes:
        tx.publish(Usage(records=(_record(bucket, size_bytes, since_us, now_us),)))


def _record(bucket: Bucket, size_bytes: int, since_us: int, now_us: int) -> UsageRecord:
    whole, rest = divmod(size_bytes * (now_us - since_us), METER_EVERY_US)
    fraction = str(rest * 10**DECIMALS // METER_EVERY_US).zfill(DECIMALS)
    return UsageRecord(
        id=f"{METER}/{bucket.id}/{since_us}",
        account=bucket.account,
        meter=METER,
        quantity=f"{whole}.{fraction}",
        start_us=since_us,
        end_us=now_us,
        resource=f"arn:aws:s3:::{bucket.name}",
        dimensions={"bucket": bucket.name},
    )


async def count_bucket(
    reader: Reader, bucket_id: str, *, limit: int | None = None
) -> tuple[int, int]:
    """Objects and their bytes, at most the first `limit` objects."""
    objects = size_bytes = 0
    after = ""
    while limit is None or objects < limit:
        rows = await object_rows.select_sizes(reader, bucket_id, after=after, limit=PAGE_ROWS)
        objects += len(rows)
        size_bytes += sum(size for _, size in rows)
        if len(rows) < PAGE_ROWS:
            break
        after = rows[-1][0]
        await asyncio.sleep(0)
    return objects, size_bytes


async def _count_versions(reader: Reader, bucket_id: str) -> int:
    """Bytes of all versions that are not current."""
    size_bytes = 0
    after = ("", FIRST_RANK)
    while rows := await version_rows.select_version_sizes(
        reader, bucket_id, after=after, limit=PAGE_ROWS
    ):
        size_bytes += sum(size for _, _, size in rows)
        after = rows[-1][:2]
        await asyncio.sleep(0)
    return size_bytes


async def last_counted(reader: Reader, bucket_id: str) -> tuple[int, int, int] | None:
    """Objects, bytes and when they were last counted for the bill, None for never."""
    return await usage_rows.select_usage(reader, bucket_id)
