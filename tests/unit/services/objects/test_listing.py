"""Listing keys: against a plain model, and at a cost that follows the page."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volano.kernel.bytes import Blob
from volano.services.objects.logic.listing import (
    SMALL_BATCH,
    common_prefix,
    key_after_prefix,
    list_joined,
    list_keys,
)
from volano.services.objects.model import Put
from volano.services.objects.store.objects import insert_puts
from volano.wire.aws.listing import CONTENT_PIECES, ContentRows, JoinedContents

KEY = st.text(alphabet="ab/é\ud7ff\ue000\U0010ffff", min_size=1, max_size=6)


class MemoryRows:
    """A reader of s3_object over a sorted list, which counts its queries and rows."""

    def __init__(self, keys):
        self.keys = sorted(keys)
        self.queries = 0
        self.rows_read = 0

    async def rows(self, sql, *values):
        _, start, *rest = values
        end = rest[0] if len(rest) == 2 else None
        limit = rest[-1]
        inclusive = "key >= ?" in sql
        found = [
            key
            for key in self.keys
            if (key >= start if inclusive else key > start) and (end is None or key < end)
        ][:limit]
        self.queries += 1
        self.rows_read += len(found)
        return [(key, 1, "etag", 0, "STANDARD", "") for key in found]


@dataclass
class Model:
    """Listing as the reference describes it, over all keys at once."""

    keys: list[str]
    prefix: str
    delimiter: str

    def entries(self) -> list[str]:
        seen: list[str] = []
        for key in sorted(self.keys):
            if not key.startswith(self.prefix):
                continue
            entry = common_prefix(key, self.prefix, self.delimiter) or key
            if entry not in seen:
                seen.append(entry)
        return seen


async def all_entries(rows, prefix, delimiter, limit):
    entries, after = [], ""
    while True:
        page = await list_keys(
            rows, "b", prefix=prefix, delimiter=delimiter, after=after, limit=limit
        )
        names = sorted([item.key for item in page.objects] + page.prefixes)
        assert len(names) <= limit
        entries += names
        if not page.is_truncated:
            return entries
        assert page.last == names[-1]
        after = page.last


@settings(max_examples=150, deadline=None)
@given(
    st.sets(KEY, max_size=60),
    st.sampled_from(["", "a", "a/", "b/é"]),
    st.sampled_from(["", "/", "a", "ab"]),
    st.integers(1, 70),
)
async def test_pages_give_what_the_model_gives(keys, prefix, delimiter, limit):
    expected = Model(list(keys), prefix, delimiter).entries()
    assert await all_entries(MemoryRows(keys), prefix, delimiter, limit) == expected


@given(KEY, KEY)
def test_key_after_prefix_bounds_all_keys_of_the_prefix(prefix, suffix):
    bound = key_after_prefix(prefix)
    assert bound is None or prefix + suffix < bound
    assert bound is None or not bound.startswith(prefix)


async def test_delimiter_cost_does_not_follow_what_lies_below():
    deep = [f"{folder}/{number:05d}" for folder in "abc" for number in range(5000)]
    rows = MemoryRows(deep)
    page = await list_keys(rows, "b", delimiter="/", limit=1000)
    assert page.prefixes == ["a/", "b/", "c/"]
    assert rows.rows_read <= 3 * (SMALL_BATCH + 1)
    assert rows.queries <= 4


async def test_flat_page_is_one_query():
    rows = MemoryRows([f"{number:05d}" for number in range(3000)])
    page = await list_keys(rows, "b", limit=1000)
    assert len(page.objects) == 1000
    assert page.is_truncated
    assert rows.queries == 1


async def test_marker_inside_a_common_prefix_skips_it():
    rows = MemoryRows(["a/1", "a/2", "b/1", "c"])
    page = await list_keys(rows, "b", delimiter="/", after="a/1")
    assert page.prefixes == ["b/"]
    assert [item.key for item in page.objects] == ["c"]


async def test_no_keys_wanted_is_an_empty_page():
    page = await list_keys(MemoryRows(["a"]), "b", limit=0)
    assert (page.objects, page.prefixes, page.is_truncated) == ([], [], False)


async def test_a_joined_page_is_written_as_its_rows_are(env):
    """The database's text is what `ContentRows` makes of the rows, on both databases."""
    checksums = ("", "CRC32 FULL_OBJECT abc=", "SHA256 COMPOSITE abc=-2")
    puts = [
        Put("b", f"k/{number:04d}é", f"etag{number}", number * 1_234_567, checksums[number % 3], "")
        for number in range(70)
    ]
    blob = Blob(id="s1.x", size_bytes=7, zones=("a", "b"))
    await env.store.transact(lambda tx: insert_puts(tx, [(put, blob) for put in puts]))
    for prefix, after, limit in (
        ("", "", 1000),
        ("k/", "k/0003é", 10),
        ("k/006", "", 10),
        ("z", "", 5),
    ):
        page = await list_keys(env.store.reader, "b", prefix=prefix, after=after, limit=limit)
        joined = await list_joined(
            env.store.reader, "b", CONTENT_PIECES, prefix=prefix, after=after, limit=limit
        )
        keys = [row[0] for row in page.rows]
        contents = JoinedContents(joined.text, joined.number, limit)
        assert contents.is_known
        assert contents.xml() == ContentRows(page.rows, keys, None).xml()
        assert (contents.keys, joined.number > limit) == (keys, page.is_truncated)


@pytest.mark.parametrize("key", ["a\x01b", "\x01", "\x01" * 5])
async def test_a_key_with_a_mark_is_seen(env, key):
    blob = Blob(id="s1.x", size_bytes=7, zones=("a", "b"))
    puts = [(Put("b", each, "etag", 0, "", ""), blob) for each in ("0", key, "z")]
    await env.store.transact(lambda tx: insert_puts(tx, puts))
    joined = await list_joined(env.store.reader, "b", CONTENT_PIECES, limit=1000)
    assert not JoinedContents(joined.text, joined.number, 1000).is_known
