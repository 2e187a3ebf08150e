"""HTML forms: `application/x-www-form-urlencoded` and `multipart/form-data` (RFC 7578).

A multipart body is parsed as it arrives, in any order of its parts. Text parts are kept in memory
up to a limit; a file part over 1 MiB goes to a nameless temporary file below the data folder, so
memory per request stays bounded whatever is uploaded.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from volano.kernel.errors import Invalid, TooLarge

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator
    from pathlib import Path

    from volano.wire.http import Request

MAX_FORM_FIELDS = 1000
MAX_FORM_TEXT_BYTES = 8 * 1024 * 1024
MAX_PART_HEADER_BYTES = 16 * 1024
MAX_FORM_FILES = 64
MAX_UPLOAD_BYTES = 512 * 1024 * 1024
"""Size of all files of a form together; OpenAI's files API has the same limit for its one."""
MEMORY_FILE_BYTES = 1024 * 1024
CHUNK_BYTES = 256 * 1024


class BadForm(Invalid):
    """The form's framing is broken."""

    code = "invalid_form_data"


class UploadedFile:
    """One file of a form. Use it as a field's type; it lives as long as something refers to it."""

    def __init__(self, filename: str, content_type: str) -> None:
        self.filename = filename
        self.content_type = content_type
        self.size_bytes = 0
        self._memory = bytearray()
        self._file: int | None = None

    async def write(self, chunk: bytes, spool_dir: Path) -> None:
        """Append a chunk; what is over 1 MiB moves to a temporary file in `spool_dir`."""
        self.size_bytes += len(chunk)
        self._memory += chunk
        if len(self._memory) >= MEMORY_FILE_BYTES:
            await self._spill(spool_dir)

    async def finish(self, spool_dir: Path) -> None:
        """No more chunks come."""
        if self._file is not None and self._memory:
            await self._spill(spool_dir)

    async def _spill(self, spool_dir: Path) -> None:
        if self._file is None:
            self._file = await asyncio.to_thread(_nameless_file, spool_dir)
            weakref.finalize(self, os.close, self._file)
        data, self._memory = self._memory, bytearray()
        await asyncio.to_thread(_write_all, self._file, data)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The content from its start, 256 KiB at a time; may be repeated."""
        for offset in range(0, self.size_bytes, CHUNK_BYTES):
            if self._file is None:
                yield bytes(self._memory[offset : offset + CHUNK_BYTES])
            else:
                yield await asyncio.to_thread(os.pread, self._file, CHUNK_BYTES, offset)

    async def read(self, limit: int = MAX_UPLOAD_BYTES) -> bytes:
        """All of it; raises TooLarge over `limit` bytes."""
        if self.size_bytes > limit:
            raise TooLarge(f"The file is over the limit of {limit} bytes.")
        return b"".join([chunk async for chunk in self.chunks()])


def _nameless_file(spool_dir: Path) -> int:
    spool_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, path = tempfile.mkstemp(dir=spool_dir)
    os.unlink(path)
    return handle


def _write_all(handle: int, data: bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


@dataclass(slots=True)
class Form:
    """A parsed form: text fields and files, in the order they came; names may repeat."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[tuple[str, UploadedFile]] = field(default_factory=list)


def parse_urlencoded(data: bytes, *, errors: str = "strict") -> list[tuple[str, str]]:
    """The pairs of a urlencoded body; raises BadForm. `errors` is for what is not UTF-8."""
    try:
        return parse_qsl(
            data.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MAX_FORM_FIELDS,
            errors=errors,
        )
    except ValueError as error:
        raise BadForm(f"The form cannot be read: {error}.") from error


async def read_multipart(
    request: Request, spool_dir: Path, *, max_file_bytes: int = MAX_UPLOAD_BYTES
) -> Form:
    """Read the multipart body of `request`, whose files have together at most `max_file_bytes`.

    Raises BadForm or TooLarge.
    """
    reader = _Reader(spool_dir, max_file_bytes)
    async for kind, data in stream_parts(request.headers.get("content-type", ""), request.body):
        await reader.take(kind, data)
    return reader.form


async def stream_parts(
    content_type: str, body: AsyncIterable[bytes]
) -> AsyncIterator[tuple[str, bytes]]:
    """Pieces of a multipart body as they arrive: `head`, `data` … and `end` of each part.

    Raises BadForm and TooLarge.
    """
    boundary = _parameter(content_type, "boundary")
    if not boundary or len(boundary) > 200:
        raise BadForm("The multipart body has no usable boundary in its Content-Type.")
    splitter = _Splitter(boundary.encode("latin-1"))
    async for chunk in body:
        for piece in splitter.feed(chunk):
            yield piece
    splitter.require_end()


def parse_part_head(head: bytes) -> tuple[str, str | None, str]:
    """A part's name, file name (None when it has none) and media type; raises BadForm."""
    headers: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    disposition = headers.get("content-disposition", "")
    field_name = _parameter(disposition, "name")
    if not field_name:
        raise BadForm("A part of the multipart body has no name.")
    media = headers.get("content-type", "application/octet-stream")
    return field_name, _parameter(disposition, "filename"), media


