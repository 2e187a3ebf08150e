"""The organisation: departments in a tree, and where each person stands in it."""

from __future__ import annotations

from dataclasses import dataclass

MAX_DEPARTMENTS = 2000
MAX_DEPTH = 20
MAX_NAME_CHARACTERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """`parent_id` is '' at the top."""

    id: str
    account: str
    name: str
    parent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A person's place; ids are '' where nothing is set."""

    user_id: str
    account: str
    department_id: str = ""
    manager_id: str = ""
    title: str = ""
    phone: str = ""
