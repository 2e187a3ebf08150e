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
    TRAILER,
    claims_of,
    frames_of,
)
from volano.services.objects.logic.descriptions import require_description
from volano.services.objects.logic.metering import WRITE, count_request
from volano.services.objects.logic.names import require_key
from volano.services.objects.logic.put_rows import NewObject
from volano.services.objects.model import Description
from volano.wire.action import find_action, record_call
from volano.wire.lane import Answer

if TYPE_CHECKING:
    import asyncio

    from volano.kernel.call import Env
    from volano.services.objects.api.lane_bodies import Claims, Frames
    from volano.services.objects.api.lane_buckets import LaneBuckets, LaneCaller
    from volano.services.objects.logic.put_groups import PutGroups
    from volano.services.objects.model import Bucket
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
        b"content-md5",
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
        TRAILER,
        *CHECKSUMS,
        *CONTENT,
    }
)
"""Headers of a write that the lane understands, or that change nothing."""


class LaneWrites:
    """The lane of PUT."""

    def __init__(self, env: Env, buckets: LaneBuckets, groups: PutGroups) -> None:
        self.env = env
        self.groups = groups
        self.action = find_action("s3:PutObject")
        self.host_id = f"volano/{env.region.name}"
        self._buckets = buckets

    def begin(self, asked: Asked) -> PutUpload | None:
        """The upload that a head announces."""
        headers = asked.headers
        described = _description_of(headers)
        claims = claims_of(headers)
        length = headers.get(DECODED_LENGTH) or headers.get(b"content-length", b"0")
        if described is None or claims is None or self.action is None or length == b"0":
            return None
        began_s = self.env.clock.monotonic_s()
        buckets = self._buckets
        credential = buckets.signer(asked)
        if credential is None:
            return None
        name, key = buckets.named(headers.get(b"host", b""), asked.path)
        found = buckets.find(name) if key else None
        if found is None or not found.settings <= HARMLESS_SETTINGS:
            return None
        if not buckets.may(credential, found.bucket, self.action.permission):
            return None
        try:
            require_key(key)
            require_description(described)
        except VolanoError:
            return None
        frames = frames_of(asked, credential) if claims.is_streaming else None
        if claims.is_streaming and frames is None:
            return None
        caller = buckets.caller_of(asked, credential)
        body = Body(claims, frames)
        return PutUpload(self, found.bucket, key, described, body, caller, began_s)


class Body(NamedTuple):
    """What is known of a body before it comes."""

    claims: Claims
    frames: Frames | None


class PutUpload:
    """One put whose body is on its way."""

    __slots__ = (
        "_began_s",
        "_body",
        "_bucket",
        "_caller",
        "_description",
        "_key",
        "_lane",
        "_new",
    )

    limit_bytes = SMALL_BYTES

    def __init__(
        self,
        lane: LaneWrites,
        bucket: Bucket,
        key: str,
        description: Description,
        body: Body,
        caller: LaneCaller,
        began_s: float,
    ) -> None:
        self._lane = lane
        self._bucket = bucket
        self._key = key
        self._description = description
        self._body = body
        self._caller = caller
        self._began_s = began_s
        self._new: NewObject | None = None

    def put(self, body: bytes) -> asyncio.Future[bool] | None:
        hashed = self._body.claims.take(body, self._body.frames)
        if hashed is None:
            return None
        lane = self._lane
        self._new = NewObject(
            bucket=self._bucket,
            key=self._key,
            etag=hashed.md5_hex,
            modified_us=lane.env.clock.now_us(),
            description=self._description,
            checksum=hashed.checksum,
        )
        return lane.groups.put(self._new, hashed.body)

    def answer(self) -> Answer:
        lane, caller, new = self._lane, self._caller, self._new
        assert new is not None
        assert lane.action is not None
        count_request(lane.env, new.bucket, WRITE)
        record_call(
            lane.env,
            lane.action,
            caller,
            resource=f"arn:aws:s3:::{new.bucket.name}/{new.key}",
            took_s=lane.env.clock.monotonic_s() - self._began_s,
        )
        checksum = new.checksum
        lines = (
            f'etag: "{new.etag}"\r\n'
            f"x-amz-checksum-{checksum.algorithm.lower()}: {checksum.value}\r\n"
            f"x-amz-checksum-type: {checksum.kind}\r\n"
            f"x-amz-request-id: {caller.request_id}\r\n"
            f"x-amz-id-2: {lane.host_id}\r\n"
            f"x-request-id: {caller.request_id}\r\n"
            "content-length: 0\r\n"
        )
        return Answer(200, lines.encode())


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
        if not value.isascii() or not key.isascii():
            return None
        if value or target is metadata:
            target[key] = value.decode("ascii")
    return Description(headers=content, metadata=metadata)
