"""Cost of one request by how many objects a bucket holds: it should not grow with them.

The objects are rows written straight into the index (empty ones, without bytes), because ten
million PUTs would take hours; the requests are real ones of boto3 against a real server, and the
figure is the server's CPU. `--most 10000000` draws the whole curve: seeding a million rows takes
about 4 s of CPU and 120 MB of disk.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pysqlite3
from botocore.config import Config
from machine import Figure, cpu_us, main_of, volano

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from machine import Volano

BUCKET = "bench-many"
SMALLEST, MOST = 10_000, 1_000_000
UNDER_PREFIX = 1000
EMPTY_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
REQUESTS = 300
ROWS_AT_ONCE = 100_000
"""So that neither SQLite's log nor memory grows with the bucket."""
COLUMNS = (
    "bucket_id, key, version_id, size_bytes, etag, modified_us, storage_class, checksum, blob, "
    "content_id, part_count, headers, tags"
)


def figures(folder: Path, *, rounds: int = 1, most: int = MOST) -> list[Figure]:
    """Every request at every size, ten times as many objects each time."""
    data = folder / "volano"
    sizes = []
    size = SMALLEST
    while size <= most:
        sizes.append(size)
        size *= 10
    with volano(data) as server:
        _client(server).create_bucket(
            Bucket=BUCKET,
            CreateBucketConfiguration={"LocationConstraint": server.admin["AWS_DEFAULT_REGION"]},
        )
    costs: dict[str, list[float]] = {}
    held = 0
    for wanted in sizes:
        _fill(data / "volano.db", held, wanted)
        held = wanted
        with volano(data) as server:
            for name, cost in _measure(server, held):
                costs.setdefault(name, []).append(cost)
    return [
        Figure(
            name=f"{name}, {size:,} objects, CPU",
            value=cost,
            unit="µs",
            peer=f"with {SMALLEST:,}",
            peer_value=found[0],
            less_is_better=True,
        )
        for name, found in costs.items()
        for size, cost in zip(sizes, found, strict=True)
    ]


def _fill(database: Path, held: int, wanted: int) -> None:
    """Rows from `held` up to `wanted`, 1,000 below each prefix."""
    db = pysqlite3.connect(str(database))
    db.execute("PRAGMA synchronous=OFF")
    (bucket_id,) = db.execute("SELECT id FROM s3_bucket WHERE name = ?", (BUCKET,)).fetchone()
    now_us = int(time.time() * 1e6)
    rest = ("STANDARD", "", "", "", 0, "", "")

    def rows() -> Iterator[tuple[object, ...]]:
        for number in range(held, wanted):
            yield (bucket_id, _key(number), "null", 0, EMPTY_ETAG, now_us, *rest)

    marks = ", ".join("?" * 13)
    waiting = rows()
    while batch := list(islice(waiting, ROWS_AT_ONCE)):
        with db:
            db.executemany(f"INSERT INTO s3_object ({COLUMNS}) VALUES ({marks})", batch)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def _key(number: int) -> str:
    return f"{number // UNDER_PREFIX:06d}/{number % UNDER_PREFIX:06d}"


def _client(server: Volano):
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{server.aws_port}",
        aws_access_key_id=server.admin["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=server.admin["AWS_SECRET_ACCESS_KEY"],
        region_name=server.admin["AWS_DEFAULT_REGION"],
        config=Config(s3={"addressing_style": "path"}),
    )


def _measure(server: Volano, held: int) -> Iterator[tuple[str, float]]:
    s3 = _client(server)
    chosen = random.Random(1)
    numbers = count()

    def any_key() -> str:
        return _key(chosen.randrange(held))

    requests: dict[str, Callable[[], object]] = {
        "HEAD": lambda: s3.head_object(Bucket=BUCKET, Key=any_key()),
        "PUT 4 KiB": lambda: s3.put_object(
            Bucket=BUCKET, Key=f"{any_key()}-new-{next(numbers)}", Body=bytes(4096)
        ),
        "LIST 1000 keys": lambda: s3.list_objects_v2(Bucket=BUCKET, StartAfter=any_key()),
        "LIST 10 prefixes": lambda: s3.list_objects_v2(Bucket=BUCKET, Delimiter="/", MaxKeys=10),
    }
    for name, request in requests.items():
        for _ in range(10):
            request()
        before = cpu_us(server.pid)
        for _ in range(REQUESTS):
            request()
        yield name, (cpu_us(server.pid) - before) / REQUESTS


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=MOST, help="objects at the end of the curve")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="volano-bench-") as made:
        main_of("s3_many", figures(Path(made), most=arguments.most))
