"""Listing versions with prefix and delimiter, at a cost that follows the page and not the bucket.

Current versions and all others are two ordered streams, merged by (key, rank): the newest version
of a key comes first. Common prefixes are jumped over as in listing.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.services.objects.logic.listing import SMALL_BATCH, common_prefix, key_after_prefix
from volano.services.objects.logic.versions import rank_of
from volano.services.objects.model import NULL_VERSION
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import versions as rows

if TYPE_CHECKING:
    from volano.kernel.store import Reader
    from volano.services.objects.model import ListedVersion

FIRST_RANK = -(1 << 62)
"""Before every version of a key."""
LAST_RANK = 1 << 62
"""Behind every version of a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionListing:
    """One page; the next one goes on behind `last_key` and `last_id` ('' for a common prefix)."""

    versions: list[ListedVersion]
    prefixes: list[str]
    is_truncated: bool
    last_key: str
    last_id: str


@dataclass(slots=True)
class _Page:
    """A page being filled; `last_key` and `last_id` are its last entry."""

    limit: int
    versions: list[ListedVersion]
    prefixes: list[str]
    last_key: str = ""
    last_id: str = ""

    @property
    def is_full(self) -> bool:
        return len(self.versions) + len(self.prefixes) >= self.limit


async def list_versions(
    reader: Reader,
    bucket_id: str,
    *,
    prefix: str = "",
    delimiter: str = "",
    key_marker: str = "",
    id_marker: str = "",
    limit: int = 1000,
) -> VersionListing:
    """Versions behind the markers whose keys begin with `prefix`, rolled up at `delimiter`.

    Raises InvalidArgument for an id marker that is no version's id.
    """
    page = _Page(limit, [], [])
    if limit == 0:
        return _listing(page, is_truncated=False)
    end = key_after_prefix(prefix)
    start = await _start(reader, bucket_id, prefix, delimiter, key_marker, id_marker)
    batch = SMALL_BATCH if delimiter else limit + 1
    while start is not None and (end is None or start[0] < end):
        wanted = min(batch, limit + 1 - len(page.versions) - len(page.prefixes))
        found = await _merged(reader, bucket_id, start, end, wanted)
        rolled, full = _fill(page, found, prefix, delimiter)
        if full:
            return await _latest(reader, bucket_id, key_marker, _listing(page, is_truncated=True))
        if len(found) < wanted:
            break
        if rolled is None:
            start, batch = (found[-1].key, found[-1].rank), batch * 4
        else:
            start, batch = _behind(rolled), SMALL_BATCH
    return await _latest(reader, bucket_id, key_marker, _listing(page, is_truncated=False))


async def _start(
    reader: Reader, bucket_id: str, prefix: str, delimiter: str, key_marker: str, id_marker: str
) -> tuple[str, int] | None:
    """The (key, rank) behind which the page begins; None for nowhere."""
    rolled = common_prefix(key_marker, prefix, delimiter) if key_marker > prefix else None
    if rolled is not None:
        return _behind(rolled)
    if key_marker < prefix or not key_marker:
        return prefix, FIRST_RANK
    if not id_marker:
        return key_marker, LAST_RANK
    rank = rank_of(id_marker)
    if rank is None:
        rank = await _rank_of_null(reader, bucket_id, key_marker)
    return key_marker, rank


async def _rank_of_null(reader: Reader, bucket_id: str, key: str) -> int:
    """Where the null version is; when it was deleted meanwhile, the key is listed anew."""
    current = await object_rows.select_object(reader, bucket_id, key)
    if current is not None and current.version_id == NULL_VERSION:
        return current.rank
    older = await rows.select_version(reader, bucket_id, key, NULL_VERSION, rank=None)
    return FIRST_RANK if older is None else older.rank


def _behind(rolled: str) -> tuple[str, int] | None:
    after = key_after_prefix(rolled)
    return None if after is None else (after, FIRST_RANK)


async def _merged(
    reader: Reader, bucket_id: str, start: tuple[str, int], end: str | None, wanted: int
) -> list[ListedVersion]:
    """The next versions of both tables in order."""
    current = await rows.select_listed_current(
        reader, bucket_id, start=start, end=end, limit=wanted
    )
    others = await rows.select_listed_versions(
        reader, bucket_id, start=start, end=end, limit=wanted
    )
    if not others:
        return current
    return sorted(current + others, key=lambda each: (each.key, each.rank))[:wanted]


def _fill(
    page: _Page, found: list[ListedVersion], prefix: str, delimiter: str
) -> tuple[str | None, bool]:
    """Take rows into the page; answers as `listing._fill`."""
    rolled: str | None = None
    for row in found:
        if rolled is not None and row.key.startswith(rolled):
            continue
        if page.is_full:
            return rolled, True
        rolled = common_prefix(row.key, prefix, delimiter)
        if rolled is None:
            newest = row.is_latest or row.key != page.last_key
            page.versions.append(row if newest == row.is_latest else replace(row, is_latest=True))
            page.last_key, page.last_id = row.key, row.version_id
        else:
            page.prefixes.append(rolled)
            page.last_key, page.last_id = rolled, ""
    return rolled, False


async def _latest(
    reader: Reader, bucket_id: str, key_marker: str, listing: VersionListing
) -> VersionListing:
    """The first entry may go on with the marker's key: then look whether it is the newest."""
    if not listing.versions or listing.versions[0].key != key_marker:
        return listing
    first = listing.versions[0]
    current = await object_rows.select_object(reader, bucket_id, first.key)
    newest = current or await rows.select_newest(reader, bucket_id, first.key)
    listing.versions[0] = replace(first, is_latest=newest is None or newest.rank == first.rank)
    return listing


def _listing(page: _Page, *, is_truncated: bool) -> VersionListing:
    return VersionListing(
        versions=page.versions,
        prefixes=page.prefixes,
        is_truncated=is_truncated,
        last_key=page.last_key,
        last_id=page.last_id,
    )
