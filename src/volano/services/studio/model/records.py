"""What every record has, and the kinds of records that there are.

A record is one of OpenAI's objects, as it is kept. Times are microseconds; the API shows seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """`state` and `expires_us` (0: never) are also columns, so that work finds what is due."""

    id: str
    created_us: int
    state: str = ""
    expires_us: int = 0

    @property
    def used_bytes(self) -> int:
        """What it takes of the account's space, where that is counted."""
        return 0


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """A kind of record: its name in rows, its type, and what people call it."""

    name: str
    type: type[R]
    noun: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which part of a list: ids between which it lies, at most `limit` of them."""

    limit: int = 20
    after: str = ""
    before: str = ""
    newest_first: bool = True


@dataclass(frozen=True, slots=True)
class Listed(Generic[R]):
    """A page, and whether more follows in its direction."""

    items: list[R]
    has_more: bool
