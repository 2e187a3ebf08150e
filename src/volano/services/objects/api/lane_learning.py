"""What the lane of reads remembers of a key, learned from the stock handler and codec.

Only answers whose bytes are those of the blob as it lies on the disk are learned, so nothing that
is encrypted, archived or in parts; their header lines are kept as gateway and server write them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from volano.kernel.errors import VolanoError
from volano.services.objects.logic.storage_classes import ARCHIVES
from volano.services.objects.logic.versions import get_item
from volano.wire.action import resource_of
from volano.wire.aws.catalog import get_codec, get_service
from volano.wire.lane import NotNow, run_now

if TYPE_CHECKING:
    from volano.kernel.bytes import Blob
    from volano.kernel.call import Call, Env
    from volano.services.objects.model import Bucket, StoredObject
    from volano.wire.action import Action
    from volano.wire.http import Response

SMALL_BYTES = 64 * 1024
MODES = {b"": None, b"ENABLED": "ENABLED"}
"""Values of `x-amz-checksum-mode` that the lane knows, as the handler wants them."""
ID = "\0id\0"
"""Stands where the request id goes; no header can hold it."""


class ReadName(NamedTuple):
    """What an answer depends on, besides the rows of S3."""

    method: bytes
    host: bytes
    path: bytes
    checksum_mode: bytes


class KnownRead:
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
    ) -> None:
        self.bucket = bucket
        self.item = item
        self.resource = resource
        self.blob = blob
        """None for an answer without a body."""
        self.lines = lines
        """Header lines, to be joined by the request id."""
        self.seen = -1
        """The count of changes at which the row was last compared."""
        self.body = None if blob else b""
        """The blob's bytes, when they were read twice and there was room for them."""


def learn_read(
    env: Env, call: Call, action: Action, bucket: Bucket, key: str, name: ReadName
) -> tuple[KnownRead, bytes] | None:
    """Let the stock handler answer; what to remember, and the body.

    None when it cannot be answered here; then the handler has counted nothing.
    """
    request = {"Bucket": bucket.name, "Key": key, "ChecksumMode": MODES[name.checksum_mode]}
    try:
        item = run_now(get_item(env.store.reader, bucket, key))
        data = _data_of(env, name.method, item)
        service = run_now(get_service("s3"))
        codec = run_now(get_codec(service, action.operation, "rest-xml"))
        if data is None:
            return None
        handling: Any = action.handler(env, call, request)
        result: dict[str, Any] = run_now(handling)
    except (VolanoError, NotNow):
        return None
    response = codec.write(result, ID)
    if response.status != 200 or response.body != data:
        return None
    known = KnownRead(
        bucket,
        item,
        resource=resource_of(action, call, request),
        blob=item.blob if data else None,
        lines=lines_of(env, response),
    )
    return known, data


def _data_of(env: Env, method: bytes, item: StoredObject) -> bytes | None:
    """The bytes in a plain small object's blob; b'' for HEAD, None when they are elsewhere."""
    said = item.description
    if said.encryption is not None or said.storage_class in ARCHIVES or item.part_count:
        return None
    if method == b"HEAD" or not item.size_bytes:
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
    if response.header("content-length") is None:
        pairs.append(("content-length", str(len(response.body))))  # type: ignore[arg-type]  # it is bytes
    text = "".join(f"{name.lower()}: {value}\r\n" for name, value in pairs)
    assert text.count("\n") == text.count("\r") == len(pairs), "a header has a line break"
    return [part.encode("latin-1") for part in text.split(ID)]
