"""Object lock: retention until a date and legal holds, which keep versions from being deleted.

A bucket gets a lock when it is made or later; then its versioning is enabled for good.
Source: S3 user guide, "Locking objects with Object Lock".
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from volano.kernel.errors import Conflict
from volano.services.objects.logic.access import forget_bucket, get_bucket, open_bucket
from volano.services.objects.logic.errors import (
    AccessDenied,
    InvalidArgument,
    InvalidRequest,
    MalformedXml,
    NoSuchSetting,
)
from volano.services.objects.logic.metering import READ, WRITE, count_request
from volano.services.objects.logic.versions import get_item
from volano.services.objects.model import (
    COMPLIANCE,
    ENABLED,
    GOVERNANCE,
    NO_RETENTION,
    SUSPENDED,
    Bucket,
    ObjectLock,
    Retention,
    StoredObject,
)
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import versions as version_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MODES = (GOVERNANCE, COMPLIANCE)
MODE_HEADER = "x-amz-object-lock-mode"
UNTIL_HEADER = "x-amz-object-lock-retain-until-date"
MAX_DAYS = 36_500
MAX_YEARS = 100
DAY_US = 86_400_000_000
BYPASS = "s3:BypassGovernanceRetention"
_MISSING = "Bucket is missing Object Lock Configuration"


def invalid_state(message: str) -> Conflict:
    return Conflict(message, code="InvalidBucketState")


async def put_versioning(env: Env, call: Call, bucket_name: str, status: str) -> None:
    """Enable or suspend versioning. Raises MalformedXml, and InvalidBucketState with a lock."""
    if status not in (ENABLED, SUSPENDED):
        raise MalformedXml()

    async def write(tx: Tx) -> None:
        bucket = await get_bucket(tx, bucket_name)
        if bucket.object_lock is not None and status == SUSPENDED:
            raise invalid_state(
                "An Object Lock configuration is present on this bucket, so the versioning state "
                "cannot be changed."
            )
        await bucket_rows.update_versioning(tx, bucket.id, status)

    await env.store.transact(write)
    forget_bucket(env, bucket_name)


async def put_object_lock(env: Env, call: Call, bucket_name: str, lock: ObjectLock) -> None:
    """Give the bucket a lock or another default retention; raises InvalidBucketState without
    versioning.
    """

    async def write(tx: Tx) -> None:
        bucket = await get_bucket(tx, bucket_name)
        if bucket.versioning != ENABLED:
            raise invalid_state(
                "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
            )
        await bucket_rows.update_object_lock(tx, bucket.id, lock)

    await env.store.transact(write)
    forget_bucket(env, bucket_name)


def to_object_lock(mode: str | None, days: int | None, years: int | None) -> ObjectLock:
    """A default retention. Raises MalformedXml, and InvalidRetentionPeriod for a period of
    nothing or too much.
    """
    if mode not in MODES or (days is None) == (years is None):
        raise MalformedXml()
    if not 1 <= (days or years or 0) <= (MAX_DAYS if years is None else MAX_YEARS):
        raise InvalidArgument(
            f"Default retention period must be 1 to {MAX_DAYS} days or 1 to {MAX_YEARS} years",
            code="InvalidRetentionPeriod",
        )
    return ObjectLock(mode=mode, days=days or 0, years=years or 0)


async def get_object_lock(
    env: Env, call: Call, bucket_name: str, expected_owner: str | None
) -> ObjectLock:
    """Raises ObjectLockConfigurationNotFoundError."""
    bucket = await open_bucket(env, bucket_name, expected_owner)
    if bucket.object_lock is None:
        raise NoSuchSetting(
            "Object Lock configuration does not exist for this bucket",
            code="ObjectLockConfigurationNotFoundError",
            fields={"BucketName": bucket_name},
        )
    return bucket.object_lock


def retention_for_write(bucket: Bucket, wanted: Retention, now_us: int) -> Retention:
    """What a new version is kept by: what its writer wants, else the bucket's default.

    Raises InvalidRequest when the bucket has no lock, and what `require_period` does.
    """
    lock = bucket.object_lock
    if wanted != NO_RETENTION:
        if lock is None:
            raise InvalidRequest(_MISSING)
        if wanted.mode or wanted.until_us:
            require_period(wanted, now_us)
    if lock is None or not lock.mode or wanted.mode:
        return wanted
    return replace(wanted, mode=lock.mode, until_us=_until_us(lock, now_us))


def _until_us(lock: ObjectLock, now_us: int) -> int:
    """When a default retention ends, in whole seconds: both ways to tell a date say the same."""
    now_us = -(-now_us // 1_000_000) * 1_000_000
    if lock.days:
        return now_us + lock.days * DAY_US
    now = datetime.fromtimestamp(now_us / 1e6, UTC)
    leap = (now.month, now.day) == (2, 29)
    later = now.replace(year=now.year + lock.years, day=28 if leap else now.day)
    return now_us + round((later - now).total_seconds() * 1e6) + (DAY_US if leap else 0)


def require_period(wanted: Retention, now_us: int) -> None:
    """Raises InvalidArgument unless both mode and a date in the future are given."""
    if not wanted.mode or not wanted.until_us:
        raise InvalidArgument(
            f"{UNTIL_HEADER} and {MODE_HEADER} must both be supplied",
            fields={"ArgumentName": UNTIL_HEADER if wanted.mode else MODE_HEADER},
        )
    if wanted.mode not in MODES:
        raise InvalidArgument(
            "Unknown wormMode directive.",
            fields={"ArgumentName": MODE_HEADER, "ArgumentValue": wanted.mode},
        )
    if wanted.until_us <= now_us:
        raise InvalidArgument("The retain until date must be in the future!")


def require_deletable(item: StoredObject, *, now_us: int, bypass: bool) -> None:
    """Raises AccessDenied while a hold or retention keeps the version; `bypass` is the right to
    pass by governance, and that it was asked for.
    """
    kept = item.retention
    running = bool(kept.mode) and kept.until_us > now_us
    if kept.legal_hold or (running and not (bypass and kept.mode == GOVERNANCE)):
        raise AccessDenied("Access Denied because object protected by object lock.")


async def get_retention(
    env: Env, call: Call, bucket_name: str, key: str, version_id: str | None
) -> Retention:
    """Raises InvalidRequest without a lock, NoSuchKey."""
    bucket, item = await _item(env, bucket_name, key, version_id)
    count_request(env, bucket, READ)
    return item.retention


async def _item(
    env: Env, bucket_name: str, key: str, version_id: str | None, *, method: str = "GET"
) -> tuple[Bucket, StoredObject]:
    bucket = await open_bucket(env, bucket_name)
    if bucket.object_lock is None:
        raise InvalidRequest(_MISSING)
    return bucket, await get_item(env.store.reader, bucket, key, version_id, method=method)


async def put_retention(
    env: Env,
    call: Call,
    bucket_name: str,
    key: str,
    version_id: str | None,
    wanted: Retention,
    *,
    bypass: bool,
) -> None:
    """Set mode and date of a version, or remove them (no mode). Raises AccessDenied for less than
    there is, unless it is governance and `bypass`.
    """
    now_us = env.clock.now_us()
    if wanted.mode or wanted.until_us:
        require_period(wanted, now_us)
    bucket, _ = await _item(env, bucket_name, key, version_id, method="PUT")
    count_request(env, bucket, WRITE)

    async def write(tx: Tx) -> None:
        item = await get_item(tx, bucket, key, version_id, method="PUT")
        kept = item.retention
        if kept.mode and kept.until_us > now_us and _is_less(wanted, kept):
            require_deletable(
                replace(item, retention=replace(kept, legal_hold=False)),
                now_us=now_us,
                bypass=bypass,
            )
        changed = replace(kept, mode=wanted.mode, until_us=wanted.until_us)
        await version_rows.update_retention(tx, item, changed)

    await env.store.transact(write)


def _is_less(wanted: Retention, kept: Retention) -> bool:
    return wanted.until_us < kept.until_us or wanted.mode != kept.mode


async def put_legal_hold(
    env: Env, call: Call, bucket_name: str, key: str, version_id: str | None, *, hold: bool
) -> None:
    """Raises InvalidRequest without a lock, NoSuchKey."""
    bucket, _ = await _item(env, bucket_name, key, version_id, method="PUT")
    count_request(env, bucket, WRITE)

    async def write(tx: Tx) -> None:
        item = await get_item(tx, bucket, key, version_id, method="PUT")
        await version_rows.update_retention(tx, item, replace(item.retention, legal_hold=hold))

    await env.store.transact(write)
