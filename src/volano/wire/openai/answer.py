"""Answers as plain JSON values, as they will be sent: for rows that keep them."""

from __future__ import annotations

from typing import Any

import msgspec


def to_json(answer: Any) -> dict[str, Any]:
    """The object that a client would read; what is unset is left out."""
    found = msgspec.to_builtins(answer)
    assert isinstance(found, dict)
    return found
