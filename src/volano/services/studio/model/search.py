"""What a search of a vector store asks, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.services.studio.model.vector_stores import Attributes

MAX_RESULTS = 50
DEFAULT_RESULTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One comparison of an attribute, or a group of them joined by `and` or `or`."""

    operator: str
    key: str = ""
    value: str | float | bool | tuple[str | float | bool, ...] = ""
    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """`meaning` and `words` weigh the two orders that are joined."""

    queries: tuple[str, ...]
    limit: int = DEFAULT_RESULTS
    condition: Condition | None = None
    score_threshold: float = 0.0
    meaning: float = 1.0
    words: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A chunk that may answer. `score` is the better of its nearness in meaning and the share of
    the query's words that it holds, 0 to 1."""

    file_id: str
    filename: str
    ordinal: int
    text: str
    score: float
    attributes: Attributes = field(default_factory=dict)
