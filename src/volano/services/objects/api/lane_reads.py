"""GetObject and HeadObject of small objects on the fast lane (wire/lane.py).

The first read of a key is the stock handler's (lane_learning.py). The next reads verify, decide,
read the blob (every byte is compared with its checksum when it comes from the disk) and send the
same lines with a new request id. What was remembered is compared with the object's row after any
commit that wrote objects, and dropped after any that wrote other tables of S3. Whatever fails or is
unusual goes the ordinary way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from volano.kernel.errors import VolanoError
from volano.services.objects.api.lane_calls import call_of_lane
from volano.services.objects.api.lane_learning import MODES, TOLD, ReadName, learn_read
from volano.services.objects.logic.metering import READ, count_bytes_out, count_request
from volano.services.objects.logic.versions import get_item
from volano.wire.action import find_action
from volano.wire.aws.lane_auth import EMPTY, UNSIGNED_PAYLOAD
from volano.wire.aws.lane_links import MARK
from volano.wire.aws.lane_repeats import Repeats
from volano.wire.call_log import CallLog
from volano.wire.lane import Answer, NotNow, run_now

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.lane_buckets import LaneBuckets, LaneCaller
    from volano.services.objects.api.lane_learning import KnownRead
    from volano.services.objects.model import Bucket
    from volano.wire.action import Action
    from volano.wire.aws.lane_auth import Credential
    from volano.wire.lane import Asked

MAX_REMEMBERED = 8192
"""Reads that are remembered (about 1.5 KB each)."""
MAX_TOLD_BYTES = 256
"""Of a header that an answer depends on: it is remembered with the answer."""
MAX_KEPT_BYTES = 16 * 1024 * 1024
"""Of the bodies of remembered reads."""
OPERATIONS = {b"GET": "s3:GetObject", b"HEAD": "s3:HeadObject"}
LINK_TAKEN = frozenset(
    {
        *TOLD[1:],
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"amz-sdk-invocation-id",
        b"amz-sdk-request",
        b"cache-control",
        b"connection",
        b"host",
        b"pragma",
        b"user-agent",
    }
)
"""Headers of a presigned read that the lane takes."""
TAKEN = LINK_TAKEN | frozenset(
    {
        b"authorization",
        TOLD[0],
        b"x-amz-content-sha256",
        b"x-amz-date",
        b"x-amz-security-token",
        b"x-amz-user-agent",
    }
)
"""Headers of a signed read that the lane takes."""
HASHES = (EMPTY, UNSIGNED_PAYLOAD)


class _Kind(NamedTuple):
    """Reads of one method."""

    action: Action
    log: CallLog


class _Again:
    """Reads of one client, which differ only in their keys."""

    __slots__ = ("_lane", "client_ip", "name", "repeats", "user_agent")

    def __init__(
        self, lane: LaneReads, repeats: Repeats, name: ReadName, caller: LaneCaller
    ) -> None:
        """`name` is that of one of these reads."""
        self.repeats = repeats
        self.name = name
        self.client_ip = caller.source_ip
        self.user_agent = caller.user_agent
        self._lane = lane

    @property
    def method(self) -> bytes:
        return self.name.method

    def fits(self, data: bytes) -> bool:
        return self.repeats.fits(data)

    def answer(self, data: bytes) -> Answer | None:
        return self._lane.answer_again(self, data)


class LaneReads:
    """The lane of GET and HEAD."""

    def __init__(self, env: Env, buckets: LaneBuckets) -> None:
        self._env = env
        self._buckets = buckets
        self._known: dict[tuple[bytes, ...], KnownRead] = {}
        """By `ReadName`."""
        self._settings = -1
        self._kept_bytes = 0
        self._kinds: dict[bytes, _Kind] = {}
        for method, operation in OPERATIONS.items():
            action = find_action(operation)
            if action is not None:
                self._kinds[method] = _Kind(action, CallLog(env, action, "aws"))

    def answer(self, asked: Asked) -> Answer | None:
        began_s = self._env.clock.monotonic_s()
        credential = self._signer(asked)
        kind = self._kinds.get(asked.method)
        if credential is None or kind is None:
            return None
        headers = asked.headers
        told = [headers.get(header) for header in TOLD]
        if not all(value is None or 0 < len(value) <= MAX_TOLD_BYTES for value in told):
            return None
        host = headers.get(b"host", b"")
        name = ReadName(asked.method, host, asked.path, *[value or b"" for value in told])
        known = self._recall(name)
        bucket = self._bucket_of(name) if known is None else known.bucket
        if bucket is None or not self._buckets.may(credential, bucket, kind.action.permission):
            return None
        caller = self._buckets.caller_of(asked, credential)
        if known is not None:
            body = self._read(known)
        else:
            call = call_of_lane(self._env, asked, caller)
            known, body = self._learn(name, bucket, kind.action, call) or (None, None)
        if known is None or body is None:
            return None
        answer = self._tell(kind.log, caller, known, body, began_s)
        return answer._replace(again=self._again(asked, credential, name, caller))

    def _signer(self, asked: Asked) -> Credential | None:
        headers = asked.headers
        if MARK in asked.query:
            return self._buckets.signer_of_link(asked) if LINK_TAKEN.issuperset(headers) else None
        if not TAKEN.issuperset(headers) or headers.get(b"x-amz-content-sha256") not in HASHES:
            return None
        return self._buckets.signer(asked)

    def _again(
        self, asked: Asked, credential: Credential, name: ReadName, caller: LaneCaller
    ) -> _Again | None:
        if not asked.data or asked.query:
            return None
        return _Again(self, Repeats(asked, credential, self._buckets.auth), name, caller)

    def answer_again(self, again: _Again, data: bytes) -> Answer | None:
        """The answer to a read of a remembered key by a request that repeats others."""
        began_s = self._env.clock.monotonic_s()
        found = self._buckets.signer_again(again.repeats, data)
        if found is None:
            return None
        credential = found.credential
        method, host, _, *told = again.name
        kind = self._kinds[method]
        known = self._recall((method, host, found.path, *told))
        if known is None:
            return None
        if not self._buckets.may(credential, known.bucket, kind.action.permission):
            return None
        body = self._read(known)
        if body is None:
            return None
        caller = self._buckets.caller(credential, again.client_ip, again.user_agent)
        return self._tell(kind.log, caller, known, body, began_s)

    def _tell(
        self, log: CallLog, caller: LaneCaller, known: KnownRead, body: bytes, began_s: float
    ) -> Answer:
        """The answer, counted and audited."""
        log.add(caller, known.resource, self._env.clock.monotonic_s() - began_s)
        return Answer(known.status, caller.request_id.encode().join(known.lines), body)

    def _bucket_of(self, name: ReadName) -> Bucket | None:
        bucket, key = self._buckets.named(name.host, name.path)
        found = self._buckets.find(bucket) if key and name.checksum_mode in MODES else None
        return None if found is None else found.bucket

    def _read(self, known: KnownRead) -> bytes | None:
        """The bytes, counted as the stock handler counts them; None when they are not at hand."""
        env = self._env
        body = known.body
        if body is None:
            assert known.blob is not None
            body = env.bytes.read_now(known.blob)
            if body is None:
                return None
            body = body[known.span]
            self._keep(known, body)
        count_request(env, known.bucket, READ)
        count_bytes_out(env, known.bucket, len(body))
        return body

    def _keep(self, known: KnownRead, body: bytes) -> None:
        """Keep the bytes of what is read often; a blob never changes."""
        if self._kept_bytes + len(body) > MAX_KEPT_BYTES:
            self._kept_bytes = 0
            for each in self._known.values():
                each.body = None if each.blob else b""
        self._kept_bytes += len(body)
        known.body = body

    def _recall(self, name: tuple[bytes, ...]) -> KnownRead | None:
        """What is remembered of a key whose row is still the same."""
        settings, changes = self._buckets.setting_changes, self._buckets.object_changes
        if settings != self._settings:
            self._forget_all()
            self._settings = settings
        known = self._known.get(name)
        if known is None or known.seen == changes:
            return known
        try:
            now = run_now(get_item(self._env.store.reader, known.bucket, known.item.key))
        except (VolanoError, NotNow):
            now = None
        if now != known.item:
            self._kept_bytes -= len(known.body or b"")
            del self._known[name]
            return None
        known.seen = changes
        return known

    def _forget_all(self) -> None:
        self._known.clear()
        self._kept_bytes = 0

    def _learn(
        self, name: ReadName, bucket: Bucket, action: Action, call: Call
    ) -> tuple[KnownRead, bytes] | None:
        changes = self._buckets.object_changes
        key = self._buckets.named(name.host, name.path)[1]
        learned = learn_read(self._env, call, action, bucket, key, name)
        if learned is not None:
            if len(self._known) >= MAX_REMEMBERED:
                self._forget_all()
            learned[0].seen = changes
            self._known[name] = learned[0]
        return learned
