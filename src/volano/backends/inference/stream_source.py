"""Pull a model from a source that hands its files over as streams: a bucket of this cloud.

Resumable as downloads are: the bytes go to `NAME.part`, whose version stands in `NAME.version`; a
later pull goes on where an earlier one ended, unless the file is another one by now.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Protocol

from awscrt import checksums
from isal import isal_zlib

from volano.backends.inference.model_files import (
    PulledModel,
    licence_of,
    require_space,
    size_of,
    task_of,
    wanted_files,
)
from volano.kernel.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from volano.kernel.inference import ModelSource, SourceFile

    Progress = Callable[[float, str], Awaitable[None]]

CHUNK_BYTES = 1024 * 1024
REPORT_EVERY_BYTES = 16 * 1024 * 1024


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class _Crc:
    """A CRC with the face of a hash. `of(data, before)` continues one."""

    def __init__(self, of: Callable[[bytes, int], int], digits: int) -> None:
        self._of = of
        self._digits = digits
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._of(data, self._value)

    def hexdigest(self) -> str:
        return f"{self._value:0{self._digits}x}"


_DIGESTS: dict[str, Callable[[], _Digest]] = {
    "sha256": hashlib.sha256,
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "crc32": lambda: _Crc(isal_zlib.crc32, 8),
    "crc32c": lambda: _Crc(checksums.crc32c, 8),
    "crc64nvme": lambda: _Crc(checksums.crc64nvme, 16),
}


async def pull_from_source(
    name: str, source: ModelSource, partial: Path, target_dir: Path, progress: Progress
) -> PulledModel:
    """Have the wanted files of `source` in `partial`, checked against their digests.

    Raises what `source` raises, Invalid for files that are no model, and Unavailable when the disk
    is full or bytes do not match their digest (they are thrown away then).
    """
    await progress(0.0, f"Asking for the files in {source.text}.")
    offered = await source.list_files()
    wanted = wanted_files(source.text, (file.name for file in offered))
    files = [file for file in offered if file.name in wanted]
    total_bytes = sum(file.size_bytes for file in files)
    require_space(partial, total_bytes)
    await asyncio.to_thread(_drop_others, partial, {file.name: file.version for file in files})
    meter = _Meter(total_bytes, progress)
    for file in sorted(files, key=lambda each: each.name != "config.json"):
        await _fetch(source, file, partial / file.name, meter)
        task_of(partial)
    await asyncio.to_thread(_drop_notes, partial)
    return PulledModel(
        name=name,
        folder=target_dir,
        revision="bucket",
        licence=licence_of(partial),
        licence_link=None,
        task=task_of(partial),
        size_bytes=size_of(partial),
    )


class _Meter:
    """Tells of progress now and then."""

    def __init__(self, total_bytes: int, progress: Progress) -> None:
        self._total_bytes = max(1, total_bytes)
        self._progress = progress
        self._done_bytes = 0
        self._told_bytes = -REPORT_EVERY_BYTES

    async def advance(self, name: str, count: int) -> None:
        self._done_bytes += count
        if self._done_bytes - self._told_bytes < REPORT_EVERY_BYTES:
            return
        self._told_bytes = self._done_bytes
        text = f"{name}: {self._done_bytes / 1e6:.1f} of {self._total_bytes / 1e6:.1f} MB"
        await self._progress(min(0.99, self._done_bytes / self._total_bytes), text)


async def _fetch(source: ModelSource, file: SourceFile, path: Path, meter: _Meter) -> None:
    part = _part(path)
    held = await asyncio.to_thread(_held_bytes, path, file)
    if held < 0:  # an earlier pull finished it; _drop_others saw that it is still current
        await meter.advance(file.name, file.size_bytes)
        return
    await meter.advance(file.name, held)
    with part.open("ab") as out:
        async for chunk in source.read(file, held):
            held += len(chunk)
            if held > file.size_bytes:
                break
            await asyncio.to_thread(out.write, chunk)
            await meter.advance(file.name, len(chunk))
    if held != file.size_bytes:
        part.unlink()
        raise Conflict(f"{file.name} changed in {source.text} meanwhile; pull again.")
    if file.digest and await asyncio.to_thread(_digest, part, file.digest) != file.digest:
        part.unlink()
        raise Unavailable(
            f"{file.name} does not have the checksum that {source.text} declares. Nothing was "
            "installed; try again.",
            code="checksum_mismatch",
        )
    part.replace(path)


def _held_bytes(path: Path, file: SourceFile) -> int:
    """Bytes of the file that are here, -1 for all and checked; notes its version beside it."""
    if path.exists():
        return -1
    path.parent.mkdir(parents=True, exist_ok=True)
    _note(path).write_text(file.version)
    part = _part(path)
    return part.stat().st_size if part.exists() else 0


def _digest(path: Path, like: str) -> str:
    kind = like.partition(":")[0]
    digest = _DIGESTS[kind]()
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            digest.update(data)
    return f"{kind}:{digest.hexdigest()}"


def _drop_others(partial: Path, versions: dict[str, str]) -> None:
    """Remove what an earlier pull left of files that are gone or others by now."""
    for path in list(partial.rglob("*")):
        name = path.relative_to(partial).as_posix()
        whose = name.removesuffix(".part").removesuffix(".version")
        note = _note(partial / whose)
        if path.is_file() and (not note.exists() or note.read_text() != versions.get(whose)):
            path.unlink()


def _drop_notes(partial: Path) -> None:
    for note in list(partial.rglob("*.version")):
        note.unlink()


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".version")
