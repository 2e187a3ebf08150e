"""Requests to another S3 store, signed with its keys (Signature Version 4) and sent through
`env.egress`, which decides where they may go."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from volano.kernel.egress import EgressRequest, parse_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from volano.kernel.call import Env
    from volano.kernel.egress import EgressReply

UNSIGNED = "UNSIGNED-PAYLOAD"
LEAST_TIMEOUT_S = 60.0
SLOWEST_BYTES_PER_S = 256 * 1024
MAX_ANSWER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignBucket:
    """A bucket of another store and the keys for it."""

    endpoint: str
    region: str
    bucket: str
    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return f"ForeignBucket({self.endpoint}, {self.bucket})"


async def ask(
    env: Env,
    store: ForeignBucket,
    method: str,
    key: str,
    *,
    headers: Mapping[str, str],
    body: bytes | AsyncIterator[bytes] = b"",
    length: int = 0,
) -> EgressReply:
    """One request about a key. A body in chunks is sent unsigned, one in memory is signed. Raises
    EgressRefused and EgressFailed."""
    path = f"/{store.bucket}/{quote(key, safe='/-_.~')}"
    digest = hashlib.sha256(body).hexdigest() if isinstance(body, bytes) else UNSIGNED
    signed = sign(env, store, method, path, digest=digest, headers=headers)
    request = EgressRequest(
        method=method,
        url=store.endpoint + path,
        headers=signed,
        body=body,
        length=length,
        timeout_s=LEAST_TIMEOUT_S + length / SLOWEST_BYTES_PER_S,
        max_bytes=MAX_ANSWER_BYTES,
    )
    return await env.egress.fetch(request)


def sign(
    env: Env,
    store: ForeignBucket,
    method: str,
    path: str,
    *,
    digest: str,
    headers: Mapping[str, str],
) -> dict[str, str]:
    """The headers of a signed request (S3 API reference, "Authenticating Requests")."""
    moment = datetime.fromtimestamp(env.clock.now_us() / 1e6, UTC)
    stamp, day = f"{moment:%Y%m%dT%H%M%SZ}", f"{moment:%Y%m%d}"
    sent = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    sent |= {"x-amz-date": stamp, "x-amz-content-sha256": digest}
    named = sent | {"host": parse_url(store.endpoint).authority}
    names = ";".join(sorted(named))
    canonical = "\n".join(
        [
            method,
            path,
            "",
            *(f"{name}:{named[name]}" for name in sorted(named)),
            "",
            names,
            digest,
        ]
    )
    scope = f"{day}/{store.region}/s3/aws4_request"
    text = "\n".join(
        ["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()]
    )
    key = f"AWS4{store.secret_access_key}".encode()
    for part in (day, store.region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    sent["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={store.access_key_id}/{scope}, SignedHeaders={names}, "
        f"Signature={signature}"
    )
    return sent
