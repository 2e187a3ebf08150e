"""Listing keys with prefix and delimiter, at a cost that follows the page and not the bucket.

A common prefix is one answer however many keys lie below it: as soon as it is seen, the scan goes
on behind its last possible key. Batches grow while plain keys come and shrink at common prefixes,
so neither a flat bucket nor a deep one reads rows that the page does not need.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.objects.model import ListedObject, ListedRow
from volano.services.objects.store.joined import select_joined
from volano.services.objects.store.objects import select_listed

if TYPE_CHECKING:
    from volano.kernel.store import Reader
    from volano.services.objects.store.joined import Joined, Pieces

SMALL_BATCH = 16
ONE_KEY = 1
"""Behind a common prefix the next key mostly begins another; rows below that are for nothing."""
LARGEST_CHARACTER = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page; `last` is its last key or common prefix, from which the next page goes on."""

    rows: list[ListedRow]
    prefixes: list[str]
    is_truncated: bool
    last: str

    @property
    def objects(self) -> list[ListedObject]:
        return list(map(ListedObject._make, self.rows))


@dataclass(slots=True)
class _Page:
    """A page being filled."""

    limit: int
    rows: list[ListedRow]
    prefixes: list[str]
    last: str = ""

    @property
    def is_full(self) -> bool:
        return len(self.rows) + len(self.prefixes) >= self.limit


async def list_keys(
    reader: Reader,
    bucket_id: str,
    *,
    prefix: str = "",
    delimiter: str = "",
    after: str = "",
    limit: int = 1000,
) -> Listing:
    """Keys after `after` that begin with `prefix`, rolled up at `delimiter`.

    When `after` lies inside a common prefix, that prefix was answered before and is left out.
    """
    page = _Page(limit, [], [])
    if limit == 0:
        return Listing(rows=[], prefixes=[], is_truncated=False, last="")
    end = key_after_prefix(prefix)
    start, inclusive = _first_key(prefix, delimiter, after)
    batch = SMALL_BATCH if delimiter else limit + 1
    while start is not None and (end is None or start < end):
        wanted = min(batch, limit + 1 - len(page.rows) - len(page.prefixes))
        rows = await select_listed(
            reader, bucket_id, start=start, inclusive=inclusive, end=end, limit=wanted
        )
        rolled, full = _fill(page, rows, prefix, delimiter)
        if full:
            return _listing(page, is_truncated=True)
        if len(rows) < wanted:
            return _listing(page, is_truncated=False)
        if rolled is None:
            start, inclusive, batch = rows[-1][0], False, batch * 4
        else:
            start, inclusive, batch = key_after_prefix(rolled), True, ONE_KEY
    return _listing(page, is_truncated=False)


async def list_joined(
    reader: Reader,
    bucket_id: str,
    pieces: Pieces,
    *,
    prefix: str = "",
    after: str = "",
    limit: int = 1000,
) -> Joined:
    """As `list_keys` without a delimiter, but one text; a row more than `limit` where more keys
    follow."""
    end = key_after_prefix(prefix)
    start, inclusive = _first_key(prefix, "", after)
    assert start is not None, "only a common prefix has nothing behind it"
    return await select_joined(
        reader, bucket_id, pieces, start=start, inclusive=inclusive, end=end, limit=limit + 1
    )


def _first_key(prefix: str, delimiter: str, after: str) -> tuple[str | None, bool]:
    """Where the scan begins, and whether that key itself counts."""
    rolled = common_prefix(after, prefix, delimiter) if after > prefix else None
    if rolled is not None:
        return key_after_prefix(rolled), True
    return (after, False) if after >= prefix and after else (prefix, True)


def _fill(
    page: _Page, rows: list[ListedRow], prefix: str, delimiter: str
) -> tuple[str | None, bool]:
    """Take rows into the page.

    Answers the common prefix that the last row lies in, if any, and whether a row was left over
    because the page is full.
    """
    if not delimiter:
        taken = rows[: page.limit - len(page.rows)]
        page.rows += taken
        page.last = taken[-1][0] if taken else page.last
        return None, len(taken) < len(rows)
    rolled: str | None = None
    for row in rows:
        key = row[0]
        if rolled is not None and key.startswith(rolled):
            continue
        if page.is_full:
            return rolled, True
        rolled = common_prefix(key, prefix, delimiter)
        if rolled is None:
            page.rows.append(row)
            page.last = key
        else:
            page.prefixes.append(rolled)
            page.last = rolled
    return rolled, False


def _listing(page: _Page, *, is_truncated: bool) -> Listing:
    return Listing(
        rows=page.rows,
        prefixes=page.prefixes,
        is_truncated=is_truncated,
        last=page.last,
    )


def common_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    """`key` up to and with the first delimiter behind `prefix`, or None when there is none."""
    if not delimiter or not key.startswith(prefix):
        return None
    at = key.find(delimiter, len(prefix))
    return None if at < 0 else key[: at + len(delimiter)]


def key_after_prefix(prefix: str) -> str | None:
    """The smallest text greater than every text that begins with `prefix`; None for no bound."""
    for index in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[index]) + 1
        if code in SURROGATES:
            code = SURROGATES.stop
        if code <= LARGEST_CHARACTER:
            return prefix[:index] + chr(code)
    return None
