"""Moving an object or version to another storage class: the bytes first, then its row.

The bytes are copied as they lie, sealed or not. A row that changed meanwhile stays as it is, and
the copy is dropped; a crash in between leaves blobs that the sweep finds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.objects.logic.contents import publish_changed
from volano.services.objects.logic.storage_classes import placement_of
from volano.services.objects.logic.versions import release
from volano.services.objects.model import LIFECYCLE
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import uploads as part_rows
from volano.services.objects.store import versions as version_rows

if TYPE_CHECKING:
    from volano.kernel.bytes import Blob
    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Tx
    from volano.services.objects.logic.storage_classes import Placement
    from volano.services.objects.model import Bucket, Part, StoredObject

PART_ROWS = 1000


async def move_object(
    env: Env, bucket: Bucket, item: StoredObject, storage_class: str, *, is_current: bool
) -> bool:
    """Keep a version in another class from now on; False when it changed meanwhile.

    Raises InvalidStorageClass, and Unavailable when the bytes cannot be read or written.
    """
    placement = placement_of(env, storage_class)
    moved: list[Part] = []
    blob: Blob | None = None
    named: list[Blob] = []
    try:
        if item.blob is not None:
            blob = await _copy(env, bucket, item.blob, placement, named)
        elif item.content_id:
            moved = await _copy_parts(env, bucket, item, placement, storage_class, named)
        content_id = env.ids.token(24) if moved else ""
        done = await env.store.transact(
            lambda tx: _rename(
                tx,
                env,
                item,
                replace(
                    item,
                    blob=blob,
                    content_id=content_id,
                    description=replace(
                        item.description, storage_class=storage_class, restored_until_us=0
                    ),
                ),
                [replace(part, content_id=content_id) for part in moved],
                is_current=is_current,
            )
        )
    except VolanoError as error:
        if error.wire_status < 500:
            await env.bytes.delete(named)
        raise
    if not done:
        await env.bytes.delete(named)
    return done


async def _copy(
    env: Env, bucket: Bucket, blob: Blob, placement: Placement, named: list[Blob]
) -> Blob:
    async with env.bytes.writer(
        copies=placement.copies, tier=placement.tier, size_hint=blob.size_bytes, key=bucket.id
    ) as writer:
        async for chunk in env.bytes.read(blob):
            await writer.write(chunk)
        copied = await writer.commit()
    named.append(copied)
    return copied


async def _copy_parts(
    env: Env,
    bucket: Bucket,
    item: StoredObject,
    placement: Placement,
    storage_class: str,
    named: list[Blob],
) -> list[Part]:
    moved: list[Part] = []
    after = -1
    while page := await part_rows.select_parts(
        env.store.reader, item.content_id, after=after, limit=PART_ROWS
    ):
        for part in page:
            blob = part.blob
            if blob is not None:
                blob = await _copy(env, bucket, blob, placement, named)
            moved.append(replace(part, blob=blob, storage_class=storage_class))
        after = page[-1].number
    return moved


async def _rename(
    tx: Tx,
    env: Env,
    old: StoredObject,
    new: StoredObject,
    parts: list[Part],
    *,
    is_current: bool,
) -> bool:
    if await find_again(tx, old, is_current=is_current) != old:
        return False
    for part in parts:
        await part_rows.upsert_part(tx, part)
    if is_current:
        await object_rows.upsert_object(tx, new)
    else:
        await version_rows.delete_version(tx, old)
        await version_rows.insert_version(tx, new)
    await release(tx, old, freed_us=env.clock.now_us())
    now = await bucket_rows.select_bucket_by_id(tx, new.bucket_id)
    if now is not None:
        publish_changed(
            tx, now, new, name="LifecycleTransition", now_us=env.clock.now_us(), cause=LIFECYCLE
        )
    return True


async def find_again(
    reader: Reader, item: StoredObject, *, is_current: bool
) -> StoredObject | None:
    """The row of a version as it is now."""
    if is_current:
        return await object_rows.select_object(reader, item.bucket_id, item.key)
    rank = None if item.version_id == "null" else item.rank
    return await version_rows.select_version(
        reader, item.bucket_id, item.key, item.version_id, rank=rank
    )
