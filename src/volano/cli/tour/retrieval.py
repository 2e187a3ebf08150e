"""Finds the sentence of the shop's policies that answers a question, or says "not found".

A sentence is the unit, compared by the cosine of embeddings. Measured with all-MiniLM-L6-v2 on the
example shop: true answers score 0.52 to 0.87, the best sentence for questions without an answer
at most 0.41; between the two threshold values a shared word decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SURE_SCORE = 0.55
LEAST_SCORE = 0.44
MAX_SENTENCES = 2_000

_NOT_PROSE = ("#", "|", "```", ">", "---")
_MARK = re.compile(r"^\s*(?:[-*+]|\d+\.)\s+")
_END = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-ÖØ-Þ0-9])")
_WORD = re.compile(r"[^\W_]{3,}")
_EVERYDAY_TEXT = (
    "the and for are can how what does did with you your our has have from into who why when where "
    "which will would should there this that its was were not any all one use using get"
)
_EVERYDAY = frozenset(_EVERYDAY_TEXT.split())

Vector = list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence and where it stands; `line` counts from 1."""

    text: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The best sentence, or None when nothing answers; `score` is its cosine."""

    sentence: Sentence | None
    score: float


def split_sentences(text: str, file: str) -> list[Sentence]:
    """The sentences of a Markdown page, without headings, quotes, tables and list marks."""
    found: list[Sentence] = []
    paragraph: list[str] = []
    start = 1
    for number, line in enumerate([*text.splitlines(), ""], 1):
        plain = _MARK.sub("", line).strip()
        ends = not plain or plain.startswith(_NOT_PROSE) or plain != line.strip()
        if ends and paragraph:
            parts = _END.split(" ".join(paragraph))
            found += [Sentence(text=part, file=file, line=start) for part in parts]
            paragraph = []
        if plain and not plain.startswith(_NOT_PROSE):
            start = start if paragraph else number
            paragraph.append(plain)
    return found


def best_answer(
    question: str, asked: Vector, sentences: Sequence[Sentence], vectors: Sequence[Vector]
) -> Answer:
    """The sentence nearest to the question, if it is near enough. Vectors have length 1."""
    scores = [sum(a * b for a, b in zip(asked, vector, strict=True)) for vector in vectors]
    place = max(range(len(scores)), key=scores.__getitem__)
    score = scores[place]
    sure = score >= SURE_SCORE
    likely = score >= LEAST_SCORE and bool(_stems(question) & _stems(sentences[place].text))
    return Answer(sentence=sentences[place] if sure or likely else None, score=score)


def _stems(text: str) -> set[str]:
    """Words without everyday ones, cut to their first five letters."""
    words = (word.lower() for word in _WORD.findall(text))
    return {word[:5] for word in words if word not in _EVERYDAY}
