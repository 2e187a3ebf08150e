"""Port `bytes` on any S3 store (Ceph, AWS, another Volano ...), one object per blob.

Copies and zones are the store's business: `copies` is ignored and no blob names a zone. The blob
id carries a CRC-32 of the whole, which is compared when a blob is read from end to end; the store
checks each upload by its own SHA-256. Several Volano processes may use one bucket and prefix.

An upload cut by kill -9 leaves an unfinished multipart upload behind; give the bucket a lifecycle
rule AbortIncompleteMultipartUpload. Needs the extra `scale`; nothing else imports obstore.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import msgspec
import obstore
from isal.isal_zlib import crc32
from obstore.exceptions import BaseError
from obstore.store import S3Store as RemoteBucket

from volano.backends.bytes.reading import require_home, require_range
from volano.backends.bytes.record import UID_BYTES
from volano.backends.bytes.scrub import scrub_blobs
from volano.backends.bytes.sweep import LiveCopies
from volano.kernel.bytes import Blob
from volano.kernel.clock import SystemClock
from volano.kernel.errors import Internal, Invalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from obstore.store import S3Config

    from volano.kernel.bytes import FileSlice, ScrubReport
    from volano.kernel.clock import Clock
    from volano.kernel.ids import Ids
    from volano.kernel.place import ZoneName

SINGLE_PUT_BYTES = 8 * 1024 * 1024
"""A blob up to this size is one PUT; a bigger one is a multipart upload in parts of this size."""

PARTS_AT_ONCE = 2
CHUNK_BYTES = 1024 * 1024
REQUEST_TIMEOUT_S = 60
CONNECT_TIMEOUT_S = 5
MAX_RETRIES = 3
DELETE_PAGE = 1000
DELETE_TRIES = 3

REMOTE_ERRORS = (BaseError, OSError)
"""What obstore raises: its own errors, and Python's for missing objects and broken connections."""


