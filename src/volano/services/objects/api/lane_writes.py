"""PutObject of small objects on the fast lane (wire/lane.py).

The head is verified and decided before the body is asked for; the body is unframed and hashed here
(a few microseconds) and written with all others that come at the same time (logic/put_groups.py). A
header that this page does not name, a checksum that does not match, a bucket with settings: all
that goes the ordinary way, with the body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from volano.kernel.errors import VolanoError
from volano.services.objects.api.lane_bodies import (
    ALGORITHM,
    CHECKSUMS,
    DECODED_LENGTH,
    ENCODING,
    MD5,
    TRAILER,
    claims_of,
    frames_of,
)
from volano.services.objects.logic.descriptions import require_description
from volano.services.objects.logic.metering import WRITE, count_request
from volano.services.objects.logic.names import require_key
from volano.services.objects.logic.put_rows import NewObject
from volano.services.objects.model import Description, Put
from volano.services.objects.store.text import checksum_to_text, headers_to_text
from volano.wire.action import find_action
from volano.wire.aws.lane_auth import is_plain_path
from volano.wire.aws.lane_repeats import LENGTH, PAYLOAD, Repeats
from volano.wire.call_log import CallLog
from volano.wire.lane import Answer

if TYPE_CHECKING:
    import asyncio

    from volano.kernel.call import Env
    from volano.services.objects.api.lane_bodies import Claims, Frames
    from volano.services.objects.api.lane_buckets import LaneBuckets, LaneCaller
    from volano.services.objects.logic.put_groups import PutGroups
    from volano.services.objects.model import Bucket, Checksum
    from volano.wire.aws.lane_auth import Credential
    from volano.wire.lane import Asked

SMALL_BYTES = 64 * 1024
HARMLESS_SETTINGS = frozenset({"tags", "cors"})
"""Settings of a bucket that change nothing about a put."""
CONTENT = {
    b"cache-control": "CacheControl",
    b"content-disposition": "ContentDisposition",
    b"content-language": "ContentLanguage",
    b"content-type": "ContentType",
}
METADATA = b"x-amz-meta-"
TAKEN = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"amz-sdk-invocation-id",
        b"amz-sdk-request",
        b"authorization",
        b"connection",
        b"content-length",
        b"expect",
        b"host",
        b"transfer-encoding",
        b"user-agent",
        b"x-amz-content-sha256",
        b"x-amz-date",
        b"x-amz-security-token",
        b"x-amz-user-agent",
        ALGORITHM,
        DECODED_LENGTH,
        ENCODING,
        MD5,
        TRAILER,
        *CHECKSUMS,
        *CONTENT,
    }
)
"""Headers of a write that the lane understands, or that change nothing."""


DIFFERING = frozenset({LENGTH, MD5, PAYLOAD, *CHECKSUMS})
"""Headers in which the puts of one client differ."""


class _Put(NamedTuple):
    """What is known of a put before its body is taken."""

    bucket: Bucket
    key: str
    headers: str
    """Of the object, as its row has them."""
    claims: Claims
    frames: Frames | None
    caller: LaneCaller
    began_s: float


class LaneWrites:
    """The lane of PUT."""

    def __init__(self, env: Env, buckets: LaneBuckets, groups: PutGroups) -> None:
        action = find_action("s3:PutObject")
        assert action is not None
        self.env = env
        self.groups = groups
        self.log = CallLog(env, action, "aws")
        self.host_id = f"volano/{env.region.name}"
        self._permission = action.permission
        self._buckets = buckets

    def begin(self, asked: Asked) -> PutUpload | None:
        """The upload that a head announces."""
        headers = asked.headers
        described = _description_of(headers)
        claims = claims_of(headers)
        length = headers.get(DECODED_LENGTH) or headers.get(b"content-length", b"0")
        if described is None or claims is None or length == b"0":
            return None
        began_s = self.env.clock.monotonic_s()
        buckets = self._buckets
        credential = buckets.signer(asked)
        if credential is None:
            return None
        name, key = buckets.named(headers.get(b"host", b""), asked.path)
        bucket = self._bucket(name, credential)
        if bucket is None or not _is_taken(key, described):
            return None
        frames = frames_of(asked, credential) if claims.is_streaming else None
        if claims.is_streaming and frames is None:
            return None
        caller = buckets.caller_of(asked, credential)
        put = _Put(bucket, key, headers_to_text(described), claims, frames, caller, began_s)
        return PutUpload(self, put, self._again(asked, credential, put))

    def _bucket(self, name: str, credential: Credential) -> Bucket | None:
        """A plain bucket into which the signer may put everything."""
        found = self._buckets.find(name)
        if found is None or not found.settings <= HARMLESS_SETTINGS:
            return None
        is_allowed = self._buckets.may(credential, found.bucket, self._permission)
        return found.bucket if is_allowed else None

    def _again(self, asked: Asked, credential: Credential, put: _Put) -> _Again | None:
        if not asked.data or put.claims.is_streaming or not is_plain_path(asked.path):
            return None
        differing = DIFFERING if put.claims.sha256 else DIFFERING - {PAYLOAD}
        repeats = Repeats(asked, credential, self._buckets.auth, differing)
        return _Again(self, repeats, asked.path.removesuffix(put.key.encode()), put)

    def begin_again(self, again: _Again, data: bytes) -> PutUpload | None:
        """The upload of a request that repeats others."""
        began_s = self.env.clock.monotonic_s()
        found = self._buckets.signer_again(again.repeats, data)
        if found is None or not found.body or not is_plain_path(found.path):
            return None
        like, key = again.like, found.path[len(again.base) :].decode("ascii")
        if not found.path.startswith(again.base) or not _is_key(key):
            return None
        bucket = self._bucket(like.bucket.name, found.credential)
        if bucket is None:
            return None
        caller = self._buckets.caller(
            found.credential, like.caller.source_ip, like.caller.user_agent
        )
        claims = like.claims.of(found.values)
        return PutUpload(self, _Put(bucket, key, like.headers, claims, None, caller, began_s))


class _Again:
    """Puts of one client, which differ in their keys and bodies."""

    __slots__ = ("_lane", "base", "like", "repeats")

    def __init__(self, lane: LaneWrites, repeats: Repeats, base: bytes, like: _Put) -> None:
        """`base` is what stands before the key in a path, `like` one of these puts."""
        self._lane = lane
        self.repeats = repeats
        self.base = base
        self.like = like

    @property
    def method(self) -> bytes:
        return self.repeats.method

    def fits(self, data: bytes) -> bool:
        return self.repeats.fits(data)

    def answer(self, data: bytes) -> PutUpload | None:
        return self._lane.begin_again(self, data)


class PutUpload:
    """One put whose body is on its way."""

    __slots__ = ("_again", "_checksum", "_lane", "_new", "_put")

    limit_bytes = SMALL_BYTES

    def __init__(self, lane: LaneWrites, put: _Put, again: _Again | None = None) -> None:
        self._lane = lane
        self._put = put
        self._again = again
        self._new: NewObject | None = None
        self._checksum: Checksum | None = None

    def put(self, body: bytes) -> asyncio.Future[bool] | None:
        lane, put = self._lane, self._put
        hashed = put.claims.take(body, put.frames)
        if hashed is None:
            return None
        now_us = lane.env.clock.now_us()
        checksum = self._checksum = hashed.checksum
        told = Put(
            put.bucket.id,
            put.key,
            hashed.md5_hex,
            now_us,
            checksum_to_text(checksum),
            put.headers,
        )
        self._new = NewObject(put.bucket, told)
        return lane.groups.put(self._new, hashed.body)

    def answer(self) -> Answer:
        lane, put, new, checksum = self._lane, self._put, self._new, self._checksum
        assert new is not None
        assert checksum is not None
        env, request_id = lane.env, put.caller.request_id
        count_request(env, put.bucket, WRITE)
        resource = f"arn:aws:s3:::{put.bucket.name}/{put.key}"
        lane.log.add(put.caller, resource, env.clock.monotonic_s() - put.began_s)
        lines = (
            f'ETag: "{new.put.etag}"\r\n'
            f"x-amz-checksum-{checksum.algorithm.lower()}: {checksum.value}\r\n"
            f"x-amz-checksum-type: {checksum.kind}\r\n"
            f"x-amz-request-id: {request_id}\r\n"
            f"x-amz-id-2: {lane.host_id}\r\n"
            f"x-request-id: {request_id}\r\n"
            "Content-Length: 0\r\n"
        )
        return Answer(200, lines.encode(), again=self._again)


def _is_taken(key: str, described: Description) -> bool:
    """Whether S3 takes the key and what is said of the object."""
    try:
        require_description(described)
    except VolanoError:
        return False
    return _is_key(key)


def _is_key(key: str) -> bool:
    try:
        require_key(key)
    except VolanoError:
        return False
    return True


def _description_of(headers: dict[bytes, bytes]) -> Description | None:
    """What the headers say of the object; None when one of them is not understood here."""
    content: dict[str, str] = {}
    metadata: dict[str, str] = {}
    for name, value in headers.items():
        if name in CONTENT:
            target, key = content, CONTENT[name]
        elif name.startswith(METADATA):
            target, key = metadata, name[len(METADATA) :].decode("latin-1")
        elif name in TAKEN:
            continue
        else:
            return None
        if not value.isascii() or not key.isascii() or (target is metadata and b"=?" in value):
            return None
        if value or target is metadata:
            target[key] = value.decode("ascii")
    return Description(headers=content, metadata=metadata)
