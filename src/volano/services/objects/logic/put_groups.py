"""Small objects put together: one write of bytes and one transaction for many requests.

Only for plain buckets (api/lane_buckets.py), where a put replaces what is there and nothing else
is decided. While one group's bytes are being synced the next one gathers; then its rows are
committed while the next one's bytes are synced. A group that fails is not repeated here: each of
its requests goes the ordinary way, which says what is wrong.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from volano.kernel.errors import VolanoError
from volano.kernel.events import is_wanted
from volano.services.objects.logic.contents import written_event
from volano.services.objects.logic.versions import make_room
from volano.services.objects.model import NULL_VERSION, StoredObject
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import objects as object_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.bytes import Blob, GroupWriter
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.objects.model import Bucket, Checksum, Description

MAX_GROUP = 256
"""Puts in one transaction."""
MAX_WAITING = 4096
"""Puts that may wait for their turn; more go the ordinary way, which tells clients to slow down."""
EVENT = "ObjectCreated:Put"
COPIES = 2
NOTIFICATIONS_SUBSCRIBER = "objects:notifications"
REPLICATION_SUBSCRIBER = "objects:replication"
IDLE_SUBSCRIBERS = frozenset({NOTIFICATIONS_SUBSCRIBER, REPLICATION_SUBSCRIBER})
"""They go by settings that a plain bucket does not have."""


class NewObject(NamedTuple):
    """An object that shall be written, as its request says."""

    bucket: Bucket
    key: str
    etag: str
    modified_us: int
    description: Description
    checksum: Checksum
    body: bytes

    def stored(self, blob: Blob, version_id: str = NULL_VERSION, rank: int = 0) -> StoredObject:
        return StoredObject(
            bucket_id=self.bucket.id,
            key=self.key,
            size_bytes=len(self.body),
            etag=self.etag,
            modified_us=self.modified_us,
            description=self.description,
            checksum=self.checksum,
            blob=blob,
            version_id=version_id,
            rank=rank,
        )


Put = tuple[NewObject, "asyncio.Future[bool]"]
"""The future is True once the object is durable; False when it must go the ordinary way."""


class PutGroups:
    """Gathers the puts of one process."""

    def __init__(self, env: Env, writer: GroupWriter) -> None:
        self._env = env
        self._writer = writer
        self._waiting: list[Put] = []
        self._writing = False
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, new: NewObject) -> asyncio.Future[bool] | None:
        """Hand one over, with all others of this turn of the loop; None when too many wait."""
        if len(self._waiting) >= MAX_WAITING:
            return None
        loop = asyncio.get_running_loop()
        done: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((new, done))
        if not self._writing:
            self._writing = True
            loop.call_soon(self._start)
        return done

    def _start(self) -> None:
        group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
        task = asyncio.get_running_loop().create_task(self._commit(group))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _go_on(self) -> None:
        """The bytes of a group are written: the next one may begin."""
        self._writing = bool(self._waiting)
        if self._writing:
            self._start()

    async def _commit(self, group: list[Put]) -> None:
        env = self._env
        news = [new for new, _ in group]
        written: list[bool] = [False] * len(group)
        try:
            blobs = await self._write_bytes(news)
            written = await env.store.transact(lambda tx: _write(tx, news, blobs))
            loose = [blob for blob, named in zip(blobs, written, strict=True) if not named]
            if loose:
                await env.bytes.delete(loose)
        except VolanoError as error:
            env.log.warning("a group of puts goes the ordinary way", error=error.message)
        finally:
            for (_, done), is_written in zip(group, written, strict=True):
                if not done.done():
                    done.set_result(is_written)

    async def _write_bytes(self, news: list[NewObject]) -> list[Blob]:
        try:
            return await self._writer.write_group(
                [(f"{new.bucket.id}/{new.key}", new.body) for new in news], copies=COPIES
            )
        finally:
            self._go_on()


async def _write(tx: Tx, news: Sequence[NewObject], blobs: Sequence[Blob]) -> list[bool]:
    """Make each the current object of its key; False where its bucket has changed."""
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
        await object_rows.upsert_object(tx, await _place(tx, new, blob, previous))
    return [same[new.bucket.id] for new in news]


async def _place(tx: Tx, new: NewObject, blob: Blob, previous: StoredObject | None) -> StoredObject:
    """Make room for an object and tell who wants to know of it; the caller writes its row."""
    room = await make_room(tx, new.bucket, new.key, previous, fresh="", now_us=new.modified_us)
    item = new.stored(blob, *room)
    event = written_event(new.bucket, item, name=EVENT)
    if is_wanted(event, but=IDLE_SUBSCRIBERS):
        tx.publish(event)
    return item
