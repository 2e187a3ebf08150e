"""Pull a model: from a Hugging-Face-compatible hub or its mirror, a local folder, or a bucket.

Files are kept in `TARGET.partial` until all are there and verified; a pull that was interrupted
goes on from there.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from volano.backends.inference.download import (
    DigestMismatch,
    Interrupted,
    RemoteFile,
    digest_of,
    fetch,
    get_json,
)
from volano.backends.inference.model_files import (
    PulledModel,
    copy_folder,
    only_one,
    put_in_place,
    require_space,
    size_of,
    task_of,
    wanted_files,
)
from volano.backends.inference.stream_source import pull_from_source
from volano.kernel.clock import SystemClock
from volano.kernel.errors import Invalid, NotFound, Unavailable
from volano.kernel.foreign_json import decode_foreign

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.clock import Clock
    from volano.kernel.inference import ModelSource

    Progress = Callable[[float, str], Awaitable[None]]

T = TypeVar("T")

PUBLIC_HUB = "https://huggingface.co"
TRIES_MAX = 6
RETRY_S = 2.0
LISTING_BYTES_MAX = 16 * 1024 * 1024
REPORT_EVERY_S = 0.2
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")


class _Lfs(msgspec.Struct):
    sha256: str | None = None
    oid: str | None = None
    size: int | None = None


class _Sibling(msgspec.Struct):
    rfilename: str
    size: int | None = None
    blob_id: str | None = msgspec.field(default=None, name="blobId")
    lfs: _Lfs | None = None


class _Card(msgspec.Struct):
    license: str | list[str] | None = None
    license_name: str | None = None
    license_link: str | None = None


class _Listing(msgspec.Struct):
    """The hub's answer to GET /api/models/NAME?blobs=true."""

    siblings: list[_Sibling]
    sha: str | None = None
    card: _Card | None = msgspec.field(default=None, name="cardData")


async def pull_model(
    name: str,
    target_dir: Path,
    *,
    mirror: str | None = None,
    source: ModelSource | None = None,
    token: str | None = None,
    progress: Progress,
    clock: Clock | None = None,
) -> PulledModel:
    """Have the model `name` (`owner/model`, or the path of a folder) in `target_dir`.

    Its files are read from `source` where one is given.

    May be repeated: a pull that broke off continues, a finished one is verified to be current and
    replaced only by a whole new one. Raises Invalid, NotFound, Denied, or Unavailable when the hub
    or the disk fails.
    """
    with only_one(target_dir):
        partial = target_dir.with_name(target_dir.name + ".partial")
        if source is not None:
            pulled = await pull_from_source(name, source, partial, target_dir, progress)
        elif name.startswith((".", "/", "~")):
            await progress(0.0, f"Copying {name}.")
            pulled = await asyncio.to_thread(copy_folder, name, partial, target_dir)
        else:
            if not _NAME.fullmatch(name) or ".." in name:
                raise Invalid(
                    f"{name!r} is not a model's name. Use OWNER/MODEL or a folder's path."
                )
            hub = _Hub((mirror or PUBLIC_HUB).rstrip("/"), token, clock or SystemClock())
            pulled = await hub.pull(name, partial, target_dir, progress)
        await asyncio.to_thread(put_in_place, pulled, partial, target_dir)
    await progress(1.0, f"{name} is here ({pulled.size_bytes / 1e6:.1f} MB).")
    return pulled


