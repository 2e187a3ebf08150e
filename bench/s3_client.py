"""A small S3 client for load: it signs in microseconds, where a real SDK takes a millisecond.

Conformance is tested with real SDKs; here only the server is to be the slow one. Run as a program
it puts 4 KiB objects from many connections at once and prints what it saw as JSON.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import sys
import time
import zlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PAYLOAD = os.urandom(4096)
PAYLOAD_SHA256 = hashlib.sha256(PAYLOAD).hexdigest()
PAYLOAD_CRC32 = base64.b64encode(zlib.crc32(PAYLOAD).to_bytes(4, "big")).decode()
MOST, MOST_OF_ONE = 15_000, 3_000
"""Puts a second that are signed ahead: signing is not to take the client's time in between."""
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


@lru_cache(maxsize=8)
def _key(secret: str, date: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signed_headers(
    admin: dict[str, str],
    method: str,
    host: str,
    path: str,
    extra: dict[str, str],
    *,
    query: str = "",
) -> dict[str, str]:
    """Headers of a request signed by AWS Signature Version 4; `extra` holds the payload's hash, and
    `query` is in canonical form."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {"host": host, "x-amz-date": stamp} | extra
    names = sorted(headers)
    signed = ";".join(names)
    canonical = "\n".join(
        [
            method,
            path,
            query,
            *(f"{name}:{headers[name]}" for name in names),
            "",
            signed,
            extra["x-amz-content-sha256"],
        ]
    )
    region = admin["AWS_DEFAULT_REGION"]
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
    secret = _key(admin["AWS_SECRET_ACCESS_KEY"], stamp[:8], region)
    signature = hmac.digest(secret, text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={admin['AWS_ACCESS_KEY_ID']}/{scope}, "
        f"SignedHeaders={signed}, Signature={signature}"
    )
    return headers


def put_bytes(admin: dict[str, str], host: str, path: str) -> bytes:
    """A whole PUT of 4 KiB as boto3 sends it."""
    return put_head(admin, host, path) + PAYLOAD


def put_head(admin: dict[str, str], host: str, path: str) -> bytes:
    """What comes before the 4 KiB: payload hash, CRC-32 and type are signed."""
    extra = {
        "content-type": "application/octet-stream",
        "x-amz-checksum-crc32": PAYLOAD_CRC32,
        "x-amz-content-sha256": PAYLOAD_SHA256,
    }
    headers = signed_headers(admin, "PUT", host, path, extra)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"PUT {path} HTTP/1.1\r\n{lines}content-length: 4096\r\n\r\n".encode()


def get_bytes(admin: dict[str, str], host: str, path: str) -> bytes:
    """A whole signed GET."""
    headers = signed_headers(admin, "GET", host, path, {"x-amz-content-sha256": EMPTY_SHA256})
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()


def wrk_script(requests: list[bytes]) -> str:
    """A wrk script that sends these requests in turn, as they are."""
    quoted = ",\n".join('"' + "".join(f"\\{byte:03d}" for byte in each) + '"' for each in requests)
    return (
        f"local all = {{{quoted}}}\nlocal next_one = 0\n"
        "request = function()\n  next_one = next_one % #all + 1\n  return all[next_one]\nend\n"
    )


class _Putter(asyncio.Protocol):
    """One connection that puts a head of `heads` after the other until the time is over."""

    def __init__(self, heads: Iterator[bytes], end: float) -> None:
        self._heads, self._end = heads, end
        self._transport: Any = None
        self._answer = b""
        self._sent = 0.0
        self.latencies: list[float] = []
        self.errors = 0
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._put()

    def _put(self) -> None:
        head = next(self._heads, None)
        if head is None or time.monotonic() >= self._end:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(head + PAYLOAD)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.endswith(b"\r\n\r\n"):
            return
        self.latencies.append(time.perf_counter() - self._sent)
        is_good = self._answer.startswith(b"HTTP/1.1 200")
        self._answer = b""
        if is_good:
            self._put()
        else:
            self.errors += 1
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.over.set_result(None)


async def _put_many(admin: dict[str, str], host: str, *, writers: int, seconds: float) -> None:
    address, _, port = host.partition(":")
    count = int(seconds * (MOST_OF_ONE if writers == 1 else MOST))
    paths = (f"/bench/put/{os.getpid()}/{each % 61:04d}/{each:06d}" for each in range(count))
    heads = iter([put_head(admin, host, path) for path in paths])
    loop = asyncio.get_running_loop()
    began = time.monotonic()
    made = [
        await loop.create_connection(lambda: _Putter(heads, began + seconds), address, int(port))
        for _ in range(writers)
    ]
    putters = [putter for _, putter in made]
    await asyncio.gather(*(putter.over for putter in putters))
    took = time.monotonic() - began
    latencies = sorted(taken for putter in putters for taken in putter.latencies)
    assert len(latencies) < count, "more requests could have been answered than were signed"
    result = {
        "operations": len(latencies),
        "per_s": len(latencies) / took,
        "errors": sum(putter.errors for putter in putters),
        "p50_ms": latencies[len(latencies) // 2] * 1e3,
        "p99_ms": latencies[len(latencies) * 99 // 100] * 1e3,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    import uvloop

    asked = json.loads(Path(sys.argv[1]).read_text())
    uvloop.run(
        _put_many(asked["admin"], asked["host"], writers=asked["writers"], seconds=asked["seconds"])
    )
