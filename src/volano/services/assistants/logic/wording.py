"""What goes into a model's prompt and what is kept of its words.

Sources go in on one line each, so that none can end the list. Of what a model writes, links,
images and mentions are dropped, and a number in brackets stays only where it names a given source.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCES_BEGIN, SOURCES_END = "<sources>", "</sources>"

_NAMED_SOURCE = re.compile(r" ?\[(\d{1,3})\]")
_LINKS = re.compile(
    r"!?\[([^\[\]]*)\]\([^)]*\)"  # Markdown links and images
    r"|<(?:https?|mailto|ftp|slack)[^<>|\s]*(?:\|([^<>]*))?>"  # mrkdwn links
    r"|<[@#!][^<>]*>"  # mentions
    r"|\b(?:https?|ftp)://\S+"  # bare addresses
    r"|\bwww\.\S+",
    re.IGNORECASE,
)


def list_sources(texts: Sequence[str], *, first: int = 1) -> str:
    """The numbered list of sources as a prompt holds it."""
    lines = [f"[{n}] {_flat(text)}" for n, text in enumerate(texts, first)]
    return "\n".join([SOURCES_BEGIN, *(lines or ["(none)"]), SOURCES_END])


def _flat(text: str) -> str:
    return " ".join(text.replace("<", "‹").replace(">", "›").split())


def named_sources(text: str, count: int) -> list[int]:
    """The numbers of given sources that a text names, in its order."""
    named = dict.fromkeys(int(match[1]) for match in _NAMED_SOURCE.finditer(text))
    return [number for number in named if 1 <= number <= count]


def without_unknown_sources(text: str, count: int) -> str:
    """Without numbers in brackets that name nothing."""

    def keep(match: re.Match[str]) -> str:
        return match[0] if 1 <= int(match[1]) <= count else ""

    return _NAMED_SOURCE.sub(keep, text)


def without_links(text: str) -> str:
    """The words of links stay, their addresses, images and mentions go."""

    def words(match: re.Match[str]) -> str:
        label = match[1] or match[2] or ""
        return "" if match[0].startswith("!") or _LINKS.search(label) else label

    while _LINKS.search(text):
        text = _LINKS.sub(words, text)
    return text


def clean_text(value: object, limit: int) -> str:
    """A field of a model's JSON as one line of words without links; '' for what is no text."""
    return " ".join(without_links(value).split())[:limit] if isinstance(value, str) else ""


def clean_list(value: object, limit: int) -> list[object]:
    """A list in a model's JSON, cut; empty for what is none."""
    return value[:limit] if isinstance(value, list) else []
