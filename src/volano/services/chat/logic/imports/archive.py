"""Archives that strangers made: zip and tar.gz, read piece by piece and never trusted.

Refused as a whole: names that lead outside, links, encrypted members, more members or bytes than
the limits, and zip bombs. No member is ever held whole beyond the limit its reader names.
"""

from __future__ import annotations

import stat
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Protocol

from volano.kernel.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_MEMBERS = 200_000
MAX_UNPACKED_BYTES = 200 * 1024**3
MAX_RATIO = 400
"""Of what comes out to what went in; text of chats has 5 to 30."""
MAX_NAME_CHARACTERS = 1024
BOMB_FLOOR_BYTES = 100 * 1024**2
"""Below this much output nobody is hurt, whatever the ratio."""
MAX_EXTENSION_BYTES = 1024 * 1024
"""Of a tar's header about the member after it: a long name, attributes."""
_EXTENSIONS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
CHUNK_BYTES = 1024 * 1024
MAX_LINE_BYTES = 16 * 1024**2


class BadArchive(Invalid):
    """The archive is broken, is no archive, or is made to hurt."""

    code = "bad_archive"


class Archive(Protocol):
    """Members by name, with sizes in bytes."""

    @property
    def members(self) -> dict[str, int]: ...

    def open(self, name: str) -> IO[bytes]:
        """The member's bytes; reading raises BadArchive's causes, see `READ_ERRORS`."""
        ...

    def stamp(self, name: str) -> str:
        """Changes when the member's bytes do."""
        ...

    def close(self) -> None: ...


READ_ERRORS = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError)


def open_archive(path: Path, folder: Path) -> Archive:
    """The archive at `path`; a tar is unpacked into `folder`. Raises BadArchive."""
    try:
        if zipfile.is_zipfile(path):
            return ZipArchive(path)
        return unpack_tar(path, folder)
    except tarfile.ReadError as error:
        raise BadArchive(f"This is neither a zip nor a tar archive: {error}") from error
    except (*READ_ERRORS, UnicodeError, ValueError, NotImplementedError) as error:
        raise BadArchive(f"The archive cannot be read: {error}") from error


def read_member(archive: Archive, name: str, limit_bytes: int) -> bytes:
    """A whole member of at most `limit_bytes`. Raises BadArchive."""
    try:
        with archive.open(name) as file:
            content = file.read(limit_bytes + 1)
    except READ_ERRORS as error:
        raise BadArchive(f"{name} cannot be read: {error}") from error
    if len(content) > limit_bytes:
        raise BadArchive(f"{name} has more than {limit_bytes} bytes.")
    return content


def read_lines(archive: Archive, name: str) -> Iterator[bytes]:
    """The lines of a member of any size. Raises BadArchive for one over MAX_LINE_BYTES."""
    try:
        with archive.open(name) as file:
            while line := file.readline(MAX_LINE_BYTES + 1):
                if len(line) > MAX_LINE_BYTES:
                    raise BadArchive(f"A line of {name} has more than {MAX_LINE_BYTES} bytes.")
                yield line
    except READ_ERRORS as error:
        raise BadArchive(f"{name} cannot be read: {error}") from error


def require_safe_name(name: str) -> str:
    """The member's name without a leading `./`. Raises BadArchive for one that leads outside."""
    clean = name.replace("\\", "/")
    path = PurePosixPath(clean)
    outside = path.is_absolute() or ".." in path.parts or ":" in clean[:2] or "\x00" in name
    if outside or len(name) > MAX_NAME_CHARACTERS:
        raise BadArchive(f"A member of the archive leads outside of it: {name[:80]!r}.")
    return str(path)


class ZipArchive:
    """A zip file; only its directory is in memory."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self._infos: dict[str, zipfile.ZipInfo] = {}
        infos = self._zip.infolist()
        if len(infos) > MAX_MEMBERS:
            raise BadArchive(f"The archive has more than {MAX_MEMBERS} members.")
        for info in infos:
            name = require_safe_name(_decoded(info))
            _require_plain(info)
            if not info.is_dir():
                self._infos[name] = info
        _require_no_bomb(
            sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
        )

    @property
    def members(self) -> dict[str, int]:
        return {name: info.file_size for name, info in self._infos.items()}

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(self._infos[name])

    def stamp(self, name: str) -> str:
        info = self._infos[name]
        return f"{info.CRC:08x}:{info.file_size}"

    def close(self) -> None:
        self._zip.close()


def _decoded(info: zipfile.ZipInfo) -> str:
    """The name; old zips hold UTF-8 without saying so, which zipfile reads as code page 437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _require_plain(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & 0x1:
        raise BadArchive("The archive is encrypted; unpack it and zip it without a password.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise BadArchive(f"The archive holds a link: {info.filename[:80]!r}.")


def _require_no_bomb(unpacked_bytes: int, packed_bytes: int) -> None:
    if unpacked_bytes > MAX_UNPACKED_BYTES:
        raise BadArchive(f"The archive unpacks to more than {MAX_UNPACKED_BYTES} bytes.")
    if unpacked_bytes > max(BOMB_FLOOR_BYTES, MAX_RATIO * packed_bytes):
        raise BadArchive("The archive unpacks to far more than chats do: it looks like a zip bomb.")


class FolderArchive:
    """Files of a folder that `unpack_tar` filled."""

    def __init__(self, folder: Path, stamps: dict[str, str], sizes: dict[str, int]) -> None:
        self._folder, self._stamps, self.members = folder, stamps, sizes

    def open(self, name: str) -> IO[bytes]:
        return (self._folder / name).open("rb")

    def stamp(self, name: str) -> str:
        return self._stamps[name]

    def close(self) -> None:
        pass


class _Header(tarfile.TarInfo):
    """A member's header. Long names and extensions are members that tarfile reads whole."""

    def _proc_member(self, tarfile_: tarfile.TarFile) -> tarfile.TarInfo:
        is_read_whole = self.type in _EXTENSIONS
        if is_read_whole and self.size > MAX_EXTENSION_BYTES:
            raise BadArchive("A header of the archive has more bytes than any name needs.")
        found: tarfile.TarInfo = super()._proc_member(tarfile_)  # type: ignore[misc]  # untyped
        return found


def unpack_tar(path: Path, folder: Path) -> FolderArchive:
    """Unpack the plain files of a tar into `folder`, within the limits. Raises BadArchive."""
    stamps: dict[str, str] = {}
    sizes: dict[str, int] = {}
    packed_bytes, unpacked_bytes, count = path.stat().st_size, 0, 0
    with tarfile.open(path, tarinfo=_Header) as tar:
        for member in tar:
            # What is skipped is unpacked, too, and its header kept in memory.
            count, unpacked_bytes = count + 1, unpacked_bytes + member.size
            if count > MAX_MEMBERS:
                raise BadArchive(f"The archive has more than {MAX_MEMBERS} members.")
            _require_no_bomb(unpacked_bytes, packed_bytes)
            name = require_safe_name(member.name)
            if member.issym() or member.islnk() or member.isdev():
                raise BadArchive(f"The archive holds a link or device: {member.name[:80]!r}.")
            if not member.isreg():
                continue
            sizes[name] = member.size
            source = tar.extractfile(member)
            assert source is not None, "a regular member has bytes"
            stamps[name] = _copy(source, folder / name)
    return FolderArchive(folder, stamps, sizes)


def _copy(source: IO[bytes], target: Path) -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    crc = size = 0
    with target.open("wb") as file:
        while chunk := source.read(CHUNK_BYTES):
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
            file.write(chunk)
    return f"{crc:08x}:{size}"
