"""GetObject and HeadObject of small objects on the fast lane (wire/lane.py).

The first read of a key runs the stock handler and codec and remembers their header lines, when
the next read would give the same (lane_buckets.py) and the bytes are those that lie in the blob.
The next reads verify, decide, read the blob (every byte is compared with its checksum) and send the
same lines with a new request id. What was remembered is compared with the object's row after any
commit that wrote objects, and dropped after any that wrote other tables of S3. Whatever fails or is
unusual goes the ordinary way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import VolanoError
from volano.services.objects.api.lane_calls import call_of_lane
from volano.services.objects.logic.metering import BYTES_OUT, READ, counts_of
from volano.services.objects.logic.storage_classes import ARCHIVES
from volano.services.objects.logic.versions import get_item
from volano.wire.action import find_action, record_call, resource_of
from volano.wire.aws.catalog import get_codec, get_service
from volano.wire.aws.lane_auth import EMPTY, UNSIGNED_PAYLOAD
from volano.wire.aws.lane_repeats import Repeats
from volano.wire.lane import Answer, NotNow, run_now

if TYPE_CHECKING:
    from volano.kernel.bytes import Blob
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.lane_buckets import LaneBuckets, LaneCaller
    from volano.services.objects.model import Bucket, StoredObject
    from volano.wire.action import Action
    from volano.wire.http import Response
    from volano.wire.lane import Asked

SMALL_BYTES = 64 * 1024
MAX_REMEMBERED = 8192
"""Reads that are remembered (about 1.5 KB each)."""
MAX_KEPT_BYTES = 16 * 1024 * 1024
"""Of the bodies of remembered reads."""
OPERATIONS = {b"GET": "GetObject", b"HEAD": "HeadObject"}
TAKEN = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"amz-sdk-invocation-id",
        b"amz-sdk-request",
        b"authorization",
        b"cache-control",
        b"connection",
        b"host",
        b"pragma",
        b"user-agent",
        b"x-amz-checksum-mode",
        b"x-amz-content-sha256",
        b"x-amz-date",
        b"x-amz-security-token",
        b"x-amz-user-agent",
    }
)
"""Headers of a read that the lane understands, or that change nothing."""
_HASHES = (EMPTY, UNSIGNED_PAYLOAD)
_MODES = {b"": None, b"ENABLED": "ENABLED"}
_Name = tuple[bytes, bytes, bytes, bytes]
"""Method, Host, path and checksum mode."""
_ID = "\0id\0"
"""Stands where the request id goes; no header can hold it."""


class _Known:
    """What a read of a key is answered with, as long as its row is `item`."""

    __slots__ = ("blob", "body", "bucket", "item", "lines", "resource", "seen")

    def __init__(
        self,
        bucket: Bucket,
        item: StoredObject,
        *,
        resource: str,
        blob: Blob | None,
        lines: list[bytes],
        seen: int,
    ) -> None:
        self.bucket = bucket
        self.item = item
        self.resource = resource
        self.blob = blob
        """None for an answer without a body."""
        self.lines = lines
        """Header lines, to be joined by the request id."""
        self.seen = seen
        """The count of changes at which the row was last compared."""
        self.body = None if blob else b""
        """The blob's bytes, when they were read twice and there was room for them."""


class _Again:
    """Reads of one client, which differ only in their keys."""

    __slots__ = ("_lane", "client_ip", "host", "method", "mode", "repeats", "user_agent")

    def __init__(
        self, lane: LaneReads, repeats: Repeats, name: _Name, client_ip: str, user_agent: str
    ) -> None:
        self.repeats = repeats
        self.method, self.host, _, self.mode = name
        self.client_ip = client_ip
        self.user_agent = user_agent
        self._lane = lane

    def fits(self, data: bytes) -> bool:
        return self.repeats.fits(data)

    def answer(self, data: bytes) -> Answer | None:
        return self._lane.answer_again(self, data)


