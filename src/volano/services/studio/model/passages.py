"""The nouns of retrieval."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

MAX_DOCUMENT_BYTES = 1024 * 1024
"""Of a text file that is indexed; CSV has a lower limit."""
MAX_TABLE_BYTES = 256 * 1024
MAX_CHUNKS = 2000
"""Sentences of one source; the rest of a longer one is not found."""
MAX_CHUNK_CHARACTERS = 600


class Format(Enum):
    """How a text is cut into sentences."""

    MESSAGE = "message"
    MARKDOWN = "markdown"
    PLAIN = "plain"
    TABLE = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text to be found. `source` names it within its account; `scope` is who may read it."""

    account: str
    source: str
    scope: str
    kind: str
    title: str
    text: str
    format: Format
    ts_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A sentence with the query's terms that it holds, each with how often."""

    source: str
    ordinal: int
    scope: str
    ts_us: int
    terms: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A stored sentence."""

    source: str
    ordinal: int
    scope: str
    ts_us: int
    text: str
    vector: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A sentence that may answer. `coverage` is the share of the question's words in it (by
    weight), `matched` their number, `cosine` the nearness of meaning or None without vectors.
    """

    source: str
    scope: str
    text: str
    ts_us: int
    coverage: float
    matched: int
    cosine: float | None
    rank: float
