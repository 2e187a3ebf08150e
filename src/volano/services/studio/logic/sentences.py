"""Cutting texts into sentences that can be quoted on their own.

Questions are left out: the sentence most like a question is the same question asked before, and
it answers nothing. Rows of tables become `column: value` sentences, so that figures are found.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from volano.services.studio.model.passages import MAX_CHUNK_CHARACTERS, MAX_CHUNKS, Format

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIST_MARK = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_LINE_MARKS = re.compile(
    r"^(?:\s*(?:>|&gt;|#{1,6}\s|(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s)?))+\s*"
)
"""Marks of quotes, headings, lists and tasks, also one within another: no part of a sentence."""
_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+(?=[\"'“‘(]*[\w€$£])|(?<=[。！？])")
_RULE = re.compile(r"^[\s|:=+_-]+$")
_MARKS = re.compile(r"(\*\*|__|`)(.+?)\1")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_WORD = re.compile(r"\w")
MAX_CELL_CHARACTERS = 100


def split_sentences(text: str, format: Format) -> list[str]:
    """The sentences of a text, in order; at most MAX_CHUNKS."""
    text = text.replace("\x00", "")
    cut = {
        Format.MESSAGE: _plain,
        Format.PLAIN: _plain,
        Format.MARKDOWN: _markdown,
        Format.TABLE: _table,
    }[format]
    found: list[str] = []
    for sentence in cut(text):
        if _is_worth(sentence):
            found.append(sentence[:MAX_CHUNK_CHARACTERS])
        if len(found) >= MAX_CHUNKS:
            break
    return found


def _is_worth(sentence: str) -> bool:
    return len(_WORD.findall(sentence)) >= 3 and not sentence.rstrip("\"'”’) ").endswith(
        ("?", "？")
    )


def _plain(text: str) -> Iterator[str]:
    """Every line stands for itself; a line may hold several sentences."""
    for line in text.splitlines():
        yield from _sentences(_LINE_MARKS.sub("", line))


def _sentences(text: str) -> Iterator[str]:
    for part in _END.split(" ".join(text.split())):
        if part:
            yield part.strip()


def _markdown(text: str) -> Iterator[str]:
    """Paragraphs are joined over line ends; headings stand before their table's rows only."""
    paragraph: list[str] = []
    header: list[str] = []
    fenced = False
    for line in [*text.splitlines(), ""]:
        plain = line.strip()
        if plain.startswith("```"):
            fenced = not fenced
            continue
        is_row = plain.startswith("|") and not fenced
        starts = bool(_LIST_MARK.match(line)) or plain.startswith(("#", ">")) or is_row
        if paragraph and (not plain or starts):
            yield from _sentences(_unmarked(" ".join(paragraph)))
            paragraph = []
        if not is_row:
            header = []
        if is_row:
            yield from _row(plain, header)
        elif plain.startswith("#") or _RULE.match(plain):
            continue
        elif plain:
            paragraph.append(_LINE_MARKS.sub("", line).strip())


def _row(line: str, header: list[str]) -> Iterator[str]:
    """One row of a Markdown table; the first one of a table is its header."""
    cells = [_unmarked(cell.strip()) for cell in line.strip("|").split("|")]
    if _RULE.match(line):
        return
    if not header:
        header[:] = cells
        return
    yield _labelled(header, cells)


def _labelled(header: list[str], cells: list[str]) -> str:
    """A two-column row reads `name: value`, others name each column."""
    if len(cells) == 2:
        return f"{cells[0]}: {cells[1]}"
    pairs = zip(header, cells, strict=False)
    return ", ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)


def _table(text: str) -> Iterator[str]:
    """Rows of a CSV file by the names in its first line."""
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:4096], ",;\t|")
    except csv.Error:
        dialect = csv.excel
    rows = csv.reader(io.StringIO(text), dialect)
    try:
        header = next(rows, [])
        for cells in rows:
            if cells:
                yield _labelled(header, [_short(cell.strip()) for cell in cells])
    except csv.Error:
        return


def _short(cell: str) -> str:
    """Descriptions inside a table would push its figures out of the sentence."""
    return cell if len(cell) <= MAX_CELL_CHARACTERS else ""


def _unmarked(text: str) -> str:
    """Words without Markdown's emphasis and link targets."""
    return _MARKS.sub(r"\2", _LINK.sub(r"\1", text))