class S3Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """An access key of the outside store."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


class S3Writer:
    """`BlobWriter` that holds up to one part in memory, then streams."""

    def __init__(self, store: S3ByteStore, uid: str) -> None:
        self._store = store
        self._uid = uid
        self._parts: list[bytes] = []
        self._held_bytes = 0
        self._size_bytes = 0
        self._crc = 0
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(1)
        self._upload: asyncio.Task[None] | None = None
        self._is_done = False
        self._is_aborted = False

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        if self._is_done:
            raise Internal("The object is already written.")
        part = bytes(chunk)
        self._crc = crc32(part, self._crc)
        self._size_bytes += len(part)
        self._parts.append(part)
        self._held_bytes += len(part)
        if self._held_bytes > SINGLE_PUT_BYTES:
            await self._hand_over()

    async def commit(self) -> Blob:
        if self._is_done:
            raise Internal("The object is already written.")
        self._is_done = True
        if self._upload is None:
            await self._store.put(self._uid, b"".join(self._parts))
        else:
            await self._hand_over()
            await self._feed(None)
            await asyncio.shield(self._upload)
        return Blob(id=_blob_id(self._uid, self._crc), size_bytes=self._size_bytes, zones=())

    async def __aenter__(self) -> S3Writer:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._is_done = True
        if self._upload is None or self._upload.done():
            return
        # obstore aborts the multipart upload when its source fails, not when it is cancelled.
        self._is_aborted = True
        await asyncio.gather(self._feed(None), self._upload, return_exceptions=True)

    async def _hand_over(self) -> None:
        if self._upload is None:
            source = self._drain()
            self._upload = asyncio.get_running_loop().create_task(
                self._store.put_stream(self._uid, source)
            )
        if self._parts:
            data = b"".join(self._parts)
            self._parts.clear()
            self._held_bytes = 0
            await self._feed(data)

    async def _feed(self, data: bytes | None) -> None:
        """Wait for room in the queue, or for the upload to fail."""
        assert self._upload is not None
        feeding = asyncio.get_running_loop().create_task(self._queue.put(data))
        await asyncio.wait({feeding, self._upload}, return_when=asyncio.FIRST_COMPLETED)
        if self._upload.done() and not feeding.done():
            feeding.cancel()
            await self._upload

    async def _drain(self) -> AsyncIterator[bytes]:
        while (data := await self._queue.get()) is not None:
            yield data
        if self._is_aborted:
            raise ConnectionAbortedError("the writer left without commit")


class S3ByteStore:
    """`ByteStore` over one bucket and prefix."""

    def __init__(self, bucket: RemoteBucket, prefix: str, *, ids: Ids, clock: Clock) -> None:
        self._bucket = bucket
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self._ids = ids
        self._clock = clock
        self._is_closed = False
        self.counts: Counter[str] = Counter()

    @property
    def tiers(self) -> tuple[str, ...]:
        return ()

    def writer(
        self, *, copies: int = 2, size_hint: int | None = None, key: str = "", tier: str = ""
    ) -> S3Writer:
        del copies, size_hint, key  # the store decides
        require_home(tier)
        if self._is_closed:
            raise Unavailable("The store is closing; try again in a moment.", retry_after_s=1.0)
        return S3Writer(self, self._ids.hex(UID_BYTES * 2))

    async def put(self, uid: str, data: bytes) -> None:
        """Store a whole object."""
        try:
            await obstore.put_async(self._bucket, self._path(uid), data, use_multipart=False)
        except REMOTE_ERRORS as error:
            raise _to_unavailable(error) from error

    async def put_stream(self, uid: str, source: AsyncIterator[bytes]) -> None:
        """Store an object from its pieces; nothing is kept when `source` fails."""
        try:
            await obstore.put_async(
                self._bucket,
                self._path(uid),
                source,
                chunk_size=SINGLE_PUT_BYTES,
                max_concurrency=PARTS_AT_ONCE,
            )
        except REMOTE_ERRORS as error:
            raise _to_unavailable(error) from error

    async def read(
        self, blob: Blob, *, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        uid, expected = _parse_id(blob.id)
        length = require_range(blob, start, length)
        if not length:
            return
        is_whole = length == blob.size_bytes
        crc, seen = 0, 0
        try:
            found = await obstore.get_async(
                self._bucket, self._path(uid), options={"range": (start, start + length)}
            )
            async for piece in found.stream(min_chunk_size=CHUNK_BYTES // 4):
                data = bytes(piece)
                crc = crc32(data, crc) if is_whole else 0
                seen += len(data)
                if seen >= length and is_whole and crc != expected:
                    raise _lost(blob, "its checksum differs")
                for at in range(0, len(data), CHUNK_BYTES):
                    yield data[at : at + CHUNK_BYTES]
        except FileNotFoundError as error:
            raise _lost(blob, "it is missing") from error
        except REMOTE_ERRORS as error:
            raise _to_unavailable(error) from error
        if seen != length:
            raise _lost(blob, f"{seen} of {length} bytes came")

    async def read_all(self, blob: Blob, *, start: int = 0, length: int | None = None) -> bytes:
        return b"".join([chunk async for chunk in self.read(blob, start=start, length=length)])

    def read_now(self, blob: Blob) -> bytes | None:
        return None

    def file_slice(self, blob: Blob, *, start: int, length: int) -> FileSlice | None:
        del blob, start, length  # never on local disk
        return None

    async def delete(self, blobs: Sequence[Blob]) -> None:
        paths = [self._path(_parse_id(blob.id)[0]) for blob in blobs]
        await self._delete_paths(paths)

    async def repair(self, blob: Blob, *, copies: int = 2) -> Blob:
        """Read it to the end; raises Internal when it is missing or its checksum differs."""
        del copies
        async for _ in self.read(blob):
            pass
        return blob

    async def scrub(
        self,
        blobs: AsyncIterator[Blob],
        *,
        copies: int | Callable[[Blob], int] = 2,
        on_moved: Callable[[Blob, Blob], Awaitable[None]],
        bytes_per_s: int | None = None,
    ) -> ScrubReport:
        return await scrub_blobs(
            blobs,
            self.repair,
            copies=copies,
            on_moved=on_moved,
            bytes_per_s=bytes_per_s,
            clock=self._clock,
            counts=self.counts,
        )

    async def sweep(
        self, live: AsyncIterator[Blob], *, min_age_s: float = 3600.0, notes_before_us: int = 0
    ) -> int:
        """There are no notes here."""
        before_s = self._clock.now_us() / 1e6 - min_age_s
        known = LiveCopies(self._ids.bytes(16))
        async for blob in live:
            known.add("", _parse_id(blob.id)[0].encode())
        garbage: list[str] = []
        try:
            async for page in obstore.list(self._bucket, f"{self._prefix}blobs/"):
                for found in page:
                    uid = found["path"].rpartition("/")[2]
                    is_old = found["last_modified"].timestamp() < before_s
                    if is_old and not known.has("", uid.encode()):
                        garbage.append(found["path"])
        except REMOTE_ERRORS as error:
            raise _to_unavailable(error) from error
        await self._delete_paths(garbage)
        self.counts["copies_swept"] += len(garbage)
        return len(garbage)

    def fail_zone(self, zone: ZoneName) -> None:
        raise Invalid(f"Zone {zone} cannot fail alone: an S3 store keeps the objects.")

    def restore_zone(self, zone: ZoneName) -> None:
        del zone  # none can have failed

    def zones_up(self) -> tuple[ZoneName, ...]:
        return ()

    def used_bytes(self) -> dict[str, int]:
        return {}

    async def close(self) -> None:
        self._is_closed = True

    def _path(self, uid: str) -> str:
        return f"{self._prefix}blobs/{uid}"

    async def _delete_paths(self, paths: list[str]) -> None:
        for at in range(0, len(paths), DELETE_PAGE):
            await self._delete_page(paths[at : at + DELETE_PAGE])

    async def _delete_page(self, paths: list[str]) -> None:
        """Delete, again where an answer broke off: obstore repeats no POST, but this one may be."""
        for left in reversed(range(DELETE_TRIES)):
            try:
                await obstore.delete_async(self._bucket, paths)
            except FileNotFoundError:
                return
            except REMOTE_ERRORS as error:
                if not left:
                    raise _to_unavailable(error) from error
            else:
                return


def open_s3(
    endpoint: str | None,
    bucket: str,
    prefix: str,
    credentials: S3Credentials,
    region: str,
    *,
    ids: Ids,
    clock: Clock | None = None,
) -> S3ByteStore:
    """The store behind one bucket; connects on first use. No endpoint means AWS itself."""
    config: S3Config = {
        "region": region,
        "access_key_id": credentials.access_key_id,
        "secret_access_key": credentials.secret_access_key,
        "virtual_hosted_style_request": endpoint is None,
        "checksum_algorithm": "SHA256",
    }
    # What is not given must be left out: obstore refuses None.
    if endpoint is not None:
        config["endpoint"] = endpoint
    if credentials.session_token is not None:
        config["session_token"] = credentials.session_token
    remote = RemoteBucket(
        bucket,
        config=config,
        client_options={
            "allow_http": True,
            "timeout": timedelta(seconds=REQUEST_TIMEOUT_S),
            "connect_timeout": timedelta(seconds=CONNECT_TIMEOUT_S),
        },
        retry_config={
            "max_retries": MAX_RETRIES,
            "retry_timeout": timedelta(seconds=REQUEST_TIMEOUT_S),
        },
    )
    return S3ByteStore(remote, prefix, ids=ids, clock=clock or SystemClock())


def open_s3_url(url: str, *, environ: Mapping[str, str], ids: Ids) -> S3ByteStore:
    """`s3://bucket/prefix?endpoint=URL&region=NAME`; the key from `AWS_ACCESS_KEY_ID` and so on.

    Raises Invalid when the bucket or the key is missing.
    """
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    if parts.scheme != "s3" or not parts.netloc or options.keys() - {"endpoint", "region"}:
        raise Invalid("bytes_url must be s3://bucket/prefix?endpoint=URL&region=NAME.")
    if not (environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY")):
        raise Invalid("Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the S3 store.")
    credentials = S3Credentials(
        access_key_id=environ["AWS_ACCESS_KEY_ID"],
        secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        session_token=environ.get("AWS_SESSION_TOKEN"),
    )
    endpoint = options.get("endpoint", [None])[0]
    region = options.get("region", [environ.get("AWS_REGION", "us-east-1")])[0]
    return open_s3(endpoint, parts.netloc, parts.path, credentials, region, ids=ids)


def _blob_id(uid: str, crc: int) -> str:
    return f"o1.{uid}.{crc:08x}"


def _parse_id(text: str) -> tuple[str, int]:
    kind, _, rest = text.partition(".")
    uid, _, crc = rest.partition(".")
    if kind != "o1" or len(uid) != UID_BYTES * 2 or len(crc) != 8:
        raise Internal("A stored object cannot be found.", facts={"blob_id": text})
    return uid, int(crc, 16)


def _lost(blob: Blob, why: str) -> Internal:
    return Internal(
        "Every copy of this object is damaged or missing.", facts={"blob_id": blob.id, "why": why}
    )


def _to_unavailable(error: BaseException) -> Unavailable:
    return Unavailable(
        "The object store behind this region does not answer as it should; try again.",
        facts={"cause": str(error)[:2000]},
        retry_after_s=1.0,
    )
