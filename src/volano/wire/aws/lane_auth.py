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

import re
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.wire.aws.caller import find_caller
from volano.wire.aws.sigv4 import (
    ALGORITHM,
    EMPTY_SHA256,
    MAX_SKEW_S,
    UNSIGNED,
    AuthFailure,
    canonical_query,
    find_claim,
    require_signed_amz_headers,
    s3_path,
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
    from volano.wire.aws.sigv4 import Claim
    from volano.wire.lane import Asked

MAX_KNOWN = 4096
"""Credentials, and seconds of signing, that are remembered."""
BELIEVED_S = 1.0
SIGNATURE_CHARACTERS = 64
EMPTY = EMPTY_SHA256.encode()
UNSIGNED_PAYLOAD = UNSIGNED.encode()
NEEDED = (b"x-amz-content-sha256", b"x-amz-date")
MAX_FORMS = 64
"""Sets of header names, in order, that one client is known to send."""
SHA256_BLOCK_BYTES = 64
_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))
_ALGORITHM = ALGORITHM.encode()
_TOKEN = re.compile(r"[a-z0-9\-]+").fullmatch
_Name = tuple[bytes, bytes | None]
"""Authorization without the signature, and the session token."""
is_plain_path = re.compile(rb"[A-Za-z0-9\-._~/]*").fullmatch
"""Whether a path is signed as it stands, and is the text that it says."""


class Credential:
    """What requests of one client have in common for a day."""

    __slots__ = (
        "_forms", "_inner", "_outer", "_scope", "_signed", "canonical", "date", "decisions", "key",
        "names", "until_s",
    )  # fmt: skip

    def __init__(self, key: AccessKey, claim: Claim, until_s: float) -> None:
        """Remembered until `until_s` on the monotonic clock."""
        names = tuple(name.encode("latin-1") for name in claim.signed_headers)
        self.key = key
        self.until_s = until_s
        self.date = claim.date.encode("latin-1")
        self.decisions: dict[tuple[str, str], bool] = {}
        """What the service that asked decided of this signer; its to fill."""
        self.names = names
        self._signed = frozenset(names)
        self._forms: set[tuple[bytes, ...]] = set()
        lines = b"".join(name + b":%b\n" for name in names)
        self.canonical = b"%b\n%b\n%b\n" + lines + b"\n" + b";".join(names) + b"\n%b"
        """To be filled with method, path, query, values and payload hash."""
        self._scope = b"\n" + claim.scope.encode("latin-1") + b"\n"
        # HMAC by its definition (RFC 2104): OpenSSL's own takes twice as long to begin.
        secret = signing_key(key.secret_access_key, claim.date, claim.region, claim.service)
        padded = secret.ljust(SHA256_BLOCK_BYTES, b"\0")
        self._inner = sha256(padded.translate(_INNER_PAD) + _ALGORITHM + b"\n")
        self._outer = sha256(padded.translate(_OUTER_PAD))

    def sign(self, stamp: bytes, canonical: bytes) -> bytes:
        """The signature, in hexadecimal, of a canonical request at that time."""
        inner = self._inner.copy()
        inner.update(stamp + self._scope + sha256(canonical).hexdigest().encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.hexdigest().encode()

    def canonical_of(self, asked: Asked) -> bytes | None:
        """The canonical request; None where only the ordinary way knows it."""
        headers = asked.headers
        form = tuple(headers)
        if form not in self._forms and not self._takes(form):
            return None
        values = [headers[name] for name in self.names]
        hashed = headers[b"x-amz-content-sha256"]
        query = b""
        if asked.query:
            query = canonical_query(asked.query.decode("latin-1")).encode("latin-1")
        canonical: bytes = self.canonical % (asked.method, asked.path, query, *values, hashed)
        # Spaces of values are collapsed before they are signed: those are looked for here.
        if b"  " in canonical or b"\t" in canonical or b" \n" in canonical or b": " in canonical:
            return None
        return canonical

    def _takes(self, form: tuple[bytes, ...]) -> bool:
        """Whether these headers are there that must be, and none unsigned that must be signed."""
        if not self._signed.union(NEEDED).issubset(form):
            return False
        if any(name.startswith(b"x-amz-") and name not in self._signed for name in form):
            return False
        if len(self._forms) < MAX_FORMS:
            self._forms.add(form)
        return True


class LaneAuth:
    """Who signed a request to one service."""

    def __init__(self, env: Env, service: str, on_use: Callable[[Credential], None]) -> None:
        """`on_use` hears about a credential in use, about once a second."""
        self._env = env
        self._service = service
        self._on_use = on_use
        self._known: dict[_Name, Credential] = {}
        self._seconds: dict[bytes, int] = {}

    def forget(self) -> None:
        """Drop every credential: identity was changed."""
        self._known.clear()

    def find(self, asked: Asked) -> Credential | None:
        """The verified signer of `asked`, whose signature and payload hash are in its headers."""
        headers = asked.headers
        authorization = headers.get(b"authorization")
        if authorization is None or not _is_canonical(asked.path):
            return None
        name = self.name_of(headers)
        credential = self._known.get(name)
        if credential is None or self._env.clock.monotonic_s() > credential.until_s:
            return self._learn(asked, name)
        stamp = headers.get(b"x-amz-date", b"")
        canonical = credential.canonical_of(asked)
        if canonical is None or not self._is_timely(stamp, credential):
            return None
        given = authorization[-SIGNATURE_CHARACTERS:]
        return credential if compare_digest(credential.sign(stamp, canonical), given) else None

    def name_of(self, headers: dict[bytes, bytes]) -> _Name:
        """Under what the signer of such a request is remembered."""
        token = headers.get(b"x-amz-security-token")
        return headers[b"authorization"][:-SIGNATURE_CHARACTERS], token

    def recall(self, name: _Name, stamp: bytes) -> Credential | None:
        """A signer that is remembered and may sign at that time."""
        credential = self._known.get(name)
        if credential is None or self._env.clock.monotonic_s() > credential.until_s:
            return None
        return credential if self._is_timely(stamp, credential) else None

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

    def _learn(self, asked: Asked, name: _Name) -> Credential | None:
        """Let the stock functions verify, and remember whom they found."""
        request = request_of_asked(asked)
        declared = request.headers.get("x-amz-content-sha256")
        if declared is None or not name[0].endswith(b"Signature="):
            return None
        try:
            claim = find_claim(request)
            if claim is None or claim.presigned or not all(map(_TOKEN, claim.signed_headers)):
                return None
            key = run_now(find_caller(self._env, claim, self._service)).key
            if key is None:
                return None
            require_signed_amz_headers(request, claim)
            verify(request, claim, key, declared)
        except (VolanoError, NotNow):
            return None
        credential = Credential(key, claim, self._env.clock.monotonic_s() + BELIEVED_S)
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._on_use(credential)
        self._known[name] = credential
        return credential


def _is_canonical(path: bytes) -> bool:
    """Whether the path is signed as it stands."""
    if is_plain_path(path):
        return True
    text = path.decode("latin-1")
    return s3_path(text) == text


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
