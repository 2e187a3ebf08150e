"""Log files: cut from what waits, put into the bucket, then forgotten.

Cutting names in one transaction which records a file holds and how it is called; its bytes follow
from those rows alone. Whoever finds a file that was cut and not delivered (a process died) puts
the same bytes under the same name again: every record is in exactly one file, once.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.call import system_call
from volano.kernel.errors import VolanoError
from volano.services.identity.interface import service_may
from volano.services.objects import interface as objects
from volano.services.trails.logic.collecting import unpack
from volano.services.trails.logic.errors import BucketDoesNotExist, InsufficientBucketPolicy
from volano.services.trails.logic.events import to_event
from volano.services.trails.logic.notices import SERVICE, tell_topic
from volano.services.trails.model import (
    DELIVER_AFTER_S,
    MAX_BATCHES_PER_FILE,
    MAX_PENDING_BATCHES,
    MAX_RECORDS_PER_FILE,
    RETRY_S,
    Batch,
    LogFile,
    Trail,
)
from volano.services.trails.store import files as rows
from volano.services.trails.store import trails as trail_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx

SECOND_US = 1_000_000
MAX_FILES_PER_ROUND = 20
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A log file's bytes, with what a digest says of them."""

    data: bytes
    hash: str
    oldest_us: int
    newest_us: int


async def require_bucket(env: Env, trail: Trail, key: str = "") -> None:
    """A trail writes to its own account's bucket, and to another's where that bucket's policy lets
    CloudTrail put objects. Raises BucketDoesNotExist, InsufficientBucketPolicy.
    """
    try:
        bucket = await objects.get_bucket(env.store.reader, trail.bucket)
    except objects.NoSuchBucket as error:
        raise BucketDoesNotExist(f"S3 bucket {trail.bucket} does not exist!") from error
    if bucket.account == trail.account:
        return
    key = key or key_under(trail, "CloudTrail/")
    allowed = service_may(
        env,
        SERVICE,
        "s3:PutObject",
        f"arn:aws:s3:::{trail.bucket}/{key}",
        policy=bucket.policy,
        account=trail.account,
        context={"aws:SourceArn": trail.arn, "s3:x-amz-acl": "bucket-owner-full-control"},
    )
    if not allowed:
        raise InsufficientBucketPolicy(
            f"Incorrect S3 bucket policy is detected for bucket: {trail.bucket}"
        )


async def deliver(env: Env, trail: Trail) -> None:
    """Deliver what waits for this trail. Failures are written to the trail and tried again."""
    if trail.retry_us > env.clock.now_us():
        return
    try:
        for file in await rows.select_files(
            env.store.reader, trail, delivered=False, limit=MAX_FILES_PER_ROUND
        ):
            await _finish(env, trail, file)
        for _ in range(MAX_FILES_PER_ROUND):
            cut = await _cut(env, trail)
            if cut is None:
                return
            await _finish(env, trail, cut)
    except VolanoError as error:
        await note_failure(env, trail, error, digest=False)


async def note_failure(env: Env, trail: Trail, error: VolanoError, *, digest: bool) -> None:
    """Say on the trail why, and wait a while; what waits too long is lost, the oldest first."""
    env.log.warning("trail not delivered", trail=trail.arn, error=error.message)

    async def write(tx: Tx) -> int:
        found = await trail_rows.find_trail(tx, trail.account, trail.name, region=trail.region)
        if found is None:
            return 0
        text = error.wire_code
        changed = replace(found, retry_us=env.clock.now_us() + RETRY_S * SECOND_US)
        if digest:
            changed = replace(changed, digest_error=text)
        else:
            changed = replace(changed, delivery_error=text)
        await trail_rows.update_trail(tx, changed)
        return await rows.delete_oldest_batches(tx, found, keep=MAX_PENDING_BATCHES)

    lost = await env.store.transact(write)
    if lost:
        env.log.error("records of a trail lost", trail=trail.arn, batches=lost)


