"""Where the statements of a policy stand in its text, for answers that point at them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache

_SPACE = re.compile(r"[\s,:]*")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Span:
    """From a statement's `{` to behind its `}`."""

    start: Position
    end: Position


@lru_cache(maxsize=1024)
def statement_spans(text: str) -> tuple[Span, ...]:
    """One span for each statement of a document that has been read before; one for a `Statement`
    that is no list."""
    decoder = json.JSONDecoder()
    place = text.index("{") + 1
    while True:
        place = _skip(text, place)
        key, place = decoder.raw_decode(text, place)
        place = _skip(text, place)
        if key == "Statement":
            return tuple(_spans(text, place, decoder))
        _, place = decoder.raw_decode(text, place)


def _spans(text: str, place: int, decoder: json.JSONDecoder) -> list[Span]:
    if text[place] != "[":
        return [_span(text, place, decoder.raw_decode(text, place)[1])]
    found, place = [], _skip(text, place + 1)
    while text[place] != "]":
        _, end = decoder.raw_decode(text, place)
        found.append(_span(text, place, end))
        place = _skip(text, end)
    return found


def _skip(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    assert found is not None, "the pattern matches nothing, too"
    return found.end()


def _span(text: str, start: int, end: int) -> Span:
    return Span(_position(text, start), _position(text, end))


def _position(text: str, index: int) -> Position:
    before = text.rfind("\n", 0, index)
    return Position(text.count("\n", 0, index) + 1, index - before)
