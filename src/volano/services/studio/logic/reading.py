"""Files to text, page by page: PDF, Word, PowerPoint, Excel, HTML, Markdown and plain text.

A page is what the format calls one: a PDF's page, a slide, a sheet; other formats have one. Text
that is only in pictures is not found: such a page is empty, and its number is told. Archives are
read within limits, so that a small file cannot become a large one.
"""

from __future__ import annotations

import io
import re
import zipfile
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from volano.kernel.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_UNPACKED_BYTES = 256 * 1024 * 1024
MAX_PAGES = 5000
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_NUMBER = re.compile(r"(\d+)\.xml$")
_CODE = "c cpp cs css go h java js mjs php py rb rs sh sql ts"
_TEXT = "csv json jsonl log md markdown rst tex toml tsv txt xml yaml yml"
_TEXT_ENDINGS = frozenset(f"{_CODE} {_TEXT}".split())


class UnreadableFile(Invalid):
    """The file's type is not read here, or it is damaged."""

    code = "unsupported_file"


def read_pages(data: bytes, filename: str) -> list[str]:
    """The text of each page; raises UnreadableFile. It may take seconds: call it in a thread."""
    ending = filename.rpartition(".")[2].lower()
    reader = _READERS.get(ending)
    if reader is None and ending not in _TEXT_ENDINGS:
        raise UnreadableFile(
            f"Files named *.{ending[:20]} are not read; pdf, docx, pptx, xlsx, html and text are."
        )
    try:
        pages = [_plain_text(data)] if reader is None else list(reader(data))
    except (zipfile.BadZipFile, ElementTree.ParseError, KeyError, ValueError, EOFError) as error:
        raise UnreadableFile(
            f"'{filename[:100]}' cannot be read as {ending}.", code="invalid_file"
        ) from error
    return [page.replace("\x00", "").strip() for page in pages[:MAX_PAGES]]


def _plain_text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\x00" in data[:4096]:
        raise ValueError("binary")
    return data.decode("utf-8-sig", "replace")


def _pdf(data: bytes) -> Iterator[str]:
    from pypdf import PdfReader  # noqa: PLC0415 - a large package, for PDF files only
    from pypdf.errors import PyPdfError  # noqa: PLC0415

    try:
        for page in PdfReader(io.BytesIO(data)).pages:
            yield page.extract_text()
    except (PyPdfError, RecursionError, TypeError, AttributeError) as error:
        raise ValueError(str(error)) from error


def _open(data: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(data))
    if sum(item.file_size for item in archive.infolist()) > MAX_UNPACKED_BYTES:
        raise ValueError("it unpacks to more than is read")
    return archive


def _tree(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    with archive.open(name) as part:
        data = part.read(MAX_UNPACKED_BYTES)
    if b"<!DOCTYPE" in data[:1000] or b"<!ENTITY" in data:
        raise ValueError("it declares entities")
    return ElementTree.fromstring(data)  # noqa: S314 - no entities, checked above


def _numbered(archive: zipfile.ZipFile, folder: str) -> list[str]:
    names = [
        name for name in archive.namelist() if name.startswith(folder) and _NUMBER.search(name)
    ]
    return sorted(names, key=_number_of)


def _number_of(name: str) -> int:
    found = _NUMBER.search(name)
    return int(found[1]) if found else 0


def _docx(data: bytes) -> Iterator[str]:
    with _open(data) as archive:
        body = _tree(archive, "word/document.xml")
    yield "\n".join(_joined(paragraph, _WORD) for paragraph in body.iter(f"{_WORD}p"))


def _joined(paragraph: ElementTree.Element, space: str) -> str:
    parts: list[str] = []
    for node in paragraph.iter():
        if node.tag == f"{space}t":
            parts.append(node.text or "")
        elif node.tag in (f"{space}tab", f"{space}br"):
            parts.append(" ")
    return "".join(parts)


def _pptx(data: bytes) -> Iterator[str]:
    with _open(data) as archive:
        for name in _numbered(archive, "ppt/slides/slide"):
            slide = _tree(archive, name)
            yield "\n".join(_joined(line, _DRAWING) for line in slide.iter(f"{_DRAWING}p"))


def _xlsx(data: bytes) -> Iterator[str]:
    with _open(data) as archive:
        shared: list[str] = []
        if "xl/sharedStrings.xml" in archive.namelist():
            strings = _tree(archive, "xl/sharedStrings.xml")
            shared = [_joined(item, _SHEET) for item in strings.iter(f"{_SHEET}si")]
        for name in _numbered(archive, "xl/worksheets/sheet"):
            rows = _tree(archive, name).iter(f"{_SHEET}row")
            yield "\n".join(_row(row, shared) for row in rows)


def _row(row: ElementTree.Element, shared: list[str]) -> str:
    return ", ".join(filter(None, (_cell(cell, shared) for cell in row.iter(f"{_SHEET}c"))))


def _cell(cell: ElementTree.Element, shared: list[str]) -> str:
    value = cell.findtext(f"{_SHEET}v") or ""
    if cell.get("t") == "s" and value.isdigit() and int(value) < len(shared):
        return shared[int(value)]
    if cell.get("t") == "inlineStr":
        return _joined(cell, _SHEET)
    return value


class _Page(HTMLParser):
    """Collects what a browser would show."""

    HIDDEN = frozenset(("script", "style", "template", "noscript", "svg", "head"))
    HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
    BLOCKS = HEADINGS | frozenset(
        ("p", "div", "li", "tr", "td", "th", "br", "table", "ul", "ol", "pre", "section", "article")
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.HIDDEN:
            self._hidden += 1
        elif tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def _html(data: bytes) -> Iterator[str]:
    page = _Page()
    page.feed(_plain_text(data))
    lines = (" ".join(line.split()) for line in "".join(page.parts).splitlines())
    yield "\n".join(line for line in lines if line)


_READERS: dict[str, Callable[[bytes], Iterator[str]]] = {
    "pdf": _pdf,
    "docx": _docx,
    "pptx": _pptx,
    "xlsx": _xlsx,
    "html": _html,
    "htm": _html,
}
