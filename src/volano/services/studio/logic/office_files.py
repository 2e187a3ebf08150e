"""Word, PowerPoint and Excel files to text: XML in archives, read within limits.

Source: ECMA-376 (Office Open XML). What an archive unpacks to is bounded, and XML that declares
entities is refused, so that a small file cannot become a large one.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

MAX_UNPACKED_BYTES = 256 * 1024 * 1024
MAX_PART_BYTES = 64 * 1024 * 1024
"""Of one XML file of the archive, which is parsed whole."""
MAX_TAGS = 4_000_000
"""Of one XML file, about a million cells; an element takes some hundred bytes of memory."""
PAGE_BREAK = "\f"
"""Where a page ended when the document was last laid out."""
WANTED_BREAK = "\v"
"""Where its author wants a page to end: of use in a document that was never laid out."""
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
"""Says again what stands beside it, for older programs."""
_PHONETIC = f"{_SHEET}rPh"
_NOTES_OF_WORD = ("word/footnotes.xml", "word/endnotes.xml", "word/comments.xml")
_FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001 - sheets know no time zones
_LAST_SERIAL = 2_958_465.0
"""9999-12-31, the last day that a sheet knows."""
_DATE_FORMATS = frozenset((*range(14, 23), *range(45, 48)))
_DATE_LETTERS = re.compile(r"[ymdh]", re.IGNORECASE)
_NO_LETTERS = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')


def read_docx(data: bytes) -> Iterator[str]:
    """Pages as they were last laid out, or as wanted; then notes and comments, if there are any."""
    with _open(data) as archive:
        body = _tree(archive, "word/document.xml")
        notes = [_tree(archive, name) for name in _NOTES_OF_WORD if name in archive.namelist()]
    text = "\n".join(_lines(body))
    text = text.replace(WANTED_BREAK, " " if PAGE_BREAK in text else PAGE_BREAK)
    yield from text.split(PAGE_BREAK)
    said = "\n".join(line for note in notes for line in _lines(note) if line.strip())
    if said:
        yield said


def _lines(node: Element) -> Iterator[str]:
    """Paragraphs, and rows of tables."""
    for child in node:
        if child.tag == f"{_WORD}p":
            yield _joined(child, _WORD)
        elif child.tag == f"{_WORD}tr":
            cells = (" ".join(_lines(cell)).strip() for cell in child.iter(f"{_WORD}tc"))
            yield ", ".join(filter(None, cells))
        elif child.tag != _FALLBACK:
            yield from _lines(child)


def _joined(node: Element, space: str) -> str:
    return "".join(_pieces(node, space))


def _pieces(node: Element, space: str) -> Iterator[str]:
    for child in node:
        if child.tag in (_FALLBACK, _PHONETIC):
            continue
        if child.tag == f"{space}t":
            yield child.text or ""
        elif child.tag == f"{_WORD}lastRenderedPageBreak":
            yield PAGE_BREAK
        elif child.tag in (f"{space}tab", f"{space}br"):
            yield WANTED_BREAK if child.get(f"{_WORD}type") == "page" else " "
        else:
            yield from _pieces(child, space)


def read_pptx(data: bytes) -> Iterator[str]:
    """Slides in their order, each with the notes of its speaker."""
    with _open(data) as archive:
        for name in _parts(archive, "ppt/presentation.xml", "sldId", "ppt/slides/slide"):
            texts = [_slide_text(_tree(archive, name))]
            for kind, target in _links(archive, name).values():
                if kind.endswith("/notesSlide"):
                    texts.append(_slide_text(_tree(archive, target)))
            yield "\n".join(texts)


def _slide_text(slide: Element) -> str:
    return "\n".join(_joined(line, _DRAWING) for line in slide.iter(f"{_DRAWING}p"))


def read_xlsx(data: bytes) -> Iterator[str]:
    """Sheets in their order: the name, then rows with their cells joined by commas."""
    with _open(data) as archive:
        shared = _shared(archive)
        dates = _date_styles(archive)
        names = _sheet_names(archive)
        parts = _parts(archive, "xl/workbook.xml", "sheet", "xl/worksheets/sheet")
        for at, part in enumerate(parts):
            rows = [_row(row, shared, dates) for row in _tree(archive, part).iter(f"{_SHEET}row")]
            text = "\n".join(filter(None, rows))
            yield "\n".join([*names[at : at + 1], text]) if text else ""


def _shared(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    strings = _tree(archive, "xl/sharedStrings.xml")
    return [_joined(item, _SHEET) for item in strings.iter(f"{_SHEET}si")]


def _sheet_names(archive: zipfile.ZipFile) -> list[str]:
    if "xl/workbook.xml" not in archive.namelist():
        return []
    book = _tree(archive, "xl/workbook.xml")
    return [str(sheet.get("name", "")) for sheet in book.iter(f"{_SHEET}sheet")]


def _date_styles(archive: zipfile.ZipFile) -> frozenset[str]:
    """The numbers of cell styles that show a number as a date."""
    if "xl/styles.xml" not in archive.namelist():
        return frozenset()
    styles = _tree(archive, "xl/styles.xml")
    own = {
        int(item.get("numFmtId", "0"))
        for item in styles.iter(f"{_SHEET}numFmt")
        if _DATE_LETTERS.search(_NO_LETTERS.sub("", item.get("formatCode", "")))
    }
    formats = styles.find(f"{_SHEET}cellXfs")
    found = enumerate(formats if formats is not None else ())
    return frozenset(
        str(at) for at, item in found if int(item.get("numFmtId", "0")) in _DATE_FORMATS | own
    )


def _row(row: Element, shared: Sequence[str], dates: frozenset[str]) -> str:
    cells = (_cell(cell, shared, dates) for cell in row.iter(f"{_SHEET}c"))
    return ", ".join(filter(None, cells))


def _cell(cell: Element, shared: Sequence[str], dates: frozenset[str]) -> str:
    value = cell.findtext(f"{_SHEET}v") or ""
    kind = cell.get("t", "n")
    if kind == "s" and value.isdigit() and int(value) < len(shared):
        return shared[int(value)]
    if kind == "inlineStr":
        return _joined(cell, _SHEET)
    if kind == "n" and cell.get("s") in dates:
        return _date(value)
    return {"0": "FALSE", "1": "TRUE"}.get(value, value) if kind == "b" else value


def _date(value: str) -> str:
    """A serial number of days as a date, with the time where there is one."""
    serial = float(value or "nan")
    if not 0 <= serial <= _LAST_SERIAL:
        return value
    moment = _FIRST_DAY + timedelta(days=serial)
    return moment.strftime("%Y-%m-%d" if serial.is_integer() else "%Y-%m-%d %H:%M")


def _open(data: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(data))
    if sum(item.file_size for item in archive.infolist()) > MAX_UNPACKED_BYTES:
        raise ValueError("it unpacks to more than is read")
    return archive


def _tree(archive: zipfile.ZipFile, name: str) -> Element:
    with archive.open(name) as part:
        data = part.read(MAX_PART_BYTES + 1)
    if len(data) > MAX_PART_BYTES or data.count(b"<") > MAX_TAGS:
        raise ValueError("it holds more than is read")
    parser = ElementTree.XMLParser(target=_Plain())  # noqa: S314 - no entities, see _Plain
    parser.feed(data)
    root: Element = parser.close()
    return root


class _Plain(ElementTree.TreeBuilder):
    """Elements without a document type, in whatever encoding it was written."""

    def doctype(self, *_: object) -> None:
        raise ValueError("it declares entities")


def _parts(archive: zipfile.ZipFile, index: str, tag: str, usual: str) -> list[str]:
    """The parts that an index lists in elements called `tag`, in its order.

    Without the index, those whose names are `usual` and a number, in the order of the numbers.
    """
    if index not in archive.namelist():
        number = re.compile(rf"{re.escape(usual)}(\d+)\.xml\Z")
        found = [match for name in archive.namelist() if (match := number.match(name))]
        return [match[0] for match in sorted(found, key=lambda match: int(match[1]))]
    links = _links(archive, index)
    listed = (node for node in _tree(archive, index).iter() if node.tag.endswith(f"}}{tag}"))
    return [links[str(node.get(_LINK))][1] for node in listed if node.get(_LINK) in links]


def _links(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """What a part refers to inside the archive: type and name, by id."""
    folder, _, file = part.rpartition("/")
    name = f"{folder}/_rels/{file}.rels"
    if name not in archive.namelist():
        return {}
    found: dict[str, tuple[str, str]] = {}
    for link in _tree(archive, name):
        target = str(link.get("Target", ""))
        path = target[1:] if target.startswith("/") else posixpath.join(folder, target)
        if link.get("TargetMode") != "External":
            found[str(link.get("Id"))] = (str(link.get("Type", "")), posixpath.normpath(path))
    return found
