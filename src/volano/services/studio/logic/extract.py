"""Is a sentence an answer? Thresholds for words and for meaning, and the best of what passes.

Measured with all-MiniLM-L6-v2 on the example shop (see the tour's own figures): true answers have
a cosine of 0.52 to 0.87, the best sentence for a question without an answer at most 0.41.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.services.studio.model.passages import Passage

SURE_COSINE = 0.55
LEAST_COSINE = 0.44
LEAST_COVERAGE = 0.5
NUMBER_BONUS = 0.12
WORDS_BONUS = 0.25
"""What holding all of the question's words adds to a cosine."""

_ASKS_NUMBER = re.compile(
    r"\b(how (?:much|many|long|often|old|far)|total|sum|amount|price|cost|sales|revenue|turnover|"
    r"number of|percentage|rate)\b|多少|几|いくら",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|"
    r"forty|fifty|sixty|ninety|hundred|thousand|million|half|no)\b|[零一二三四五六七八九十百千万]",
    re.IGNORECASE,
)


def best_passages(question: str, passages: Sequence[Passage], *, limit: int = 2) -> list[Passage]:
    """The best answer, and others that say as much; empty when nothing answers."""
    wants_number = bool(_ASKS_NUMBER.search(question))
    passing = [item for item in passages if is_answer(item, wants_number=wants_number)]
    scored = sorted(
        passing, key=lambda item: (-_score(item, wants_number=wants_number), -item.ts_us)
    )
    if not scored:
        return []
    least = _score(scored[0], wants_number=wants_number) * 0.9
    chosen: list[Passage] = []
    seen: set[str] = set()
    for item in scored:
        key = " ".join(item.text.lower().split())
        if key in seen or _score(item, wants_number=wants_number) < least:
            continue
        seen.add(key)
        chosen.append(item)
    return chosen[:limit]


def is_answer(item: Passage, *, wants_number: bool) -> bool:
    """Whether a sentence is near enough to be shown as an answer."""
    has_number = bool(_NUMBER.search(item.text))
    by_words = item.coverage >= LEAST_COVERAGE and (item.matched >= 2 or item.coverage > 0.99)
    if item.cosine is None:
        return by_words and (has_number or not wants_number or item.coverage >= 0.75)
    if item.cosine >= SURE_COSINE:
        return True
    if item.cosine >= LEAST_COSINE:
        return item.matched >= 1
    # The model knows English best: what it finds far may still hold nearly every word.
    return item.coverage >= 0.75 and item.matched >= 3


def _score(item: Passage, *, wants_number: bool) -> float:
    number = NUMBER_BONUS if wants_number and _NUMBER.search(item.text) else 0.0
    if item.cosine is None:
        return item.coverage + number
    return item.cosine + WORDS_BONUS * item.coverage + number
