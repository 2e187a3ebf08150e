"""Digest files: each hour what log files were delivered, signed and chained to the one before.

Names, fields, hashes and the text that is signed are CloudTrail's own ("CloudTrail digest file
structure" and "Custom implementations" in its user guide), so that `aws cloudtrail validate-logs`
checks them. A digest is made in one transaction with the files it names; delivering it again after
a crash puts the same bytes there. When logging stops, a last digest closes what was delivered; the
chain goes on when logging begins again within an hour.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.errors import VolanoError
from volano.services.trails.logic.delivery import compress, key_under, note_failure, put
from volano.services.trails.logic.events import iso_time
from volano.services.trails.logic.signing import current_key, sign
from volano.services.trails.model import DIGEST_S, Digest, LogFile, SigningKey, Trail
from volano.services.trails.store import files as rows
from volano.services.trails.store import trails as trail_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx

SECOND_US = 1_000_000
MAX_FILES_PER_DIGEST = 5_000
ALGORITHM = "SHA256withRSA"


def align(time_us: int) -> int:
    """Whole seconds: what a digest's times can say."""
    return time_us // SECOND_US * SECOND_US


async def deliver_digests(env: Env, trail: Trail) -> None:
    """Deliver what was made, and make and deliver the digest that is due, if one is. Failures are
    written to the trail."""
    if trail.retry_us > env.clock.now_us():
        return
    try:
        last = await rows.find_last_digest(env.store.reader, trail)
        if last is not None and last.delivered_us is None:
            await _finish(env, trail, last)
        made = await _make(env, trail, last)
        if made is not None:
            await _finish(env, trail, made)
    except VolanoError as error:
        await note_failure(env, trail, error, digest=True)


def _end_us(trail: Trail, start_us: int, now_us: int) -> int | None:
    """When the digest from `start_us` ends; None while it is not due."""
    hour_us = start_us + DIGEST_S * SECOND_US
    if hour_us <= now_us:
        return hour_us
    if trail.logging and trail.validation:
        return None
    return max(align(now_us), start_us + SECOND_US)


async def _make(env: Env, trail: Trail, last: Digest | None) -> Digest | None:
    """Write down the next digest with the files it names, when one is due."""
    if trail.digest_start_us is None:
        return None
    start_us = max(trail.digest_start_us, last.end_us if last else 0)
    end_us = _end_us(trail, start_us, env.clock.now_us())
    if end_us is None:
        return None
    if last is not None and start_us - last.end_us > DIGEST_S * SECOND_US:
        last = None  # logging was off for long: a new chain
    key = await current_key(env)

    async def write(tx: Tx) -> Digest | None:
        found = await trail_rows.find_trail(tx, trail.account, trail.name, region=trail.region)
        if found is None or found.digest_start_us != trail.digest_start_us:
            return None
        closing = not (found.logging and found.validation)
        if closing and await _has_undelivered(tx, found):
            return None  # the last log files come first
        files = await rows.select_files(tx, found, delivered=True, limit=MAX_FILES_PER_DIGEST)
        begun = replace(found, digest_start_us=start_us)
        digest = _digest(env, begun, end_us, files, last, key)
        await rows.insert_digest(tx, found, digest)
        await rows.delete_files(tx, found, [file.id for file in files])
        more = not closing or len(files) == MAX_FILES_PER_DIGEST
        await trail_rows.update_trail(tx, replace(found, digest_start_us=end_us if more else None))
        return digest

    return await env.store.transact(write)


async def _has_undelivered(tx: Tx, trail: Trail) -> bool:
    waiting = await rows.select_waiting(tx, trail, limit=1)
    return bool(waiting or await rows.select_files(tx, trail, delivered=False, limit=1))


def _digest(
    env: Env,
    trail: Trail,
    end_us: int,
    files: list[LogFile],
    before: Digest | None,
    key: SigningKey,
) -> Digest:
    assert trail.digest_start_us is not None, "a digest has a beginning"
    moment = datetime.fromtimestamp(end_us // SECOND_US, UTC)
    region = trail.region
    name = (
        f"{trail.account}_CloudTrail-Digest_{region}_{trail.name}_{region}_"
        f"{moment:%Y%m%dT%H%M%SZ}.json.gz"
    )
    path = key_under(trail, f"CloudTrail-Digest/{region}/{moment:%Y/%m/%d}/{name}")
    oldest = [file.oldest_us for file in files if file.oldest_us is not None]
    newest = [file.newest_us for file in files if file.newest_us is not None]
    document: dict[str, Any] = {
        "awsAccountId": trail.account,
        "digestStartTime": iso_time(trail.digest_start_us),
        "digestEndTime": iso_time(end_us),
        "digestS3Bucket": trail.bucket,
        "digestS3Object": path,
        "digestPublicKeyFingerprint": key.fingerprint,
        "digestSignatureAlgorithm": ALGORITHM,
        "newestEventTime": iso_time(max(newest)) if newest else None,
        "oldestEventTime": iso_time(min(oldest)) if oldest else None,
        "previousDigestS3Bucket": before.bucket if before else None,
        "previousDigestS3Object": before.key if before else None,
        "previousDigestHashValue": before.hash if before else None,
        "previousDigestHashAlgorithm": "SHA-256" if before else None,
        "previousDigestSignature": before.signature if before else None,
        "logFiles": [_entry(file) for file in files],
    }
    text = msgspec.json.encode(document)
    hashed = hashlib.sha256(text).hexdigest()
    previous = before.signature if before else "null"
    signed = f"{iso_time(end_us)}\n{trail.bucket}/{path}\n{hashed}\n{previous}"
    return Digest(
        end_us=end_us,
        key=path,
        bucket=trail.bucket,
        content=compress(text),
        hash=hashed,
        signature=sign(env, key, signed),
    )


def _entry(file: LogFile) -> dict[str, Any]:
    assert file.oldest_us is not None, "no file is empty"
    assert file.newest_us is not None, "no file is empty"
    return {
        "s3Bucket": file.bucket,
        "s3Object": file.key,
        "hashValue": file.hash,
        "hashAlgorithm": "SHA-256",
        "newestEventTime": iso_time(file.newest_us),
        "oldestEventTime": iso_time(file.oldest_us),
    }


async def _finish(env: Env, trail: Trail, digest: Digest) -> None:
    metadata = {"signature": digest.signature, "signature-algorithm": ALGORITHM}
    await put(env, replace(trail, bucket=digest.bucket), digest.key, digest.content, metadata)

    async def write(tx: Tx) -> None:
        found = await trail_rows.find_trail(tx, trail.account, trail.name, region=trail.region)
        if found is None:
            return
        now_us = env.clock.now_us()
        await rows.update_digest_delivered(tx, found, digest, now_us)
        changed = replace(found, digest_delivered_us=now_us, digest_error="")
        await trail_rows.update_trail(tx, changed)

    await env.store.transact(write)
