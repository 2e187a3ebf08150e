"""Rows of small objects that were put together, in one transaction of a few statements.

Only for plain buckets (api/lane_buckets.py), where a put replaces what is there and nothing else
is decided. With the rows goes a note of how far the database has come (`Progress`), by which
`put_notes.replay_puts` knows what a power loss took.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from volano.kernel.events import is_wanted
from volano.services.objects.logic.contents import written_event
from volano.services.objects.logic.versions import make_room
from volano.services.objects.model import NULL_VERSION, StoredObject
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store.garbage import select_state, upsert_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.bytes import Blob
    from volano.kernel.store import Reader, Tx
    from volano.services.objects.model import Bucket, Checksum, Description

EVENT = "ObjectCreated:Put"
NOTIFICATIONS_SUBSCRIBER = "objects:notifications"
REPLICATION_SUBSCRIBER = "objects:replication"
IDLE_SUBSCRIBERS = frozenset({NOTIFICATIONS_SUBSCRIBER, REPLICATION_SUBSCRIBER})
"""They go by settings that a plain bucket does not have."""
PROGRESS = "puts"


class NewObject(NamedTuple):
    """An object that shall be written, as its request says."""

    bucket: Bucket
    key: str
    etag: str
    modified_us: int
    description: Description
    checksum: Checksum

    def stored(self, blob: Blob, version_id: str = NULL_VERSION, rank: int = 0) -> StoredObject:
        return StoredObject(
            bucket_id=self.bucket.id,
            key=self.key,
            size_bytes=blob.size_bytes,
            etag=self.etag,
            modified_us=self.modified_us,
            description=self.description,
            checksum=self.checksum,
            blob=blob,
            version_id=version_id,
            rank=rank,
        )


class Progress(NamedTuple):
    """The newest group of puts of which the database knows."""

    number: int
    mark: str
    """The notes of this group and of all later ones lie behind it."""
    noted_bytes: int = 0
    """What all notes so far took."""


NO_PROGRESS = Progress(0, "")


async def select_progress(reader: Reader) -> Progress:
    """NO_PROGRESS where there never was a group, or nobody knows."""
    text = await select_state(reader, PROGRESS)
    if text is None:
        return NO_PROGRESS
    number, noted_bytes, mark = text.split(" ")
    return Progress(int(number), mark, int(noted_bytes))


async def note_progress(tx: Tx, made: Progress) -> None:
    """Write down the newer of `made` and what is known; there is always something written."""
    known = await select_progress(tx)
    await write_progress(tx, max(made, known))


async def write_progress(tx: Tx, made: Progress) -> None:
    """Write it down, whatever was known."""
    await upsert_state(tx, PROGRESS, f"{made.number} {made.noted_bytes} {made.mark}")


async def write_rows(
    tx: Tx, news: Sequence[NewObject], blobs: Sequence[Blob], made: Progress
) -> list[bool]:
    """Make each the current object of its key; False where its bucket has changed.

    Groups come here in the order of their numbers.
    """
    same: dict[str, bool] = {}
    for new in news:
        bucket = new.bucket
        if bucket.id not in same:
            same[bucket.id] = await bucket_rows.select_bucket_by_id(tx, bucket.id) == bucket
    present = await object_rows.select_present(tx, [(new.bucket.id, new.key) for new in news])
    fresh: list[StoredObject] = []
    replacing: list[tuple[NewObject, Blob]] = []
    for new, blob in zip(news, blobs, strict=True):
        if not same[new.bucket.id]:
            continue
        if (new.bucket.id, new.key) in present:
            replacing.append((new, blob))
        else:
            present.add((new.bucket.id, new.key))
            fresh.append(await _place(tx, new, blob, None))
    await object_rows.insert_objects(tx, fresh)
    for new, blob in replacing:
        previous = await object_rows.select_object(tx, new.bucket.id, new.key)
        await object_rows.overwrite_object(tx, await _place(tx, new, blob, previous))
    await write_progress(tx, made)
    return [same[new.bucket.id] for new in news]


async def _place(tx: Tx, new: NewObject, blob: Blob, previous: StoredObject | None) -> StoredObject:
    """Make room for an object and tell who wants to know of it; the caller writes its row."""
    room = await make_room(tx, new.bucket, new.key, previous, fresh="", now_us=new.modified_us)
    item = new.stored(blob, *room)
    event = written_event(new.bucket, item, name=EVENT)
    if is_wanted(event, but=IDLE_SUBSCRIBERS):
        tx.publish(event)
    return item
