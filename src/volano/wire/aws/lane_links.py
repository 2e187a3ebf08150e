"""Presigned links on the fast lane: verified by the stock functions, then remembered for a second.

The same link is often followed many times, by many clients. Only links are taken whose query is
the signature alone, and of which nothing but the Host header is signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.wire.aws.caller import find_caller
from volano.wire.aws.lane_auth import BELIEVED_S, MAX_KNOWN, Credential, request_of_asked
from volano.wire.aws.sigv4 import UNSIGNED, find_claim, seconds_of_stamp, verify
from volano.wire.lane import NotNow, run_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.kernel.call import Env
    from volano.wire.lane import Asked

MARK = b"X-Amz-Signature="
_NEEDED = frozenset(
    {
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
    }
)
_TAKEN = _NEEDED | {"X-Amz-Security-Token", "x-id"}
_Name = tuple[bytes, bytes, bytes, bytes]
"""Method, Host, path and query."""


class LaneLinks:
    """Who signed the links to one service."""

    def __init__(self, env: Env, service: str, on_use: Callable[[Credential], None]) -> None:
        """`on_use` hears about a credential in use, about once a second for each link."""
        self._env = env
        self._service = service
        self._on_use = on_use
        self._known: dict[_Name, tuple[Credential, int]] = {}
        """Signers, and when their links are over, in microseconds since 1970."""

    def forget(self) -> None:
        """Drop every link: identity was changed."""
        self._known.clear()

    def find(self, asked: Asked) -> Credential | None:
        """The verified signer of a link, followed without any header that S3 would look at."""
        name = (asked.method, asked.headers.get(b"host", b""), asked.path, asked.query)
        known = self._known.get(name)
        if known is not None:
            credential, over_us = known
            is_believed = self._env.clock.monotonic_s() <= credential.until_s
            if is_believed and self._env.clock.now_us() < over_us:
                return credential
        return self._learn(asked, name)

    def _learn(self, asked: Asked, name: _Name) -> Credential | None:
        request = request_of_asked(asked)
        names = [key for key, _ in request.query]
        if not _NEEDED <= set(names) <= _TAKEN or len(set(names)) != len(names):
            return None
        try:
            claim = find_claim(request)
            if claim is None or claim.version != 4 or claim.signed_headers != ("host",):
                return None
            key = run_now(find_caller(self._env, claim, self._service)).key
            if key is None:
                return None
            verify(request, claim, key, UNSIGNED)
        except (VolanoError, NotNow):
            return None
        over_us = (seconds_of_stamp(claim.timestamp) + claim.expires_s) * 1_000_000
        if key.expires_us is not None:
            over_us = min(over_us, key.expires_us)
        credential = Credential(key, claim, self._env.clock.monotonic_s() + BELIEVED_S)
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._on_use(credential)
        self._known[name] = credential, over_us
        return credential
