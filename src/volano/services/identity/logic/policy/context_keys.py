"""The context keys that policies ask for: in conditions, and as variables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

_VARIABLE = re.compile(r"\$\{\s*([^}\s,*?$]+)\s*(?:,[^}]*)?\}")


def context_keys(documents: Iterable[str]) -> list[str]:
    """Every key, once and sorted, as it is first written; the documents have been read before."""
    found: dict[str, str] = {}
    for text in documents:
        document = json.loads(text)
        statements = document["Statement"]
        variables = document.get("Version") == "2012-10-17"
        for statement in [statements] if isinstance(statements, dict) else statements:
            for key in _keys(statement, variables=variables):
                found.setdefault(key.lower(), key)
    return sorted(found.values(), key=str.lower)


def statement_keys(statement: Mapping[str, object]) -> list[str]:
    """The keys of one statement, once each."""
    found = {key.lower(): key for key in _keys(statement, variables=True)}
    return list(found.values())


def _keys(statement: Mapping[str, object], *, variables: bool) -> Iterator[str]:
    condition = statement.get("Condition")
    for block in condition.values() if isinstance(condition, dict) else ():
        for key, value in block.items():
            yield key
            if variables:
                yield from _variables(value)
    if variables:
        for name in ("Resource", "NotResource"):
            yield from _variables(statement.get(name))


def _variables(value: object) -> Iterator[str]:
    values = value if isinstance(value, list) else [value]
    for text in values:
        if isinstance(text, str):
            yield from _VARIABLE.findall(text)
