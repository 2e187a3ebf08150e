"""Signatures on the fast lane: SigV4 by header over the bytes that came, keys remembered.

The first request of a client goes through the stock functions (`find_claim`, `find_caller`,
`verify`), which decide what is acceptable; what stays the same until midnight (credential, scope,
names of the signed headers, signing key) is remembered, so that the next requests cost one SHA-256
and one HMAC. What is remembered is asked for again every second, and the owner of this object
drops it as soon as identity's tables were written. Whatever is unusual (a presigned query, spaces
to collapse, an unsigned `x-amz-` header, clock skew) is None here: the ordinary way says what it
is.
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from volano.kernel.errors import VolanoError
from volano.wire.aws.caller import find_caller
from volano.wire.aws.sigv4 import (
    ALGORITHM,
    EMPTY_SHA256,
    MAX_SKEW_S,
    UNSIGNED,
    AuthFailure,
    find_claim,
    require_signed_amz_headers,
    seconds_of_stamp,
    signing_key,
    verify,
)
from volano.wire.http import Request, body_of
from volano.wire.lane import NotNow, run_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.kernel.call import Env
    from volano.kernel.identity import AccessKey
    from volano.wire.lane import Asked

MAX_KNOWN = 4096
"""Credentials, and seconds of signing, that are remembered."""
BELIEVED_S = 1.0
SIGNATURE_CHARACTERS = 64
EMPTY = EMPTY_SHA256.encode()
UNSIGNED_PAYLOAD = UNSIGNED.encode()
_ALGORITHM = ALGORITHM.encode()
_PLAIN_PATH = re.compile(rb"[A-Za-z0-9\-._~/]*").fullmatch


class Credential(NamedTuple):
    """What requests of one client have in common for a day."""

    key: AccessKey
    region: str
    signed: frozenset[bytes]
    names: tuple[bytes, ...]
    head: bytes
    """The names as they stand in the canonical request, between line breaks."""
    scope: bytes
    """As it follows the time in the string to sign, between line breaks."""
    date: bytes
    signing_key: bytes


class LaneAuth:
    """Who signed a request to one service."""

    def __init__(self, env: Env, service: str, on_use: Callable[[Credential], None]) -> None:
        """`on_use` hears about a credential in use, about once a second."""
        self._env = env
        self._service = service
        self._on_use = on_use
        self._known: dict[tuple[bytes, bytes | None], tuple[float, Credential]] = {}
        self._seconds: dict[bytes, int] = {}

    def forget(self) -> None:
        """Drop every credential: identity was changed."""
        self._known.clear()

    def find(self, asked: Asked) -> Credential | None:
        """The verified signer of `asked`, whose payload hash is in its headers."""
        headers = asked.headers
        authorization = headers.get(b"authorization")
        if authorization is None or asked.query or not _PLAIN_PATH(asked.path):
            return None
        prefix = authorization[:-SIGNATURE_CHARACTERS]
        known = self._known.get((prefix, headers.get(b"x-amz-security-token")))
        if known is None or self._env.clock.monotonic_s() - known[0] > BELIEVED_S:
            return self._learn(asked, prefix)
        credential = known[1]
        if not self._is_timely(headers.get(b"x-amz-date", b""), credential):
            return None
        signature = authorization[-SIGNATURE_CHARACTERS:]
        return credential if _is_signed(asked, credential, signature) else None

    def _is_timely(self, stamp: bytes, credential: Credential) -> bool:
        """Within the allowed skew, of the scope's day, and the key is not over."""
        seconds = self._seconds.get(stamp)
        if seconds is None:
            seconds = self._note_second(stamp)
        now_us = self._env.clock.now_us()
        if seconds is None or abs(now_us / 1e6 - seconds) > MAX_SKEW_S:
            return False
        expires_us = credential.key.expires_us
        return stamp[:8] == credential.date and (expires_us is None or expires_us > now_us)

    def _note_second(self, stamp: bytes) -> int | None:
        try:
            seconds = seconds_of_stamp(stamp.decode("ascii"))
        except (AuthFailure, UnicodeDecodeError):
            return None
        if len(self._seconds) >= MAX_KNOWN:
            self._seconds.clear()
        self._seconds[stamp] = seconds
        return seconds

    def _learn(self, asked: Asked, prefix: bytes) -> Credential | None:
        """Let the stock functions verify, and remember whom they found."""
        request = request_of_asked(asked)
        declared = request.headers.get("x-amz-content-sha256")
        if declared is None or not prefix.endswith(b"Signature="):
            return None
        try:
            claim = find_claim(request)
            if claim is None or claim.presigned:
                return None
            key = run_now(find_caller(self._env, claim, self._service)).key
            if key is None:
                return None
            require_signed_amz_headers(request, claim)
            verify(request, claim, key, declared)
        except (VolanoError, NotNow):
            return None
        names = tuple(name.encode("latin-1") for name in claim.signed_headers)
        credential = Credential(
            key=key,
            region=claim.region,
            signed=frozenset(names),
            names=names,
            head=b"\n\n" + b";".join(names) + b"\n",
            scope=b"\n" + claim.scope.encode("latin-1") + b"\n",
            date=claim.date.encode("latin-1"),
            signing_key=signing_key(key.secret_access_key, claim.date, claim.region, claim.service),
        )
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._on_use(credential)
        token = asked.headers.get(b"x-amz-security-token")
        self._known[prefix, token] = (self._env.clock.monotonic_s(), credential)
        return credential


def request_of_asked(asked: Asked) -> Request:
    """The stock request, without a body."""
    pairs = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in asked.headers.items()]
    return Request(
        method=asked.method.decode("ascii"),
        raw_path=asked.path.decode("latin-1"),
        raw_query=asked.query.decode("latin-1"),
        headers=dict(pairs),
        header_list=pairs,
        body=body_of(b""),
        client_ip=asked.client_ip,
        scheme="https" if asked.secure else "http",
    )


def _is_signed(asked: Asked, credential: Credential, signature: bytes) -> bool:
    headers = asked.headers
    try:
        lines = b"\n".join([name + b":" + headers[name] for name in credential.names])
    except KeyError:
        return False
    if b"  " in lines or b"\t" in lines or b" \n" in lines or b": " in lines or lines[-1:] == b" ":
        return False
    for name in headers:
        if name not in credential.signed and name.startswith(b"x-amz-"):
            return False
    canonical = b"%b\n%b\n\n%b%b%b" % (
        asked.method, asked.path, lines, credential.head, headers.get(b"x-amz-content-sha256", b""),
    )  # fmt: skip
    to_sign = b"%b\n%b%b%b" % (
        _ALGORITHM,
        headers[b"x-amz-date"],
        credential.scope,
        sha256(canonical).hexdigest().encode(),
    )
    expected = hmac.digest(credential.signing_key, to_sign, "sha256").hex().encode()
    return hmac.compare_digest(expected, signature)
