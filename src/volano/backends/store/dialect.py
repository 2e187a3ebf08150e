"""The SQL that both databases share, and the few words that PostgreSQL says differently.

Statements are written for SQLite with `?` placeholders. For PostgreSQL placeholders become `$n`;
in migrations column types are renamed as well, and TEXT gets the "C" collation so that keys sort
by code point on both (S3 lists keys in UTF-8 binary order).
"""

from __future__ import annotations

import re
from functools import lru_cache

_TOKENS = re.compile(r"'(?:[^']|'')*'|\?")
_TYPES = (
    (re.compile(r"\bBLOB\b"), "BYTEA"),
    (re.compile(r"\bTEXT\b"), 'TEXT COLLATE "C"'),
    (re.compile(r"\b(?:INTEGER|INT)\b"), "BIGINT"),
    (re.compile(r"\bREAL\b"), "DOUBLE PRECISION"),
    (re.compile(r"\bWITHOUT ROWID\b"), ""),
)


@lru_cache(maxsize=4096)
def numbered(sql: str) -> str:
    """`?` outside quotes becomes `$1`, `$2` …"""
    count = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal count
        if match.group() != "?":
            return match.group()
        count += 1
        return f"${count}"

    return _TOKENS.sub(replace, sql)


def postgres_schema(sql: str) -> str:
    """A migration in PostgreSQL's words."""
    for pattern, word in _TYPES:
        sql = pattern.sub(word, sql)
    return sql


def split_statements(sql: str) -> list[str]:
    """The statements of a migration: each ends with `;` at the end of a line."""
    lines = [line for line in sql.splitlines() if not line.lstrip().startswith("--")]
    pieces = re.split(r";[ \t]*(?:\n|$)", "\n".join(lines))
    return [piece.strip() for piece in pieces if piece.strip()]
