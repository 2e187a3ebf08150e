"""Lists as OpenAI's API asks for them (`limit`, `order`, `after`, `before`) and answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


class ListQuery(msgspec.Struct, kw_only=True):
    """The query of a list. A subclass adds its filters and path parameters."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    order: Literal["asc", "desc"] = "desc"
    after: str = ""
    before: str = ""


class Page(msgspec.Struct, kw_only=True):
    """A page; `first_id` and `last_id` are '' when it is empty."""

    object: str = "list"
    data: list[Any]
    first_id: str
    last_id: str
    has_more: bool


class Deleted(msgspec.Struct, kw_only=True):
    """What a deletion answers with."""

    id: str
    object: str
    deleted: bool = True


def page_of(ids: Sequence[str], data: list[Any], *, has_more: bool) -> Page:
    return Page(
        data=data,
        first_id=ids[0] if ids else "",
        last_id=ids[-1] if ids else "",
        has_more=has_more,
    )


def seconds(time_us: int) -> int | None:
    """A time as the API shows it; None for one that never was."""
    return time_us // 1_000_000 or None