class LaneReads:
    """The lane of GET and HEAD."""

    def __init__(self, env: Env, buckets: LaneBuckets) -> None:
        self._env = env
        self._buckets = buckets
        self._known: dict[_Name, _Known] = {}
        self._settings = -1
        self._kept_bytes = 0
        self._host_id = f"volano/{env.region.name}"
        self._actions = {method: find_action(f"s3:{name}") for method, name in OPERATIONS.items()}

    def answer(self, asked: Asked) -> Answer | None:
        method, path, _, headers, *_ = asked
        if not TAKEN.issuperset(headers) or headers.get(b"x-amz-content-sha256") not in _HASHES:
            return None
        began_s = self._env.clock.monotonic_s()
        buckets = self._buckets
        credential = buckets.signer(asked)
        action = self._actions[method]
        if credential is None or action is None:
            return None
        name = (method, headers.get(b"host", b""), path, headers.get(b"x-amz-checksum-mode", b""))
        known = self._recall(name)
        bucket = self._bucket_of(name) if known is None else known.bucket
        if bucket is None or not buckets.may(credential, bucket, action.permission):
            return None
        caller = buckets.caller_of(asked, credential)
        if known is not None:
            body = self._read(known)
        else:
            call = call_of_lane(self._env, asked, caller)
            known, body = self._learn(name, bucket, action, call) or (None, None)
        if known is None or body is None:
            return None
        again = None
        if asked.data:
            repeats = Repeats(asked, credential, buckets.auth)
            again = _Again(self, repeats, name, asked.client_ip, caller.user_agent)
        return self._tell(action, caller, known, body, began_s)._replace(again=again)

    def answer_again(self, again: _Again, data: bytes) -> Answer | None:
        """The answer to a read of a remembered key by a request that repeats others."""
        began_s = self._env.clock.monotonic_s()
        found = self._buckets.signer_again(again.repeats, data)
        action = self._actions[again.method]
        if found is None or action is None:
            return None
        path, credential = found
        known = self._recall((again.method, again.host, path, again.mode))
        if known is None or not self._buckets.may(credential, known.bucket, action.permission):
            return None
        body = self._read(known)
        if body is None:
            return None
        caller = self._buckets.caller(credential, again.client_ip, again.user_agent)
        return self._tell(action, caller, known, body, began_s)

    def _tell(
        self, action: Action, caller: LaneCaller, known: _Known, body: bytes, began_s: float
    ) -> Answer:
        """The answer, counted and audited."""
        took_s = self._env.clock.monotonic_s() - began_s
        record_call(self._env, action, caller, resource=known.resource, took_s=took_s)
        return Answer(200, caller.request_id.encode().join(known.lines), body)

    def _bucket_of(self, name: _Name) -> Bucket | None:
        bucket, key = self._buckets.named(name[1], name[2])
        found = self._buckets.find(bucket) if key and name[3] in _MODES else None
        return None if found is None else found.bucket

    def _read(self, known: _Known) -> bytes | None:
        """The same with the bytes, counted as the stock handler counts."""
        env = self._env
        body = known.body
        if body is None:
            assert known.blob is not None
            body = env.bytes.read_now(known.blob)
            if body is None:
                return None
            self._keep(known, body)
        counts = counts_of(env)
        counts.add(env, known.bucket, READ)
        if body:
            counts.add(env, known.bucket, BYTES_OUT, len(body))
        return body

    def _keep(self, known: _Known, body: bytes) -> None:
        """Keep the bytes of what is read often; a blob never changes."""
        if self._kept_bytes + len(body) > MAX_KEPT_BYTES:
            self._kept_bytes = 0
            for each in self._known.values():
                each.body = None if each.blob else b""
        self._kept_bytes += len(body)
        known.body = body

    def _recall(self, name: _Name) -> _Known | None:
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
        self, name: _Name, bucket: Bucket, action: Action, call: Call
    ) -> tuple[_Known, bytes] | None:
        """Let the stock handler answer; remember it when it read just the blob's bytes.

        None when it cannot be answered here; then the handler has counted nothing.
        """
        changes = self._buckets.object_changes
        key = self._buckets.named(name[1], name[2])[1]
        request = {"Bucket": bucket.name, "Key": key, "ChecksumMode": _MODES[name[3]]}
        try:
            item = run_now(get_item(self._env.store.reader, bucket, key))
            data = self._data_of(name[0], item)
            service = run_now(get_service("s3"))
            codec = run_now(get_codec(service, action.operation, "rest-xml"))
            if data is None:
                return None
            handling: Any = action.handler(self._env, call, request)
            result: dict[str, Any] = run_now(handling)
        except (VolanoError, NotNow):
            return None
        response = codec.write(result, _ID)
        if response.status != 200 or response.body != data:
            return None
        resource = resource_of(action, call, request)
        if len(self._known) >= MAX_REMEMBERED:
            self._forget_all()
        known = self._known[name] = _Known(
            bucket,
            item,
            resource=resource,
            blob=item.blob if data else None,
            lines=self._lines(response),
            seen=changes,
        )
        return known, data

    def _data_of(self, method: bytes, item: StoredObject) -> bytes | None:
        """The bytes in a plain small object's blob; b'' for HEAD, None when they are elsewhere."""
        said = item.description
        if said.encryption is not None or said.storage_class in ARCHIVES or item.part_count:
            return None
        if method == b"HEAD" or not item.size_bytes:
            return b""
        if item.blob is None or item.blob.size_bytes > SMALL_BYTES:
            return None
        return self._env.bytes.read_now(item.blob)

    def _lines(self, response: Response) -> list[bytes]:
        """The header lines as gateway, server and `send_response` write them."""
        pairs = [
            *response.headers,
            ("x-amz-request-id", _ID),
            ("x-amz-id-2", self._host_id),
            ("x-request-id", _ID),
        ]
        if response.header("content-length") is None:
            pairs.append(("content-length", str(len(response.body))))  # type: ignore[arg-type]  # it is bytes
        text = "".join(f"{name.lower()}: {value}\r\n" for name, value in pairs)
        assert text.count("\n") == text.count("\r") == len(pairs), "a header has a line break"
        return [part.encode("latin-1") for part in text.split(_ID)]
