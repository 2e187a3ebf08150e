"""Server access logs: one line for each request to a bucket, delivered as objects to another.

Lines wait in memory for seconds, then as rows until work writes them as an object; a crash in
between repeats lines at most, or loses those of the last seconds (S3 promises less). Specified in
the S3 user guide, "Logging requests using server access logging" and "log format".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import VolanoError
from volano.services.identity import interface as identity
from volano.services.objects.logic.access import (
    bucket_arn,
    bucket_grants,
    forget_bucket,
    get_bucket,
    object_arn,
    open_bucket,
)
from volano.services.objects.logic.acl import FULL_CONTROL, LOG_DELIVERY
from volano.services.objects.logic.errors import AccessDenied, InvalidRequest, NoSuchBucket
from volano.services.objects.logic.objects import PutRequest, put_object
from volano.services.objects.logic.writing import BytesBody
from volano.services.objects.model import Acl, Description, Grant
from volano.services.objects.store import access_logs as log_rows
from volano.services.objects.store import buckets as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.objects.model import Bucket

KIND = "logging"
SERVICE = "logging.s3.amazonaws.com"
EVENT_TIME, DELIVERY_TIME = "EventTime", "DeliveryTime"
MAX_WAITING = 10_000
"""Lines in memory between two hand-overs; more are dropped and counted."""
MAX_LINES = 10_000
"""Lines in one log object."""
MAX_BUCKETS = 1000
"""Buckets delivered for in one run."""
MAX_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTarget:
    """Where a bucket's lines go; `partition` is '', EVENT_TIME or DELIVERY_TIME."""

    bucket: str
    prefix: str = ""
    partition: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    bucket: str
    time_us: int
    text: str
    id: str


_WAITING: dict[int, list[_Line]] = {}
"""Lines not yet in rows, by the identity of an Env's journal (tests run several in a process)."""


async def put_logging(
    env: Env, name: str, target: LogTarget | None, document: str, *, owner: str | None = None
) -> None:
    """Say where the bucket's lines go; None ends it. `document` is the setting as it was sent.

    Raises InvalidRequest (InvalidTargetBucketForLogging).
    """
    source = await open_bucket(env, name, owner)
    if target is not None:
        await _require_target(env, source, target)

    async def write(tx: Tx) -> None:
        bucket = await get_bucket(tx, name, owner)
        wanted = target or LogTarget(bucket="")
        access = replace(
            bucket.access,
            log_bucket=wanted.bucket,
            log_prefix=wanted.prefix,
            log_partition=wanted.partition,
        )
        await rows.update_access(tx, bucket.id, access)
        if target is None:
            await rows.delete_setting(tx, bucket.id, KIND)
        else:
            await rows.upsert_setting(tx, bucket.id, KIND, document)

    await env.store.transact(write)
    forget_bucket(env, name)


async def _require_target(env: Env, source: Bucket, target: LogTarget) -> None:
    try:
        found = await open_bucket(env, target.bucket)
    except NoSuchBucket as error:
        raise _bad_target("The target bucket for logging does not exist", target) from error
    if found.account != source.account:
        raise _bad_target(
            "The owner for the bucket to be logged and the target bucket must be the same.", target
        )
    if found.region != source.region:
        raise AccessDenied(
            "Cross S3 location logging not allowed. ",
            code="CrossLocationLoggingProhibitted",
            fields={"TargetBucketLocation": found.region, "SourceBucketLocation": source.region},
        )
    if not _may_deliver(env, source, found, target.prefix):
        raise _bad_target(
            "You must give the log-delivery group WRITE and READ_ACP permissions to the target "
            "bucket",
            target,
        )


def _bad_target(message: str, target: LogTarget) -> InvalidRequest:
    return InvalidRequest(
        message, code="InvalidTargetBucketForLogging", fields={"TargetBucket": target.bucket}
    )


def _may_deliver(env: Env, source: Bucket, target: Bucket, prefix: str) -> bool:
    """Whether the target's list or policy lets the log delivery write there."""
    if target.access.has_lists:
        given = {grant.permission for grant in bucket_grants(target) if grant.to == LOG_DELIVERY}
        if FULL_CONTROL in given or {"WRITE", "READ_ACP"} <= given:
            return True
    if not target.policy:
        return False
    context = {"aws:SourceArn": bucket_arn(source.name)}
    return any(
        identity.service_may(
            env,
            SERVICE,
            "s3:PutObject",
            object_arn(target.name, key),
            policy=target.policy,
            account=str(source.account),
            context=context,
        )
        for key in (prefix, prefix + "log")
    )


