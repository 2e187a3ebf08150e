"""Microseconds of the AWS door's parts: SigV4, reading, writing, and a whole small S3 GET.

Run: `python bench/wire_aws.py`. Prints CPU time, the best of five rounds, with the load average
beside it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from volano.kernel.call import Env
from volano.kernel.clock import SystemClock
from volano.kernel.config import Config
from volano.kernel.identity import AccessKey, Principal, PrincipalKind
from volano.kernel.ids import AccountId, Ids, PrincipalId
from volano.kernel.log import StreamLog
from volano.kernel.metrics import Metrics
from volano.kernel.place import region_with_zones
from volano.wire.action import action
from volano.wire.aws import sigv4
from volano.wire.aws.catalog import compile_codec, load_service
from volano.wire.aws.codec import Incoming
from volano.wire.aws.gateway import handle
from volano.wire.aws.query_reader import parse_form
from volano.wire.http import Request, body_of

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = AccessKey(
    access_key_id="AKIABENCH",
    secret_access_key="bench/secret",
    principal=Principal(
        kind=PrincipalKind.USER,
        account=AccountId("123456789012"),
        id=PrincipalId("AIDABENCH"),
        name="bench",
        arn="arn:aws:iam::123456789012:user/bench",
    ),
)


class Everyone:
    """An Authority with one key that may do anything."""

    async def find_access_key(self, *_: object) -> AccessKey:
        return KEY

    async def authorize(self, *_: object) -> None:
        return


class Nowhere:
    """A Journal that forgets."""

    def audit(self, record: object) -> None:
        return


@action("s3:GetObject", permission="s3:GetObject", resource="arn:aws:s3:::{Bucket}/{Key}")
async def get_object(_env: Env, _call: object, _request: dict[str, Any]) -> dict[str, Any]:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    return {
        "Body": b"x" * 4096,
        "ContentLength": 4096,
        "ContentType": "binary/octet-stream",
        "ETag": '"0cc175b9c0f1b6a831c399e269772661"',
        "LastModified": now,
        "AcceptRanges": "bytes",
    }


def bench_env() -> Env:
    absent = cast("Any", None)
    clock = SystemClock()
    return Env(
        config=Config(data_dir=Path("unused")),
        region=region_with_zones("eu-home-1", 3),
        clock=clock,
        ids=Ids(),
        log=StreamLog(clock),
        metrics=Metrics(),
        store=absent,
        events=absent,
        work=absent,
        bytes=absent,
        runtime=absent,
        inference=absent,
        authority=cast("Any", Everyone()),
        journal=cast("Any", Nowhere()),
        secrets=absent,
    )


def signed_get() -> Request:
    request = AWSRequest("GET", "http://localhost:9000/bench-bucket/some/key-0001")
    S3SigV4Auth(Credentials(KEY.access_key_id, KEY.secret_access_key), "s3", "eu-home-1").add_auth(
        request
    )
    headers = {key.lower(): str(value) for key, value in request.headers.items()}
    headers |= {"host": "localhost:9000", "user-agent": "Boto3/1.44", "accept-encoding": "identity"}
    return Request(
        method="GET",
        raw_path="/bench-bucket/some/key-0001",
        raw_query="",
        headers=headers,
        header_list=list(headers.items()),
        body=body_of(b""),
        scope={},
    )


def best_us(function: Callable[[], object], rounds: int = 5, seconds: float = 0.2) -> float:
    """The least mean of `rounds` rounds, in microseconds of CPU a call."""
    function()
    best = float("inf")
    for _ in range(rounds):
        count, began = 0, time.process_time()
        while (took := time.process_time() - began) < seconds:
            for _ in range(20):
                function()
            count += 20
        best = min(best, took / count * 1e6)
    return best


def main() -> int:
    request = signed_get()
    claim = sigv4.find_claim(request)
    assert claim is not None
    found = claim
    declared = request.headers["x-amz-content-sha256"]
    ec2, s3 = load_service("ec2"), load_service("s3")
    describe = compile_codec(ec2, "DescribeInstances", "ec2")
    listing = compile_codec(s3, "ListObjectsV2", "rest-xml")
    form = (
        "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=instance-state-name"
        "&Filter.1.Value.1=running&Filter.1.Value.2=pending&Filter.2.Name=tag%3AName"
        "&Filter.2.Value.1=web"
    )
    now = datetime(2026, 11, 22, 6, 41, tzinfo=UTC)
    instance = {
        "InstanceId": "i-0123456789abcdef0",
        "ImageId": "ami-1",
        "State": {"Code": 16, "Name": "running"},
        "InstanceType": "t3.micro",
        "LaunchTime": now,
        "Placement": {"AvailabilityZone": "eu-home-1a", "Tenancy": "default"},
        "PrivateIpAddress": "10.0.0.5",
        "Tags": [{"Key": "Name", "Value": "web"}],
    }
    hundred = {"Reservations": [{"ReservationId": "r-1", "Instances": [instance]}] * 100}
    page = {
        "Name": "bench",
        "KeyCount": 1000,
        "MaxKeys": 1000,
        "IsTruncated": False,
        "Contents": [
            {
                "Key": f"folder/key-{index:06d}",
                "LastModified": now.timestamp() + index,
                "ETag": '"0cc175b9c0f1b6a831c399e269772661"',
                "Size": 4096,
                "StorageClass": "STANDARD",
            }
            for index in range(1000)
        ],
    }
    loop = asyncio.new_event_loop()
    env = bench_env()

    async def many(count: int) -> None:
        for _ in range(count):
            request.scope.clear()
            response = await handle(env, request)
            assert response.status == 200, response.body

    rows: list[tuple[str, Callable[[], object], float]] = [
        ("sigv4 find_claim", lambda: sigv4.find_claim(request), 1),
        ("sigv4 verify, cached key", lambda: sigv4.verify(request, found, KEY, declared), 1),
        (
            "DescribeInstances read, 2 filters",
            lambda: describe.read(Incoming(headers={}, query=parse_form(form))),
            1,
        ),
        ("DescribeInstances write, 100", lambda: describe.write(hundred, "id"), 1),
        ("ListObjectsV2 write, 1,000 keys", lambda: listing.write(page, "id"), 1),
        ("S3 GetObject, whole door", lambda: loop.run_until_complete(many(100)), 100),
    ]
    print(f"load average {os.getloadavg()[0]:.1f}")
    for name, function, calls in rows:
        print(f"{name:40} {best_us(function) / calls:10.1f} µs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
