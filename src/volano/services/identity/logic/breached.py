"""Passwords that lists of leaks begin with, and those that only repeat who one is.

The list (tools/gen_breached.py) is a sorted row of short digests, searched where it lies: no
network is asked, and no password leaves the process.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LIST = Path(__file__).with_name("breached.bin")
DIGEST_BYTES = 6
MIN_REST_CHARACTERS = 4
"""What must be left of a password without the words that everybody knows of its person."""
_OWN_WORDS = ("volano", "password", "console", "admin")


def digest_of(password: str) -> bytes:
    """How a password stands in the list, whatever its case."""
    return hashlib.sha256(password.lower().encode()).digest()[:DIGEST_BYTES]


def is_breached(password: str) -> bool:
    """Whether it is among those that are tried first."""
    found = _digests()
    digest = digest_of(password)
    at = bisect_left(found, digest)
    return at < len(found) and found[at] == digest


def is_about(password: str, words: Iterable[str]) -> bool:
    """Whether little is left without the person's own words (name, e-mail) and this product's."""
    rest = password.lower()
    for word in sorted((*words, *_OWN_WORDS), key=len, reverse=True):
        if len(word) >= MIN_REST_CHARACTERS:
            rest = rest.replace(word.lower(), "")
    return len(rest) < MIN_REST_CHARACTERS


@lru_cache(maxsize=1)
def _digests() -> list[bytes]:
    raw = LIST.read_bytes()
    return [raw[at : at + DIGEST_BYTES] for at in range(0, len(raw), DIGEST_BYTES)]