@dataclass(frozen=True, slots=True)
class _Hub:
    base: str
    token: str | None
    clock: Clock

    async def pull(
        self, name: str, partial: Path, target_dir: Path, progress: Progress
    ) -> PulledModel:
        await progress(0.0, f"Asking for the files of {name}.")
        listing = await self._list(name)
        revision = listing.sha if listing.sha and _is_hex(listing.sha, 40) else "main"
        wanted = wanted_files(name, (sibling.rfilename for sibling in listing.siblings))
        files = [
            _to_remote(sibling, f"{self.base}/{name}/resolve/{revision}/{sibling.rfilename}")
            for sibling in listing.siblings
            if sibling.rfilename in wanted
        ]
        require_space(partial.parent, sum(file.size_bytes or 0 for file in files))
        await asyncio.to_thread(_drop_others, partial, {file.name for file in files})
        await self._fetch_all(files, partial, progress)
        card = listing.card or _Card()
        licence = card.license if isinstance(card.license, str) else None
        return PulledModel(
            name=name,
            folder=target_dir,
            revision=revision,
            licence=card.license_name or licence,
            licence_link=card.license_link,
            task=task_of(partial),
            size_bytes=size_of(partial),
        )

    async def _list(self, name: str) -> _Listing:
        url = f"{self.base}/api/models/{name}?blobs=true"

        def ask() -> _Listing:
            body = get_json(url, token=self.token, limit_bytes=LISTING_BYTES_MAX)
            try:
                return decode_foreign(body, _Listing)
            except msgspec.DecodeError as error:
                raise Unavailable(f"{self.base} does not answer like a model hub.") from error

        try:
            return await self._retried(ask)
        except NotFound as error:
            raise NotFound(f"{self.base} has no model {name!r}.") from error

    async def _fetch_all(self, files: list[RemoteFile], partial: Path, progress: Progress) -> None:
        meter = _Meter(sum(file.size_bytes or 0 for file in files))
        cancelled = threading.Event()
        reporting = asyncio.get_running_loop().create_task(_report(meter, progress, self.clock))
        try:
            # The configuration first: it tells whether the rest is worth its bytes.
            for file in sorted(files, key=lambda each: each.name != "config.json"):
                await self._fetch(file, partial / file.name, meter, cancelled)
                task_of(partial)
        finally:
            cancelled.set()
            reporting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reporting

    async def _fetch(
        self, file: RemoteFile, path: Path, meter: _Meter, cancelled: threading.Event
    ) -> None:
        if await asyncio.to_thread(_is_whole, path, file):
            meter.advance(file.size_bytes or 0)
            return
        meter.name = file.name

        def transfer() -> None:
            before = meter.done_bytes
            try:
                fetch(file, path, token=self.token, cancelled=cancelled, advance=meter.advance)
            except Interrupted:
                # The next try counts again what is kept.
                meter.done_bytes = before
                raise

        try:
            try:
                await self._retried(transfer)
            except DigestMismatch:
                # Once more from the start: an old part may belong to another revision.
                await self._retried(transfer)
        except DigestMismatch as error:
            raise Unavailable(
                f"{file.name} does not have the checksum that the hub declares. Nothing was "
                "installed; try again, or use another mirror.",
                code="checksum_mismatch",
            ) from error

    async def _retried(self, step: Callable[[], T]) -> T:
        """Run a blocking step in a thread, again after a break, with growing pauses."""
        for left in reversed(range(TRIES_MAX)):
            try:
                return await asyncio.to_thread(step)
            except Interrupted as error:
                if not left:
                    raise Unavailable(
                        f"{self.base} could not be read: {error}. What came is kept; try again."
                    ) from error
                await self.clock.sleep(RETRY_S * (TRIES_MAX - left))
        raise AssertionError("the last try returns or raises")


class _Meter:
    """Counts bytes from the thread that transfers; the loop reads it now and then."""

    def __init__(self, total_bytes: int) -> None:
        self._total_bytes = total_bytes
        self.done_bytes = 0
        self.name = ""

    def advance(self, count: int) -> None:
        self.done_bytes += count

    def text(self) -> str:
        return f"{self.name}: {self.done_bytes / 1e6:.1f} of {self._total_bytes / 1e6:.1f} MB"

    def fraction(self) -> float:
        return min(0.99, self.done_bytes / max(1, self._total_bytes))


async def _report(meter: _Meter, progress: Progress, clock: Clock) -> None:
    while True:
        await progress(meter.fraction(), meter.text())
        await clock.sleep(REPORT_EVERY_S)


def _to_remote(sibling: _Sibling, url: str) -> RemoteFile:
    lfs = sibling.lfs
    digest: str | None = None
    if lfs is not None:
        sha256 = (lfs.sha256 or lfs.oid or "").removeprefix("sha256:")
        digest = f"sha256:{sha256}" if _is_hex(sha256, 64) else None
    elif sibling.blob_id and _is_hex(sibling.blob_id, 40):
        digest = f"git:{sibling.blob_id}"
    size = lfs.size if lfs is not None and lfs.size is not None else sibling.size
    return RemoteFile(name=sibling.rfilename, url=url, size_bytes=size, digest=digest)


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and re.fullmatch(r"[0-9a-f]+", text) is not None


def _is_whole(path: Path, file: RemoteFile) -> bool:
    """Whether an earlier pull left this very file; without a digest nobody can tell."""
    return (
        path.is_file() and file.digest is not None and digest_of(path, file.digest) == file.digest
    )


def _drop_others(partial: Path, names: set[str]) -> None:
    """Remove what an earlier pull left of files that are no longer listed."""
    for path in list(partial.rglob("*")):
        if (
            path.is_file()
            and path.relative_to(partial).as_posix().removesuffix(".part") not in names
        ):
            path.unlink()