class _Splitter:
    """Cuts the byte stream into `head`, `data` and `end` pieces of parts; holds little back."""

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._buffer = bytearray(b"\r\n")
        self._state = "preamble"

    def feed(self, chunk: bytes) -> list[tuple[str, bytes]]:
        self._buffer += chunk
        pieces: list[tuple[str, bytes]] = []
        while self._step(pieces):
            pass
        return pieces

    def require_end(self) -> None:
        if self._state != "epilogue":
            raise BadForm("The multipart body does not end with its boundary.")

    def _step(self, pieces: list[tuple[str, bytes]]) -> bool:
        if self._state in ("preamble", "data"):
            return self._to_delimiter(pieces)
        if self._state == "delimiter":
            return self._after_delimiter()
        if self._state == "head":
            return self._through_head(pieces)
        self._buffer.clear()
        return False

    def _to_delimiter(self, pieces: list[tuple[str, bytes]]) -> bool:
        at = self._buffer.find(self._delimiter)
        cut = at if at >= 0 else max(0, len(self._buffer) - len(self._delimiter) + 1)
        if self._state == "data" and cut:
            pieces.append(("data", bytes(self._buffer[:cut])))
        del self._buffer[:cut]
        if at < 0:
            return False
        if self._state == "data":
            pieces.append(("end", b""))
        del self._buffer[: len(self._delimiter)]
        self._state = "delimiter"
        return True

    def _after_delimiter(self) -> bool:
        if self._buffer[:2] == b"--":
            self._state = "epilogue"
            return True
        end = self._buffer.find(b"\r\n")
        if end < 0:
            if len(self._buffer) > 200:
                raise BadForm("A boundary of the multipart body is followed by something else.")
            return False
        if self._buffer[:end].strip(b" \t"):
            raise BadForm("A boundary of the multipart body is followed by something else.")
        # The line break stays: a part without headers has an empty line at once.
        self._state = "head"
        return True

    def _through_head(self, pieces: list[tuple[str, bytes]]) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end > MAX_PART_HEADER_BYTES or (end < 0 and len(self._buffer) > MAX_PART_HEADER_BYTES):
            raise TooLarge(f"A part has more than {MAX_PART_HEADER_BYTES} bytes of headers.")
        if end < 0:
            return False
        pieces.append(("head", bytes(self._buffer[:end])))
        del self._buffer[: end + 4]
        self._state = "data"
        return True


class _Reader:
    """Collects pieces into a Form."""

    def __init__(self, spool_dir: Path, max_file_bytes: int) -> None:
        self.form = Form()
        self._spool_dir = spool_dir
        self._max_file_bytes = max_file_bytes
        self._file_bytes = 0
        self._name = ""
        self._file: UploadedFile | None = None
        self._text = bytearray()
        self._text_bytes = 0

    async def take(self, kind: str, data: bytes) -> None:
        if kind == "head":
            self._open(data)
        elif kind == "end":
            await self._close()
        elif self._file is not None:
            self._file_bytes += len(data)
            if self._file_bytes > self._max_file_bytes:
                raise TooLarge(f"The file is over the limit of {self._max_file_bytes} bytes.")
            await self._file.write(data, self._spool_dir)
        else:
            self._text_bytes += len(data)
            if self._text_bytes > MAX_FORM_TEXT_BYTES:
                raise TooLarge(f"The form has over {MAX_FORM_TEXT_BYTES} bytes of text.")
            self._text += data

    def _open(self, head: bytes) -> None:
        if len(self.form.fields) + len(self.form.files) >= MAX_FORM_FIELDS:
            raise TooLarge(f"The form has more than {MAX_FORM_FIELDS} parts.")
        self._name, filename, media = parse_part_head(head)
        if filename is not None and len(self.form.files) >= MAX_FORM_FILES:
            raise TooLarge(f"The form has more than {MAX_FORM_FILES} files.")
        self._file = None if filename is None else UploadedFile(filename, media)
        self._text = bytearray()

    async def _close(self) -> None:
        if self._file is not None:
            await self._file.finish(self._spool_dir)
            self.form.files.append((self._name, self._file))
            return
        try:
            self.form.fields.append((self._name, self._text.decode()))
        except UnicodeDecodeError as error:
            raise BadForm(f"The field '{self._name[:100]}' is not UTF-8.") from error


def _parameter(header: str, name: str) -> str | None:
    """A parameter of a header value, quoted or not (RFC 7578 section 4.2: `%22` is a quote)."""
    for part in _split_parameters(header):
        key, _, value = part.strip().partition("=")
        if key.strip().lower() == name:
            value = value.strip()
            if len(value) >= 2 and value[0] == value[-1] == '"':
                value = value[1:-1].replace('\\"', '"').replace("%22", '"')
            return value
    return None


def _split_parameters(header: str) -> list[str]:
    parts, quoted, escaped = [""], False, False
    for char in header:
        if char == '"' and not escaped:
            quoted = not quoted
        escaped = char == "\\" and not escaped
        if char == ";" and not quoted:
            parts.append("")
        else:
            parts[-1] += char
    return parts