async def _cut(env: Env, trail: Trail) -> LogFile | None:
    """A new file of the oldest records, when they waited long enough or are enough."""

    async def write(tx: Tx) -> LogFile | None:
        found = await trail_rows.find_trail(tx, trail.account, trail.name, region=trail.region)
        waiting = await rows.select_waiting(tx, trail, limit=MAX_BATCHES_PER_FILE)
        if found is None or not waiting:
            return None
        now_us = env.clock.now_us()
        young = waiting[0][2] > now_us - DELIVER_AFTER_S * SECOND_US
        if young and found.logging and len(waiting) < MAX_BATCHES_PER_FILE:
            return None
        chosen: list[str] = []
        amount = 0
        for batch_id, held, _ in waiting:
            if chosen and amount + held > MAX_RECORDS_PER_FILE:
                break
            chosen.append(batch_id)
            amount += held
        unique = "".join(_LETTERS[byte % len(_LETTERS)] for byte in env.ids.bytes(16))
        file = LogFile(
            id=f"{now_us:016d}{unique}",
            key=_key(trail, now_us, unique),
            bucket=found.bucket,
            created_us=now_us,
        )
        await rows.assign_batches(tx, trail, chosen, file.id)
        await rows.put_file(tx, trail, file)
        return file

    return await env.store.transact(write)


def _key(trail: Trail, now_us: int, unique: str) -> str:
    moment = datetime.fromtimestamp(now_us // SECOND_US, UTC)
    name = f"{trail.account}_CloudTrail_{trail.region}_{moment:%Y%m%dT%H%MZ}_{unique}.json.gz"
    return key_under(trail, f"CloudTrail/{trail.region}/{moment:%Y/%m/%d}/{name}")


def key_under(trail: Trail, rest: str) -> str:
    """`PREFIX/AWSLogs/ACCOUNT/…` as CloudTrail names what it delivers."""
    prefix = f"{trail.prefix}/" if trail.prefix else ""
    return f"{prefix}AWSLogs/{trail.account}/{rest}"


async def _finish(env: Env, trail: Trail, file: LogFile) -> None:
    """Put a cut file into its bucket and forget the rows it came from."""
    batches = await rows.select_batches(
        env.store.reader, trail, file.id, limit=MAX_BATCHES_PER_FILE
    )
    if not batches:
        return  # another process delivered it meanwhile
    contents = await asyncio.to_thread(_contents, batches, trail.region)
    await put(env, replace(trail, bucket=file.bucket), file.key, contents.data, {})
    await tell_topic(env, trail, file)

    async def write(tx: Tx) -> None:
        found = await trail_rows.find_trail(tx, trail.account, trail.name, region=trail.region)
        if found is None:
            return
        now_us = env.clock.now_us()
        done = replace(
            file,
            delivered_us=now_us,
            hash=contents.hash,
            oldest_us=contents.oldest_us,
            newest_us=contents.newest_us,
        )
        await rows.put_file(tx, trail, done)
        if found.digest_start_us is None:
            await rows.delete_files(tx, trail, [file.id])
        await rows.delete_batches(tx, trail, file.id)
        await trail_rows.update_trail(
            tx, replace(found, delivered_us=now_us, delivery_error="", retry_us=0)
        )

    await env.store.transact(write)


def _contents(batches: list[Batch], region: str) -> Contents:
    # One that the journal wrote twice (its commit was in doubt) is here once.
    known = {
        (record.time_us, record.id, record.action): record
        for batch in batches
        for record in unpack(batch.records)
    }
    records = [known[place] for place in sorted(known)]
    text = msgspec.json.encode({"Records": [to_event(record, region) for record in records]})
    return Contents(
        data=compress(text),
        hash=hashlib.sha256(text).hexdigest(),
        oldest_us=records[0].time_us,
        newest_us=records[-1].time_us,
    )


def compress(text: bytes) -> bytes:
    """gzip without a time in it: the same text gives the same bytes."""
    return gzip.compress(text, compresslevel=6, mtime=0)


async def put(env: Env, trail: Trail, key: str, data: bytes, metadata: dict[str, str]) -> None:
    """Store in the trail's bucket. Raises what require_bucket and the object store do."""
    await require_bucket(env, trail, key)
    await objects.put_object(
        env,
        system_call(env, trail.account),
        trail.bucket,
        key,
        data,
        content_type="application/json",
        metadata=metadata,
    )
