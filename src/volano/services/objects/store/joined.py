"""Many rows of s3_object as one text, joined in the database.

A page of a listing has a thousand rows of six values: that the database makes one text of them
costs less than to write six thousand values one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from volano.services.objects.store.objects import select_range

if TYPE_CHECKING:
    from volano.kernel.store import Reader

CHECKSUM_CHARACTERS = 12
"""Of `ALGORITHM KIND VALUE`: these say which algorithm and which kind."""

_VALUES = ("key", "second", "etag", f"substr(checksum, 1, {CHECKSUM_CHARACTERS})", "size_bytes",
           "storage_class")  # fmt: skip
_ROW = ", CAST(? AS TEXT), ".join(_VALUES)

Pieces = tuple[str, str, str, str, str, str]
"""What stands behind key, second, ETag, checksum, size and, where another row follows, class."""


class Joined(NamedTuple):
    """Rows in the order of their keys."""

    text: str
    """Of each row, with the pieces between: key, seconds since 1970, ETag, the first
    `CHECKSUM_CHARACTERS` of the checksum, size and storage class."""
    number: int


async def select_joined(
    reader: Reader,
    bucket_id: str,
    pieces: Pieces,
    *,
    start: str,
    inclusive: bool,
    end: str | None,
    limit: int,
) -> Joined:
    """Objects by key, from `start` (itself only when `inclusive`) up to before `end`."""
    rows, values = select_range(
        "key, size_bytes, etag, modified_us / 1000000 AS second, storage_class, checksum",
        bucket_id,
        start=start,
        inclusive=inclusive,
        end=end,
        limit=limit,
    )
    found = await reader.row(
        f"SELECT string_agg(concat({_ROW}), CAST(? AS TEXT)), COUNT(*) FROM ({rows}) AS page",
        *pieces,
        *values,
    )
    assert found is not None, "an aggregate has one row"
    text, number = found
    return Joined(text or "", number)
