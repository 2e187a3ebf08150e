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
