"""What the lane of reads remembers of a key, learned from the stock handler and codec.

Only answers whose bytes are those of the blob as it lies on the disk are learned, so nothing that
is encrypted, archived or in parts; their header lines are kept as gateway and server write them.
Ranges are learned as well, and that a client's copy is still good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from volano.kernel.errors import VolanoError
from volano.services.objects.api.members import read_conditions
from volano.services.objects.logic.conditions import is_modified
from volano.services.objects.logic.ranges import parse_range
from volano.services.objects.logic.storage_classes import ARCHIVES
from volano.services.objects.logic.versions import get_item
from volano.wire.action import resource_of
from volano.wire.aws.catalog import get_codec, get_service
from volano.wire.aws.codec import Incoming
from volano.wire.aws.scalars import BadValue
from volano.wire.lane import NotNow, run_now
from volano.wire.spelling import header_line

if TYPE_CHECKING:
    from volano.kernel.bytes import Blob
    from volano.kernel.call import Call, Env
    from volano.services.objects.model import Bucket, StoredObject
    from volano.wire.action import Action
    from volano.wire.http import Response

SMALL_BYTES = 64 * 1024
MODES = (b"", b"ENABLED")
"""Values of `x-amz-checksum-mode` that the lane knows."""
TOLD = (b"x-amz-checksum-mode", b"range", b"if-none-match", b"if-modified-since")
"""Headers that a read of the lane may depend on, in the order of `ReadName`."""
BODILESS = (204, 304)
"""Answers that never have a body, and do not tell its length."""
ID = "\0id\0"
"""Stands where the request id goes; no header can hold it."""


class ReadName(NamedTuple):
    """What an answer depends on, besides the rows of S3; b'' for headers that are not there."""

    method: bytes
    host: bytes
    path: bytes
    checksum_mode: bytes
    wanted_range: bytes
    if_none_match: bytes
    if_modified_since: bytes

    def told(self) -> dict[str, str]:
        """The headers that the operation reads."""
        values = zip(TOLD, self[-len(TOLD) :], strict=True)
        return {name.decode(): value.decode("latin-1") for name, value in values if value}


class KnownRead:
    """What a read of a key is answered with, as long as its row is `item`."""

    __slots__ = ("blob", "body", "bucket", "item", "lines", "resource", "seen", "span", "status")

    def __init__(
        self,
        bucket: Bucket,
        item: StoredObject,
        *,
        resource: str,
        blob: Blob | None,
        span: slice,
        status: int,
        lines: list[bytes],
    ) -> None:
        self.bucket = bucket
        self.item = item
        self.resource = resource
        self.blob = blob
        """None for an answer without a body."""
        self.span = span
        """What of the blob is answered."""
        self.lines = lines
        """Header lines, to be joined by the request id."""
        self.status = status
        self.seen = -1
        """The count of changes at which the row was last compared."""
        self.body = None if blob else b""
        """The body, when it was read twice and there was room for it."""


def learn_read(
    env: Env, call: Call, action: Action, bucket: Bucket, key: str, name: ReadName
) -> tuple[KnownRead, bytes] | None:
    """Let the stock handler answer; what to remember, and the body.

    None when it cannot be answered here; then the handler has counted nothing.
    """
    try:
        item = run_now(get_item(env.store.reader, bucket, key))
        service = run_now(get_service("s3"))
        codec = run_now(get_codec(service, action.operation, "rest-xml"))
        labels = {"Bucket": bucket.name, "Key": key}
        request = codec.read(Incoming(headers=name.told(), labels=labels))
        if codec.check(request) or not _is_plain(item):
            return None
        span = slice(*(parse_range(request.get("Range"), item.size_bytes) or (None,)))
        conditions, now_us = read_conditions(request), env.clock.now_us()
        is_wanted = name.method == b"GET" and is_modified(conditions, item, now_us=now_us)
        data = _bytes_of(env, item) if is_wanted else b""
        if data is None:
            return None
        handling: Any = action.handler(env, call, request)
        result: dict[str, Any] = run_now(handling)
    except (BadValue, VolanoError, NotNow):
        return None
    response = codec.write(result, ID)
    if response.body != data[span]:
        return None
    known = KnownRead(
        bucket,
        item,
        resource=resource_of(action, call, request),
        blob=item.blob if data else None,
        span=span,
        status=response.status,
        lines=lines_of(env, response),
    )
    return known, data[span]


def _is_plain(item: StoredObject) -> bool:
    """Whether an object's bytes are those of its blob."""
    said = item.description
    return not (said.encryption is not None or said.storage_class in ARCHIVES or item.part_count)


def _bytes_of(env: Env, item: StoredObject) -> bytes | None:
    """The bytes of a small object, when they are at hand."""
    if not item.size_bytes:
        return b""
    if item.blob is None or item.blob.size_bytes > SMALL_BYTES:
        return None
    return env.bytes.read_now(item.blob)


def lines_of(env: Env, response: Response) -> list[bytes]:
    """The header lines as gateway, server and `send_response` write them, to be joined by the
    request id. `response` was made with `ID`."""
    pairs = [
        *response.headers,
        ("x-amz-request-id", ID),
        ("x-amz-id-2", f"volano/{env.region.name}"),
        ("x-request-id", ID),
    ]
    if response.header("content-length") is None and response.status not in BODILESS:
        pairs.append(("content-length", str(len(response.body))))  # type: ignore[arg-type]  # it is bytes
    text = "".join(header_line(name, value) for name, value in pairs)
    assert text.count("\n") == text.count("\r") == len(pairs), "a header has a line break"
    return [part.encode("latin-1") for part in text.split(ID)]
