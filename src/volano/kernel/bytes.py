"""Port `bytes`: immutable blobs, written to several zones, durable before they are named.

A blob is written once through a `BlobWriter`, and exists only after `commit` returned: its bytes
are then fsynced in every zone named by the returned `Blob`. A row that names the blob is written
afterwards; a blob without a row is garbage that a sweep removes. Memory per writer or reader is
bounded (at most a few chunks), whatever the size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from volano.kernel.place import ZoneName


EXTERNAL = "external"
"""The tier of blobs that lie in an outside S3 store."""


class Blob(msgspec.Struct, frozen=True, kw_only=True):
    """A committed blob. `id` is opaque to everyone but the backend (at most 200 characters)."""

    id: str
    size_bytes: int
    zones: tuple[str, ...]


class FileSlice(msgspec.Struct, frozen=True, kw_only=True):
    """A byte range of a local file, for sendfile; valid while the blob is not deleted."""

    path: str
    offset: int
    length: int


class ScrubReport(msgspec.Struct, kw_only=True):
    """What a scrub found; `lost` are ids of blobs without any sound copy, 1,000 at most."""

    checked: int = 0
    checked_bytes: int = 0
    mended: int = 0
    moved: int = 0
    unavailable: int = 0
    lost: list[str] = msgspec.field(default_factory=list)


class BlobWriter(Protocol):
    """One blob being written. Use as `async with`; leaving without `commit` aborts."""

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Append; the chunk may be reused by the caller once this returns.

        Raises Unavailable (code `SlowDown` or `InsufficientStorage`) when the disk is full.
        """
        ...

    async def commit(self) -> Blob:
        """Make it durable in all its zones and name it."""
        ...

    async def __aenter__(self) -> BlobWriter: ...

    async def __aexit__(self, *exc: object) -> None: ...


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What was written down with a group of blobs; None for a blob of which no copy was found."""

    text: bytes
    blobs: tuple[Blob | None, ...]


@runtime_checkable
class GroupWriter(Protocol):
    """A byte store that writes many small blobs together, and a note with them: all that their
    writer must know of them should its own index be lost."""

    async def write_group(
        self,
        payloads: Sequence[bytes],
        *,
        key: str,
        copies: int,
        note: bytes,
        then: Callable[[list[Blob]], None] | None = None,
    ) -> list[Blob]:
        """The blobs of the payloads, in order, all of them durable in the same so many zones,
        which `key` chooses, and the note with them. Without payloads, the note alone in every zone.

        `then` is called with them as soon as they are durable, in the thread that made them so, and
        what it raises is raised here: for what would else need one more change of thread.
        Raises Unavailable when one copy of one of them failed; then none may be named.
        """
        ...

    def mark(self) -> str:
        """A place in the log (opaque): what is written from now on lies behind it."""
        ...

    async def read_notes(self, *, since: str = "", since_us: int = 0) -> list[Note]:
        """Every note behind a mark, written at that time or later, in no order.

        Notes of groups that failed may be among them, with what was found of their blobs.
        """
        ...


class ByteStore(Protocol):
    """All blobs of a region."""

    @property
    def tiers(self) -> tuple[str, ...]:
        """Names that `writer` takes as `tier` beside ''."""
        ...

    def writer(
        self, *, copies: int = 2, size_hint: int | None = None, key: str = "", tier: str = ""
    ) -> BlobWriter:
        """A new blob in `copies` of the zones that are up (fewer when fewer are up, at least 1).

        `size_hint` is the expected size when known: small blobs go to the segment log. `key`
        spreads primaries over zones by its hash; `tier` is one of `tiers`. Raises Unavailable when
        no zone is up.
        """
        ...

    def read(
        self, blob: Blob, *, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """Chunks of at most 1 MiB from the first zone that is up and whose copy is sound.

        Raises Unavailable when no zone that holds it is up.
        """
        ...

    async def read_all(self, blob: Blob, *, start: int = 0, length: int | None = None) -> bytes:
        """The whole range at once; for blobs known to be small."""
        ...

    def read_now(self, blob: Blob) -> bytes | None:
        """The whole of a small blob when it is in memory here, checked; else None."""
        ...

    def file_slice(self, blob: Blob, *, start: int, length: int) -> FileSlice | None:
        """Where the range lies on local disk, or None when it is elsewhere."""
        ...

    async def delete(self, blobs: Sequence[Blob]) -> None:
        """Forget them; repeating is harmless."""
        ...

    async def repair(self, blob: Blob, *, copies: int = 2) -> Blob:
        """Read every copy and give the blob its `copies` sound ones again.

        The result is what rows must name from now on; it is the same blob when nothing moved.
        Copies in zones that are down count as sound. Raises Internal when every copy is lost,
        Unavailable when no zone that holds it is up.
        """
        ...

    async def scrub(
        self,
        blobs: AsyncIterator[Blob],
        *,
        copies: int | Callable[[Blob], int] = 2,
        on_moved: Callable[[Blob, Blob], Awaitable[None]],
        bytes_per_s: int | None = None,
    ) -> ScrubReport:
        """Repair each of `blobs` in turn, at most so fast; `on_moved(old, new)` updates rows.

        `copies` may tell of each blob how many it shall have.

        After `restore_zone` the same call brings the zone's copies back.
        """
        ...

    async def sweep(
        self, live: AsyncIterator[Blob], *, min_age_s: float = 3600.0, notes_before_us: int = 0
    ) -> int:
        """Remove what no row names and give its space back; returns the copies removed. Notes
        (`GroupWriter`) written before that time go too.

        `live` must yield every blob named by a row when the call began (one snapshot). Blobs
        younger than `min_age_s` stay, because their row may not be written yet.
        """
        ...

    def fail_zone(self, zone: ZoneName) -> None:
        """Drill: treat the zone as gone, for reads and writes, until `restore_zone`."""
        ...

    def restore_zone(self, zone: ZoneName) -> None: ...

    def zones_up(self) -> tuple[ZoneName, ...]: ...

    def used_bytes(self) -> dict[str, int]:
        """Bytes on disk by zone, for health and the home page."""
        ...

    async def close(self) -> None: ...
