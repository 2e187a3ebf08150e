"""Files to text, page by page: PDF, Word, PowerPoint, Excel, HTML, Markdown and plain text.

A page is what the format calls one: a page of a PDF or of a Word document as it was last laid out,
a slide, a sheet; other formats have one. Text that is only in pictures is not found: such a page is
empty, and its number is told.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from volano.kernel.errors import Invalid
from volano.kernel.markup import ForgivingParser
from volano.services.studio.logic.office_files import read_docx, read_pptx, read_xlsx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_PAGES = 5000
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    ElementTree.ParseError,
    EOFError,
    KeyError,
    RuntimeError,
    ValueError,
)
"""What the readers raise for damaged files; a RuntimeError for locked ones and for what is nested
without end, too."""
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
    except _DAMAGE as error:
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


class _Page(ForgivingParser):
    """Collects what a browser would show, the title and what pictures are said to show."""

    HIDDEN = frozenset(("script", "style", "template", "noscript", "svg"))
    HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
    LISTS = frozenset(("li", "ul", "ol", "dt", "dd", "tr", "td", "th", "table"))
    PARTS = frozenset(
        ("p", "div", "br", "pre", "section", "article", "title", "body", "blockquote")
    )
    BLOCKS = HEADINGS | LISTS | PARTS

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.HIDDEN:
            self._hidden += 1
        elif tag in self.BLOCKS:
            self.parts.append("\n")
        elif tag == "img" and not self._hidden:
            self.parts.append(f" {dict(attrs).get('alt') or ''} ")

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
    "docx": read_docx,
    "pptx": read_pptx,
    "xlsx": read_xlsx,
    "html": _html,
    "htm": _html,
}
