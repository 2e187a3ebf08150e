"""What was acknowledged is there after kill -9, and an object is never seen half written."""

from __future__ import annotations

import hashlib
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import BotoCoreError, ClientError

WRITERS = 6
ROUNDS = 2
ACKNOWLEDGED_BEFORE_KILL = 60
SIZES = (0, 100, 4096, 70_000, 1_500_000)


def content(key: str, version: int) -> bytes:
    size = SIZES[version % len(SIZES)]
    return (f"{key} {version} ".encode() * (size // 8 + 1))[:size]


def write_until_killed(
    volano, bucket: str, key: str, enough: threading.Semaphore
) -> tuple[int, int]:
    """The last version acknowledged and the last one tried."""
    s3 = volano.client("s3")
    version = 0
    while True:
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=content(key, version + 1))
        except (BotoCoreError, ClientError):
            return version, version + 1
        version += 1
        enough.release()


def test_acknowledged_objects_survive_kill_9(volano_sqlite):
    volano = volano_sqlite
    bucket = f"durable-{uuid.uuid4().hex[:12]}"
    volano.client("s3").create_bucket(Bucket=bucket)
    for number in range(ROUNDS):
        enough = threading.Semaphore(0)
        with ThreadPoolExecutor(WRITERS) as pool:
            keys = [f"{number}/{writer}" for writer in range(WRITERS)]
            running = [pool.submit(write_until_killed, volano, bucket, key, enough) for key in keys]
            for _ in range(ACKNOWLEDGED_BEFORE_KILL):
                assert enough.acquire(timeout=60)
            volano.stop(kill=True)
            outcomes = {key: each.result() for key, each in zip(keys, running, strict=True)}
        volano.restart()
        s3 = volano.client("s3")
        for key, (acknowledged, tried) in outcomes.items():
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            allowed = {hashlib.md5(content(key, n)).hexdigest() for n in (acknowledged, tried)}
            assert hashlib.md5(body).hexdigest() in allowed


def write_versions_until_killed(
    volano, bucket: str, key: str, enough: threading.Semaphore
) -> tuple[dict[str, bytes], set[str]]:
    """The versions acknowledged with their bytes, and the ids acknowledged as deleted."""
    s3 = volano.client("s3")
    written: dict[str, bytes] = {}
    deleted: set[str] = set()
    number, doomed = 0, ""
    while True:
        number += 1
        body = content(key, number)
        try:
            written[s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]] = body
            if number % 3 == 0:
                doomed = next(each for each in written if each not in deleted)
                s3.delete_object(Bucket=bucket, Key=key, VersionId=doomed)
                deleted.add(doomed)
                s3.delete_object(Bucket=bucket, Key=key)
        except (BotoCoreError, ClientError):
            if doomed not in deleted:
                written.pop(doomed, None)  # whether it went before the end was not told
            return {each: body for each, body in written.items() if each not in deleted}, deleted
        enough.release()


def test_acknowledged_versions_survive_kill_9(volano_sqlite):
    volano = volano_sqlite
    bucket = f"durable-{uuid.uuid4().hex[:12]}"
    s3 = volano.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    enough = threading.Semaphore(0)
    with ThreadPoolExecutor(WRITERS) as pool:
        keys = [str(writer) for writer in range(WRITERS)]
        running = [
            pool.submit(write_versions_until_killed, volano, bucket, key, enough) for key in keys
        ]
        for _ in range(ACKNOWLEDGED_BEFORE_KILL):
            assert enough.acquire(timeout=60)
        volano.stop(kill=True)
        outcomes = {key: each.result() for key, each in zip(keys, running, strict=True)}
    volano.restart()
    s3 = volano.client("s3")
    for key, (written, deleted) in outcomes.items():
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
        entries = [each for page in pages for each in page.get("Versions", [])]
        ids = {each["VersionId"] for each in entries}
        assert set(written) <= ids
        assert not deleted & ids
        for version_id, body in written.items():
            found = s3.get_object(Bucket=bucket, Key=key, VersionId=version_id)["Body"].read()
            assert found == body
