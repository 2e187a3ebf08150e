"""Requests in words to actions of the cloud, without any model: known phrasings and typed slots.

A request is compared with example sentences by their words, rare words weighing more; it is taken
for an action only when one example is near and no example of another action is as near. Otherwise
this abstains, and the request is treated as a question. Values (names, ids, counts) are taken from
the request by their form, never guessed.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache

from volano.services.assistants.logic.route_table import (
    ARN_ACTION,
    NUMBERS,
    ROUTES,
    UNNEEDED,
    Route,
    Routed,
    read_arguments,
)

SURE = 0.72
"""Least likeness of the best example."""
MARGIN = 0.12
"""Least distance to the best example of another action."""
NEAR = 0.45
"""What is offered when nothing is sure."""

_WORD = re.compile(r"[a-z0-9]+|[\u4e00-\u9fff]")
_POLITE = re.compile(
    r"^(?:please|pls|can you|could you|would you|i want to|i'd like to|i would like to|let's|"
    r"hey|hi|请|帮我)[, ]*",
    re.IGNORECASE,
)
_FILLER_WORDS = (
    "a an the me my our us all please for on of to is are do does did there have this that now "
    "new here s type size with from at it some called named"
)
_FILLERS = frozenset(_FILLER_WORDS.split())
_SYNONYMS = {
    "add": "create",
    "boot": "start",
    "cloud": "cloud",
    "cost": "spend",
    "costs": "spend",
    "destroy": "delete",
    "display": "list",
    "drop": "delete",
    "erase": "delete",
    "files": "object",
    "give": "list",
    "halt": "stop",
    "launch": "run",
    "machine": "instance",
    "machines": "instance",
    "make": "create",
    "open": "create",
    "people": "user",
    "remove": "delete",
    "restart": "reboot",
    "server": "instance",
    "servers": "instance",
    "set": "create",
    "show": "list",
    "shut": "stop",
    "spin": "run",
    "spent": "spend",
    "vm": "instance",
    "vms": "instance",
}


def find_route(text: str) -> Routed | None:
    """The action that a request means, when that is sure."""
    ranked = _ranked(text)
    if not ranked or ranked[0][0] < SURE:
        return None
    (best, route), others = ranked[0], ranked[1:]
    if others and best - others[0][0] < MARGIN:
        return None
    return Routed(route.tool, read_arguments(route, text), best)


def near_routes(text: str, *, limit: int = 3) -> list[Routed]:
    """What might be meant, best first."""
    near = [(likeness, route) for likeness, route in _ranked(text) if likeness >= NEAR]
    return [Routed(route.tool, read_arguments(route, text), like) for like, route in near[:limit]]


def _ranked(text: str) -> list[tuple[float, Route]]:
    """Every route by its nearest example."""
    asked = _words(_without_values(without_politeness(text)))
    if not asked:
        return []
    ranked = [
        (max(_likeness(asked, example) for example in examples) * _share(route, text), route)
        for route, examples in _example_words()
    ]
    return sorted(ranked, key=lambda pair: -pair[0])


def without_politeness(text: str) -> str:
    """The request without "please" and the like in front."""
    return _POLITE.sub("", text.strip())


def _share(route: Route, text: str) -> float:
    return UNNEEDED if route.needs and route.needs not in read_arguments(route, text) else 1.0


def _without_values(text: str) -> str:
    """The request without what fills slots: names after `called`, ids, quotations, counts."""
    text = re.sub(r"\b(?:called|named)\s+\S+", " ", text, flags=re.IGNORECASE)
    text = re.sub(r"[\"'`“][^\"'`”]{1,80}[\"'`”]", " ", text)
    text = re.sub(r"\b(?:i|ami|sg|vol)-[0-9a-z]+\b|\b[a-z]\d\.[a-z0-9]+\b", " ", text)
    text = ARN_ACTION.sub(" ", text)
    return re.sub(
        r"\b(bucket|queue|topic|channel|user)s?\s+#?[\w.]*[-_.\d][\w.-]*", r"\1", text, flags=re.I
    )


def _words(text: str) -> frozenset[str]:
    words = _WORD.findall(text.lower())
    kept = [_SYNONYMS.get(word, word) for word in words if word not in _FILLERS]
    kept = [word for word in kept if word not in NUMBERS and not word.isdigit()]
    return frozenset(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in kept)


@lru_cache(maxsize=1)
def _example_words() -> tuple[tuple[Route, tuple[frozenset[str], ...]], ...]:
    return tuple((route, tuple(_words(text) for text in route.examples)) for route in ROUTES)


@lru_cache(maxsize=1)
def _weights() -> dict[str, float]:
    """Rare words tell more; how many examples hold each."""
    counts = Counter(
        word for _, examples in _example_words() for words in examples for word in words
    )
    total = sum(len(examples) for _, examples in _example_words())
    return {word: math.log(1 + total / count) for word, count in counts.items()}


def _likeness(asked: frozenset[str], example: frozenset[str]) -> float:
    """Weighted overlap from both sides: 1 when they hold the same words, 0 when none is shared."""
    weights = _weights()
    unknown = max(weights.values())
    shared = sum(weights[word] for word in asked & example)
    if not shared:
        return 0.0
    mine = sum(weights.get(word, unknown) for word in asked)
    theirs = sum(weights[word] for word in example)
    return 2 * shared / (mine + theirs)
