"""What the log says of small objects, so that their rows may be durable a little later.

A group of puts is answered when its bytes and a note about them are synced in the log; its rows
are committed lazily (kernel `OwnStore`). A power loss may take the rows of the newest groups, and
of nothing else: so `replay_puts` makes them again at start, from the notes of the groups that came
after the last one of which the database knows. Groups are numbered; the number and the place in
the log where the group began are written with its rows (`Progress`). A group that failed is passed
over for good before its requests go the ordinary way, or a replay would bring it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.bytes import GroupWriter
from volano.services.objects.logic.log_notes import Group, decode, encode
from volano.services.objects.logic.put_rows import (
    NO_PROGRESS,
    NewObject,
    Progress,
    note_progress,
    select_progress,
    write_rows,
)
from volano.services.objects.logic.upkeep import want_repair
from volano.services.objects.store import buckets as bucket_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.bytes import Blob
    from volano.kernel.call import Env
    from volano.kernel.store import Tx

COPIES = 2
"""In how many zones a small object is."""


def note_of(number: int, news: Sequence[NewObject]) -> bytes:
    """All that the rows of a group say, but for where its blobs lie."""
    return encode(Group(number, [new.put for new in news]))


async def replay_puts(env: Env) -> int:
    """Make the rows again that a power loss took; returns how many. For the start, before anything
    else is written; the first start of all writes down where the log begins."""
    writer = env.bytes
    if not isinstance(writer, GroupWriter):
        return 0
    known = await select_progress(env.store.reader)
    if known == NO_PROGRESS:
        # Durable before the first put: what the log says from here on is to be replayed.
        begun = Progress(env.clock.now_us(), writer.mark())
        await env.store.transact(lambda tx: note_progress(tx, begun))
        return 0
    found: list[tuple[Group, Sequence[Blob | None]]] = []
    for note in await writer.read_notes(since=known.mark):
        told = decode(note.text)
        if isinstance(told, Group) and told.number > known.number:
            found.append((told, note.blobs))
    count = 0
    is_short = False
    for group, blobs in sorted(found, key=lambda each: each[0].number):
        count += await _replay(env, group, blobs, known._replace(number=group.number))
        is_short = is_short or any(blob and len(blob.zones) < COPIES for blob in blobs)
    if found:
        env.log.info("rows of small objects were made again from the log", count=count)
    if is_short:
        await want_repair(env, f"replayed {env.clock.now_us()}")
    return count


async def _replay(env: Env, group: Group, blobs: Sequence[Blob | None], made: Progress) -> int:
    async def write(tx: Tx) -> int:
        news: list[NewObject] = []
        named: list[Blob] = []
        for put, blob in zip(group.puts, blobs, strict=True):
            bucket = await bucket_rows.select_bucket_by_id(tx, put.bucket_id)
            if bucket is not None and blob is not None:
                news.append(NewObject(bucket, put))
                named.append(blob)
        await write_rows(tx, news, named, made)
        return len(news)

    return await env.store.transact(write)
