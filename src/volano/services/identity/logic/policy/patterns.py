"""Patterns with `*`, `?` and policy variables, matched in time linear in the text.

A pattern is read once into tokens. Runs without `*` become regular expressions without any
repetition, found from left to right, so no pattern that a user writes can make matching explode.
Specified in the IAM user guide, "Resource" (wildcards) and "IAM policy elements: Variables and
tags": a variable's value is literal, and a statement whose variable has no value does not match.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

Match = Callable[[str], bool]
LookUp = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Wild:
    """`*` (many) or `?` (one)."""

    many: bool


@dataclass(frozen=True, slots=True)
class Variable:
    """`${key}` or `${key, 'default'}`."""

    key: str
    default: str | None


Piece = str | Wild | Variable
STAR, ONE = Wild(many=True), Wild(many=False)

_TOKEN = re.compile(r"\$\{([^{}]*)\}|[*?]|[^*?$]+|\$")
_DEFAULT = re.compile(r"\s*([^,\s]+)\s*,\s*'([^']*)'\s*\Z")


def parse_tokens(text: str, *, variables: bool, wildcards: bool = True) -> tuple[Piece, ...]:
    """The tokens of a pattern; literals are merged."""
    tokens: list[Piece] = []
    for found in _TOKEN.finditer(text):
        token = _token(found, variables=variables, wildcards=wildcards)
        if isinstance(token, str) and tokens and isinstance(tokens[-1], str):
            tokens[-1] += token
        elif not (token is STAR and tokens and tokens[-1] is STAR):
            tokens.append(token)
    return tuple(tokens)


def _token(found: re.Match[str], *, variables: bool, wildcards: bool) -> Piece:
    text = found.group()
    if wildcards and text in ("*", "?"):
        return STAR if text == "*" else ONE
    if not variables or found.group(1) is None:
        return text
    key = found.group(1)
    if key in ("*", "?", "$"):
        return key
    with_default = _DEFAULT.match(key)
    if with_default:
        return Variable(with_default.group(1).lower(), with_default.group(2))
    return Variable(key.strip().lower(), None)


def has_variables(tokens: Sequence[Piece]) -> bool:
    return any(isinstance(token, Variable) for token in tokens)


def fill(tokens: Sequence[Piece], look_up: LookUp) -> tuple[Piece, ...] | None:
    """The tokens with every variable replaced by its value; None when one has no value."""
    filled: list[Piece] = []
    for token in tokens:
        if isinstance(token, Variable):
            value = look_up(token.key)
            value = token.default if value is None else value
            if value is None:
                return None
            filled.append(value)
        else:
            filled.append(token)
    return tuple(filled)


@lru_cache(maxsize=8192)
def compile_tokens(tokens: tuple[Piece, ...]) -> Match:
    """A function that tells whether a whole text matches."""
    if not any(isinstance(token, Wild) for token in tokens):
        literal = "".join(token for token in tokens if isinstance(token, str))
        return literal.__eq__
    if tokens == (STAR,):
        return _always
    if len(tokens) == 2 and isinstance(tokens[0], str) and tokens[1] is STAR:
        prefix = tokens[0]
        return lambda text: text.startswith(prefix)
    return _compile_runs(tokens)


def compile_glob(pattern: str) -> Match:
    """A pattern without variables."""
    return compile_tokens(parse_tokens(pattern, variables=False))


def _always(_: str) -> bool:
    return True


def _compile_runs(tokens: tuple[Piece, ...]) -> Match:
    runs: list[list[Piece]] = [[]]
    for token in tokens:
        if token is STAR:
            runs.append([])
        else:
            runs[-1].append(token)
    patterns = [_run_pattern(run) for run in runs]
    if len(patterns) == 1:
        only = patterns[0]
        return lambda text: only.fullmatch(text) is not None
    last_size = sum(1 if token is ONE else len(str(token)) for token in runs[-1])
    first, middle, last = patterns[0], patterns[1:-1], patterns[-1]

    def match(text: str) -> bool:
        found = first.match(text)
        if found is None:
            return False
        position = found.end()
        for run in middle:
            found = run.search(text, position)
            if found is None:
                return False
            position = found.end()
        start = len(text) - last_size
        return start >= position and last.match(text, start) is not None

    return match


def _run_pattern(run: Sequence[Piece]) -> re.Pattern[str]:
    return re.compile("".join("." if t is ONE else re.escape(str(t)) for t in run), re.DOTALL)


def split_segments(tokens: Sequence[Piece]) -> list[tuple[Piece, ...]]:
    """An ARN's six segments; the last keeps its colons."""
    segments: list[list[Piece]] = [[]]
    for token in tokens:
        if not isinstance(token, str) or len(segments) == 6:
            segments[-1].append(token)
            continue
        pieces = token.split(":", 6 - len(segments))
        for index, piece in enumerate(pieces):
            if index:
                segments.append([])
            if piece:
                segments[-1].append(piece)
    return [tuple(segment) for segment in segments]


@lru_cache(maxsize=8192)
def compile_arn(tokens: tuple[Piece, ...]) -> Match:
    """A pattern over ARNs: a wildcard stays within its segment, but for the last one.

    `*` alone matches everything; text that is no ARN only matches a pattern that is none.
    """
    if tokens == (STAR,):
        return _always
    segments = split_segments(tokens)
    if len(segments) < 6 or _only_last_is_wild(segments):
        return compile_tokens(tokens)
    matches = [compile_tokens(segment) for segment in segments]

    def match(text: str) -> bool:
        parts = text.split(":", 5)
        return len(parts) == 6 and all(m(p) for m, p in zip(matches, parts, strict=True))

    return match


def _only_last_is_wild(segments: Sequence[Sequence[Piece]]) -> bool:
    return not any(isinstance(token, Wild) for segment in segments[:5] for token in segment)
