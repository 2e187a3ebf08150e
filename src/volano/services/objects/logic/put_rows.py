"""Rows of small objects that were put together, in one transaction of a few statements.

Only for plain buckets (api/lane_buckets.py), where a put replaces what is there and nothing else
is decided. With the rows goes a note of how far the database has come (`Progress`), by which
`put_notes.replay_puts` knows what a power loss took.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from volano.kernel.events import is_wanted
from volano.services.objects.logic.versions import make_room
from volano.services.objects.model import NULL_VERSION, ObjectWritten
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store.garbage import select_state, upsert_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.bytes import Blob
    from volano.kernel.store import Reader, Tx
    from volano.services.objects.model import Bucket, Put

EVENT = "ObjectCreated:Put"
NOTIFICATIONS_SUBSCRIBER = "objects:notifications"
REPLICATION_SUBSCRIBER = "objects:replication"
IDLE_SUBSCRIBERS = frozenset({NOTIFICATIONS_SUBSCRIBER, REPLICATION_SUBSCRIBER})
"""They go by settings that a plain bucket does not have."""
PROGRESS = "puts"


class NewObject(NamedTuple):
    """An object that shall be written, as its request says."""

    bucket: Bucket
    put: Put


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
    for bucket, _ in news:
        if bucket.id not in same:
            same[bucket.id] = await bucket_rows.select_bucket_by_id(tx, bucket.id) == bucket
    taken = [
        _Named(*new, blob) for new, blob in zip(news, blobs, strict=True) if same[new.bucket.id]
    ]
    plain = [each for each in taken if not each.bucket.versioning]
    count = await object_rows.insert_puts(tx, [(each.put, each.blob) for each in plain])
    if count == len(taken):
        for each in taken:
            _publish(tx, each)
    else:
        for each in taken:
            await _replace(tx, each)
    await write_progress(tx, made)
    return [same[new.bucket.id] for new in news]


class _Named(NamedTuple):
    """A new object and where its bytes lie."""

    bucket: Bucket
    put: Put
    blob: Blob


async def _replace(tx: Tx, new: _Named) -> None:
    """Make an object current where its key may have had one, unless it is current already."""
    put = new.put
    previous = await object_rows.select_object(tx, put.bucket_id, put.key)
    version_id = NULL_VERSION
    if previous is None or previous.blob != new.blob:
        version_id, rank = await make_room(
            tx, new.bucket, put.key, previous, fresh="", now_us=put.modified_us
        )
        await object_rows.overwrite_by_put(tx, put, new.blob, version_id=version_id, rank=rank)
    _publish(tx, new, version_id)


def _publish(tx: Tx, new: _Named, version_id: str = NULL_VERSION) -> None:
    """Tell who wants to know of it."""
    bucket, put, blob = new
    event = ObjectWritten(
        account=bucket.account,
        bucket=bucket.name,
        key=put.key,
        name=EVENT,
        size_bytes=blob.size_bytes,
        etag=put.etag,
        time_us=put.modified_us,
        version_id=version_id if bucket.versioning else "",
    )
    if is_wanted(event, but=IDLE_SUBSCRIBERS):
        tx.publish(event)
