"""Makes the rows of buckets, objects and versions again from the log of the bytes alone.

Of each key the newest note counts: what was deleted has an image without rows, or is missing in
the last whole telling, before which nothing counts (log_images.py). Where a content is shared, the
newest image of its parts counts for all. Uploads under way are not told: they are begun again.
Everything found is kept in memory, some 1 KB for a key.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from volano.kernel.bytes import GroupWriter
from volano.kernel.errors import Conflict, Invalid
from volano.services.objects.logic.log_images import Telling, upsert_telling
from volano.services.objects.logic.log_notes import Group, Images, Order, Whole, decode
from volano.services.objects.logic.put_rows import Progress, note_progress
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import changes as rows
from volano.services.objects.store.objects import put_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from volano.kernel.bytes import Blob, Note
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.objects.model import Bucket, Put
    from volano.services.objects.store.changes import Rows

ROWS_AT_ONCE = 500
FIRST = Order(0, 0)


class Rebuilt(NamedTuple):
    buckets: int
    objects: int
    versions: int
    """Those that are not current, delete markers among them."""


class _Found(NamedTuple):
    """The newest that was told of a key: its image, or a small put and its blob."""

    order: Order
    rows: Rows
    columns: dict[str, str]
    put: Put | None = None
    blob: Blob | None = None


class _Tale:
    """What the notes tell, all together."""

    def __init__(self) -> None:
        self.newest = FIRST
        self.keys: dict[tuple[str, str], _Found] = {}
        self.parts: dict[str, tuple[Order, str, list[Any]]] = {}
        """By content: order, columns and rows."""

    def take(self, told: Group | Images, blobs: Sequence[Blob | None]) -> None:
        self.newest = max(self.newest, told.order)
        if isinstance(told, Group):
            for put, blob in zip(told.puts, blobs, strict=True):
                if blob is not None:
                    found = _Found(told.order, {}, {}, put, blob)
                    self._keep((put.bucket_id, put.key), found)
            return
        for image in told.images:
            parts = image.rows.pop("s3_part", [])
            self._take_parts(told, parts)
            if image.bucket_id:
                found = _Found(told.order, image.rows, told.columns)
                self._keep((image.bucket_id, image.key), found)

    def _keep(self, name: tuple[str, str], found: _Found) -> None:
        known = self.keys.get(name)
        if known is None or found.order >= known.order:
            self.keys[name] = found

    def _take_parts(self, told: Images, parts: list[Any]) -> None:
        by_content: dict[str, list[Any]] = {}
        for row in parts:
            by_content.setdefault(row[0], []).append(row)
        for content_id, mine in by_content.items():
            known = self.parts.get(content_id)
            if known is None or told.order >= known[0]:
                self.parts[content_id] = told.order, told.columns["s3_part"], mine


async def rebuild_index(env: Env, *, replace: bool = False) -> Rebuilt:
    """Fill the tables of objects from the log. Raises Conflict when they hold something, unless
    they may be replaced, and Invalid for a store of bytes without a log."""
    if not isinstance(env.bytes, GroupWriter):
        raise Invalid("The index is rebuilt from the log of bytes on disk; this store has none.")
    if not replace and await rows.has_any(env.store.reader):
        raise Conflict("There are objects in the index; --replace makes all of them anew.")
    tale = _listen(await env.bytes.read_notes())
    await env.store.transact(_clear)
    made = 0
    for (bucket_id, key), found in tale.keys.items():
        if not key:
            await env.store.transact(partial(_put_bucket, bucket_id=bucket_id, found=found))
            made += len(found.rows["s3_bucket"])
    counts = await _put_keys(env, tale)
    mark = env.bytes.mark()
    progress = Progress(tale.newest.group, mark)
    telling = Telling(number=tale.newest.number)
    await env.store.transact(lambda tx: note_progress(tx, progress))
    await env.store.transact(lambda tx: upsert_telling(tx, telling))
    return Rebuilt(made, counts["s3_object"], counts["s3_version"])


def _listen(notes: Sequence[Note]) -> _Tale:
    told = [(decode(note.text), note.blobs) for note in notes]
    since = max((each.order for each, _ in told if isinstance(each, Whole)), default=FIRST)
    tale = _Tale()
    for each, blobs in told:
        if not isinstance(each, Whole) and each.order >= since:
            tale.take(each, blobs)
    return tale


async def _clear(tx: Tx) -> None:
    await rows.delete_derived(tx)
    await rows.delete_all_changes(tx)


async def _put_bucket(tx: Tx, bucket_id: str, found: _Found) -> None:
    await rows.delete_bucket_rows(tx, bucket_id)
    for table, its in found.rows.items():
        await rows.insert_rows(tx, table, found.columns[table], its)


class _Rows:
    """Rows on their way into the tables, many in one transaction."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._waiting: dict[tuple[str, str], list[Any]] = {}
        """By table and columns."""
        self._count = 0
        self.counts: Counter[str] = Counter()
        """Rows by table."""

    async def add(self, table: str, columns: str, its: Sequence[Any]) -> None:
        self._waiting.setdefault((table, columns), []).extend(its)
        self.counts[table] += len(its)
        self._count += len(its)
        if self._count >= ROWS_AT_ONCE:
            await self.flush()

    async def flush(self) -> None:
        waiting, self._waiting, self._count = self._waiting, {}, 0

        async def write(tx: Tx) -> None:
            for (table, columns), its in waiting.items():
                await rows.insert_rows(tx, table, columns, its)

        await self._env.store.transact(write)


async def _put_keys(env: Env, tale: _Tale) -> Counter[str]:
    """Write the rows of all keys and contents; returns how many there are, by table."""
    target = _Rows(env)
    uses: Counter[str] = Counter()
    buckets: dict[str, Bucket | None] = {}
    for (bucket_id, key), found in tale.keys.items():
        if bucket_id not in buckets:
            reader = env.store.reader
            buckets[bucket_id] = await bucket_rows.select_bucket_by_id(reader, bucket_id)
        bucket = buckets[bucket_id]
        if not key or bucket is None:
            continue
        for table, columns, its in _rows_of(found):
            place = columns.split(", ").index("content_id")
            uses.update(row[place] for row in its if row[place])
            await target.add(table, columns, its)
    for content_id in uses.keys() & tale.parts.keys():
        _, columns, its = tale.parts[content_id]
        await target.add("s3_part", columns, its)
    await target.flush()
    shares = [(content_id, count - 1) for content_id, count in uses.items() if count > 1]
    await env.store.transact(lambda tx: rows.insert_shares(tx, shares))
    return target.counts


def _rows_of(found: _Found) -> Iterator[tuple[str, str, Sequence[Any]]]:
    """Tables, their columns and rows of one key."""
    if found.put is None or found.blob is None:
        for table, its in found.rows.items():
            yield table, found.columns[table], its
        return
    yield "s3_object", rows.TABLES["s3_object"], [put_values(found.put, found.blob)]