def note_line(env: Env, bucket: str, text: str, *, request_id: str) -> None:
    """Keep a line until work writes it down."""
    waiting = _WAITING.setdefault(id(env.journal), [])
    if len(waiting) >= MAX_WAITING:
        env.metrics.count("volano_access_log_lines_dropped_total", ())
        return
    now_us = env.clock.now_us()
    waiting.append(_Line(bucket, now_us, text, f"{now_us:016d}-{request_id}"))


async def write_down(env: Env) -> None:
    """Make rows of the lines that this process keeps in memory."""
    waiting = _WAITING.pop(id(env.journal), [])
    while waiting:
        batch, waiting = waiting[:MAX_ROWS_AT_ONCE], waiting[MAX_ROWS_AT_ONCE:]

        async def write(tx: Tx, batch: list[_Line] = batch) -> None:
            ids: dict[str, str] = {}
            for line in batch:
                if line.bucket not in ids:
                    found = await rows.select_bucket(tx, line.bucket)
                    ids[line.bucket] = "" if found is None else found.id
                if ids[line.bucket]:
                    await log_rows.insert_line(
                        tx, line.id, ids[line.bucket], line.time_us, line.text
                    )

        await env.store.transact(write)


def forget_lines(env: Env) -> None:
    """Drop lines that were not written down (test mode's reset)."""
    _WAITING.pop(id(env.journal), None)


async def deliver(env: Env) -> int:
    """Write the waiting rows as objects; the number of objects written."""
    delivered = 0
    for bucket_id in await log_rows.select_buckets(env.store.reader, limit=MAX_BUCKETS):
        source = await rows.select_bucket_by_id(env.store.reader, bucket_id)
        lines = await log_rows.select_lines(env.store.reader, bucket_id, limit=MAX_LINES)
        if not lines:
            continue
        if source is not None and source.access.log_bucket:
            delivered += await _deliver(env, source, lines)
        forget = partial(log_rows.delete_lines, bucket_id=bucket_id, last_id=lines[-1][0])
        await env.store.transact(forget)
    return delivered


async def _deliver(env: Env, source: Bucket, lines: list[tuple[str, int, str]]) -> bool:
    """One object of a bucket's lines; lines that nobody may deliver are dropped."""
    access = source.access
    first_id, first_us, _ = lines[0]
    try:
        target = await open_bucket(env, access.log_bucket)
        if target.account != source.account:
            return False
        if not _may_deliver(env, source, target, access.log_prefix):
            return False
        acl = None
        if target.access.has_lists:
            acl = Acl(target.account, (Grant(str(target.account), FULL_CONTROL),))
        await put_object(
            env,
            system_call(env, target.account),
            PutRequest(
                bucket=target.name,
                key=_key(env, source, first_us, first_id),
                body=BytesBody("".join(f"{text}\n" for _, _, text in lines).encode()),
                description=Description(headers={"ContentType": "text/plain"}, acl=acl),
            ),
        )
    except VolanoError as error:
        env.log.error("an access log was not delivered", bucket=source.name, error=error.message)
        return False
    return True


def _key(env: Env, source: Bucket, first_us: int, first_id: str) -> str:
    """The object's key, which tells the first line, so that a second try writes over the first."""
    moment = datetime.fromtimestamp(first_us / 1e6, UTC)
    unique = first_id.replace("-", "")[-16:].upper()
    name = f"{moment:%Y-%m-%d-%H-%M-%S}-{unique}"
    access = source.access
    if not access.log_partition:
        return access.log_prefix + name
    if access.log_partition == EVENT_TIME:
        moment = moment.replace(hour=0, minute=0, second=0)
        name = f"{moment:%Y-%m-%d-%H-%M-%S}-{unique}"
    path = f"{source.account}/{source.region}/{source.name}/{moment:%Y/%m/%d}/"
    return access.log_prefix + path + name
