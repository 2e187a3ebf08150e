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
from urllib.parse import quote

PAYLOAD = os.urandom(4096)
PAYLOAD_SHA256 = hashlib.sha256(PAYLOAD).hexdigest()
PAYLOAD_CRC32 = base64.b64encode(zlib.crc32(PAYLOAD).to_bytes(4, "big")).decode()
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
    """A whole PUT of 4 KiB as boto3 sends it: payload hash, CRC-32 and length are signed."""
    extra = {
        "content-type": "application/octet-stream",
        "x-amz-checksum-crc32": PAYLOAD_CRC32,
        "x-amz-content-sha256": PAYLOAD_SHA256,
    }
    headers = signed_headers(admin, "PUT", host, path, extra)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"PUT {path} HTTP/1.1\r\n{lines}content-length: 4096\r\n\r\n".encode() + PAYLOAD


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


async def _put_many(admin: dict[str, str], host: str, *, writers: int, seconds: float) -> None:
    address, _, port = host.partition(":")
    latencies: list[float] = []
    errors = 0
    began = time.monotonic()

    async def one(number: int) -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection(address, int(port))
        count = 0
        while time.monotonic() - began < seconds:
            count += 1
            path = quote(f"/bench/put/{os.getpid()}/{number:04d}/{count:06d}")
            sent = time.perf_counter()
            writer.write(put_bytes(admin, host, path))
            head = await reader.readuntil(b"\r\n\r\n")
            latencies.append(time.perf_counter() - sent)
            if not head.startswith(b"HTTP/1.1 200"):
                errors += 1
                return
        writer.close()

    await asyncio.gather(*(one(number) for number in range(writers)))
    took = time.monotonic() - began
    latencies.sort()
    result = {
        "operations": len(latencies),
        "per_s": len(latencies) / took,
        "errors": errors,
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
