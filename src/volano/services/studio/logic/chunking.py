"""Pages to chunks of about so many tokens, cut where sentences and paragraphs end.

Tokens are estimated: four to three words of a spaced language, one per character of Chinese,
Japanese or Korean. A chunk may lie on two pages; it never splits a word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.services.studio.model.vector_stores import MAX_FILE_CHUNKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from volano.services.studio.model.vector_stores import Chunking

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_UNIT = re.compile(rf"[{_CJK}]|[^\s{_CJK}]+")
_END = re.compile(r"(?<=[.!?…。！？])\s+|(?<=[。！？])|\n{1,}")
WORD_TOKENS = 4 / 3
LONG_WORD = 200


def count_tokens(text: str) -> int:
    """About how many tokens a text has."""
    return round(sum(_weight(unit) for unit in _UNIT.findall(text)))


def _weight(unit: str) -> float:
    return 1.0 if len(unit) == 1 else WORD_TOKENS * max(1.0, len(unit) / 12)


def cut_chunks(pages: Iterable[str], chunking: Chunking) -> list[str]:
    """The chunks of a file, in order; at most MAX_FILE_CHUNKS."""
    chunks: list[str] = []
    held: list[tuple[str, int]] = []
    held_tokens = 0
    fresh = False
    for piece, tokens in _pieces(pages, chunking.size_tokens):
        if fresh and held_tokens + tokens > chunking.size_tokens:
            chunks.append(_text(held))
            held, held_tokens = _tail(held, chunking.overlap_tokens, chunking.size_tokens - tokens)
            fresh = False
        held.append((piece, tokens))
        held_tokens += tokens
        fresh = True
    if fresh:
        chunks.append(_text(held))
    return chunks[:MAX_FILE_CHUNKS]


def _text(held: list[tuple[str, int]]) -> str:
    return "\n".join(piece for piece, _ in held)


def _tail(
    held: list[tuple[str, int]], overlap: int, room: int
) -> tuple[list[tuple[str, int]], int]:
    """The last sentences that the next chunk repeats."""
    kept: list[tuple[str, int]] = []
    total = 0
    for piece, tokens in reversed(held):
        if total + tokens > min(overlap, room):
            break
        kept.insert(0, (piece, tokens))
        total += tokens
    return kept, total


def _pieces(pages: Iterable[str], size: int) -> Iterator[tuple[str, int]]:
    """Sentences with their tokens; one longer than a chunk comes in several pieces."""
    for page in pages:
        for sentence in _END.split(page):
            text = sentence.strip()
            tokens = count_tokens(text)
            if not text:
                continue
            if tokens <= size:
                yield text, tokens
            else:
                yield from _cut(text, size)


def _cut(text: str, size: int) -> Iterator[tuple[str, int]]:
    start, weight = 0, 0.0
    for unit in _UNIT.finditer(text):
        for at in range(unit.start(), unit.end(), LONG_WORD):
            weight += _weight(text[at : min(at + LONG_WORD, unit.end())])
            if weight > size and at > start:
                yield text[start:at].strip(), size
                start, weight = at, 0.0
    if text[start:].strip():
        yield text[start:].strip(), max(1, round(weight))
