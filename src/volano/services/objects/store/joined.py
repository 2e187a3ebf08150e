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
_ROW = ", ".join(["CAST(? AS TEXT)", *(f"{value}, CAST(? AS TEXT)" for value in _VALUES)])

Pieces = tuple[str, str, str, str, str, str, str]
"""What stands before key, time, ETag, checksum, size and class, and behind."""


class Joined(NamedTuple):
    """Rows in the order of their keys."""

    text: str
    """For each row the pieces, and between them: key, seconds since 1970, ETag, the first
    `CHECKSUM_CHARACTERS` of the checksum, size and storage class."""
    keys: str
    """All keys, one behind the other."""
    number: int
    last: str
    """The last key; '' for no rows."""


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
        f"SELECT string_agg(concat({_ROW}), ''), string_agg(key, ''), COUNT(*), MAX(key) "
        f"FROM ({rows}) AS page",
        *pieces,
        *values,
    )
    assert found is not None, "an aggregate has one row"
    text, keys, number, last = found
    return Joined(text or "", keys or "", number, last or "")
