"""Port `bytes` over two stores: the region's own, and an outside S3 store for the tier `external`.

A blob of the outside store has an id that begins with `x.`; whoever reads it need not know. The
outside store keeps no copies in zones: it is durable by itself, or it is not the right one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from volano.kernel.bytes import EXTERNAL, Blob, ByteStore, GroupWriter, ScrubReport
from volano.kernel.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from volano.kernel.bytes import BlobWriter, FileSlice, Note
    from volano.kernel.place import ZoneName

PREFIX = "x."


class OutsideWriter:
    """A writer of the outside store whose blob says where it lies."""

    def __init__(self, inner: BlobWriter) -> None:
        self._inner = inner

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        await self._inner.write(chunk)

    async def commit(self) -> Blob:
        return _outward(await self._inner.commit())

    async def __aenter__(self) -> OutsideWriter:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._inner.__aexit__(*exc)


class TieredStore:
    """`ByteStore` that keeps each blob where its id says."""

    def __init__(self, home: ByteStore, outside: ByteStore) -> None:
        self._home = home
        self._outside = outside

    @property
    def tiers(self) -> tuple[str, ...]:
        return (EXTERNAL,)

    def writer(
        self, *, copies: int = 2, size_hint: int | None = None, key: str = "", tier: str = ""
    ) -> BlobWriter:
        if tier == EXTERNAL:
            return OutsideWriter(self._outside.writer(size_hint=size_hint, key=key))
        if tier:
            raise Invalid(f"There is no tier {tier}.")
        return self._home.writer(copies=copies, size_hint=size_hint, key=key)

    def read(
        self, blob: Blob, *, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        store, named = self._of(blob)
        return store.read(named, start=start, length=length)

    async def read_all(self, blob: Blob, *, start: int = 0, length: int | None = None) -> bytes:
        store, named = self._of(blob)
        return await store.read_all(named, start=start, length=length)

    def read_now(self, blob: Blob) -> bytes | None:
        store, named = self._of(blob)
        return store.read_now(named)

    def file_slice(self, blob: Blob, *, start: int, length: int) -> FileSlice | None:
        store, named = self._of(blob)
        return store.file_slice(named, start=start, length=length)

    async def delete(self, blobs: Sequence[Blob]) -> None:
        home = [blob for blob in blobs if not is_outside(blob)]
        outside = [_inward(blob) for blob in blobs if is_outside(blob)]
        if home:
            await self._home.delete(home)
        if outside:
            await self._outside.delete(outside)

    async def repair(self, blob: Blob, *, copies: int = 2) -> Blob:
        store, named = self._of(blob)
        mended = await store.repair(named, copies=copies)
        return _outward(mended) if is_outside(blob) else mended

    async def scrub(
        self,
        blobs: AsyncIterator[Blob],
        *,
        copies: int | Callable[[Blob], int] = 2,
        on_moved: Callable[[Blob, Blob], Awaitable[None]],
        bytes_per_s: int | None = None,
    ) -> ScrubReport:
        """Blobs outside are the outside store's to scrub: reading them all would cost traffic."""

        async def at_home() -> AsyncIterator[Blob]:
            async for blob in blobs:
                if not is_outside(blob):
                    yield blob

        return await self._home.scrub(
            at_home(), copies=copies, on_moved=on_moved, bytes_per_s=bytes_per_s
        )

    async def sweep(
        self, live: AsyncIterator[Blob], *, min_age_s: float = 3600.0, notes_before_us: int = 0
    ) -> int:
        outside: list[Blob] = []

        async def at_home() -> AsyncIterator[Blob]:
            async for blob in live:
                if is_outside(blob):
                    outside.append(_inward(blob))
                else:
                    yield blob

        async def away() -> AsyncIterator[Blob]:
            for blob in outside:
                yield blob

        removed = await self._home.sweep(
            at_home(), min_age_s=min_age_s, notes_before_us=notes_before_us
        )
        return removed + await self._outside.sweep(away(), min_age_s=min_age_s)

    def fail_zone(self, zone: ZoneName) -> None:
        self._home.fail_zone(zone)

    def restore_zone(self, zone: ZoneName) -> None:
        self._home.restore_zone(zone)

    def zones_up(self) -> tuple[ZoneName, ...]:
        return self._home.zones_up()

    def used_bytes(self) -> dict[str, int]:
        return self._home.used_bytes()

    async def close(self) -> None:
        await self._outside.close()
        await self._home.close()

    def _of(self, blob: Blob) -> tuple[ByteStore, Blob]:
        return (self._outside, _inward(blob)) if is_outside(blob) else (self._home, blob)


@runtime_checkable
class GroupStore(ByteStore, GroupWriter, Protocol):
    """A store that keeps a log."""


class TieredLog(TieredStore):
    """The same where the home keeps a log."""

    def __init__(self, home: GroupStore, outside: ByteStore) -> None:
        super().__init__(home, outside)
        self._log = home

    async def write_group(
        self,
        payloads: Sequence[bytes],
        *,
        key: str,
        copies: int,
        note: bytes,
        then: Callable[[list[Blob]], None] | None = None,
    ) -> list[Blob]:
        return await self._log.write_group(payloads, key=key, copies=copies, note=note, then=then)

    def mark(self) -> str:
        return self._log.mark()

    async def read_notes(self, *, since: str = "", since_us: int = 0) -> list[Note]:
        return await self._log.read_notes(since=since, since_us=since_us)


def with_outside(home: ByteStore, outside: ByteStore) -> TieredStore:
    """A store at home that has another as its tier."""
    if isinstance(home, GroupStore):
        return TieredLog(home, outside)
    return TieredStore(home, outside)


def is_outside(blob: Blob) -> bool:
    return blob.id.startswith(PREFIX)


def _outward(blob: Blob) -> Blob:
    return msgspec.structs.replace(blob, id=PREFIX + blob.id)


def _inward(blob: Blob) -> Blob:
    return msgspec.structs.replace(blob, id=blob.id.removeprefix(PREFIX))
