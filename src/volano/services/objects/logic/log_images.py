"""Tells the log of the bytes what changed, so that the index can be made again from the log alone.

Every change of a row of an object, a version, a part or a bucket notes its key in its own
transaction (store/noted.py). A second later the rows of these keys are written to the log of every
zone as they are then, and the note is dropped: so the log is behind by seconds. Small puts are in
the log before they are answered (put_notes.py).

When the log has grown by more than everything together took last time, everything is told once
more, a few keys at a time, and what was told before can be forgotten (`forgotten_before_us`).
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.bytes import GroupWriter
from volano.services.objects.logic.log_notes import Image, Images, Order, Whole, encode
from volano.services.objects.logic.put_rows import (
    Progress,
    select_progress,
    write_progress,
)
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import changes as rows
from volano.services.objects.store.garbage import delete_state, select_state, upsert_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Tx
    from volano.services.objects.store.changes import Change

TELLING = "telling"
KEYS_AT_ONCE = 200
"""Keys in one note, and of a whole telling in one turn of work."""
CHANGES_PER_TURN = 5000
MIN_GROWTH_BYTES = 64 * 1024**2


class Telling(msgspec.Struct, omit_defaults=True):
    """How far the log has been told."""

    number: int = 0
    grown_bytes: int = 0
    """Told since the last whole telling began."""
    noted_bytes: int = 0
    """`Progress.noted_bytes` when it began."""
    whole_bytes: int = 0
    """What the last whole telling took."""
    began: Order | None = None
    """Of the whole telling under way."""
    began_us: int = 0
    after: tuple[str, str] = ("", "")
    """The bucket and key that it has come to."""
    forgotten_before_us: int = 0


async def select_telling(reader: Reader) -> Telling | None:
    text = await select_state(reader, TELLING)
    return None if text is None else msgspec.json.decode(text, type=Telling)


async def upsert_telling(tx: Tx, telling: Telling) -> None:
    await upsert_state(tx, TELLING, msgspec.json.encode(telling).decode())


async def pass_over_log(tx: Tx, now_us: int) -> None:
    """The rows are a restored backup's: nothing that the log says is newer than they, and all of
    them must be told once more."""
    await write_progress(tx, Progress(now_us, ""))
    await delete_state(tx, TELLING)


async def has_to_tell(env: Env) -> bool:
    """Whether `tell_changes` would do something."""
    reader = env.store.reader
    if await rows.select_changes(reader, limit=1):
        return True
    telling = await select_telling(reader)
    if telling is None:
        return isinstance(env.bytes, GroupWriter)
    return _is_due(telling, (await select_progress(reader)).noted_bytes)


async def tell_changes(env: Env) -> int:
    """Write the images of what changed to the log, and some of a whole telling; returns how many
    changes there were. One process at a time."""
    reader = env.store.reader
    if await select_telling(reader) is None:
        await _begin(env)
    told = 0
    while told < CHANGES_PER_TURN:
        changes = await rows.select_changes(reader, limit=KEYS_AT_ONCE)
        if changes and isinstance(env.bytes, GroupWriter):
            await _tell(env, env.bytes, await _next(env), changes)
        if changes:
            await env.store.transact(partial(rows.delete_changes, changes=changes))
        told += len(changes)
        if len(changes) < KEYS_AT_ONCE:
            break
    if isinstance(env.bytes, GroupWriter):
        await _tell_all(env, env.bytes)
    return told


async def forgotten_before_us(reader: Reader) -> int:
    """Notes of before this time are not needed any more."""
    telling = await select_telling(reader)
    return 0 if telling is None else telling.forgotten_before_us


async def _begin(env: Env) -> None:
    """A store that holds something and has told nothing must tell all of it."""
    telling = Telling()
    if await rows.has_any(env.store.reader):
        telling.grown_bytes = MIN_GROWTH_BYTES + 1
    await env.store.transact(lambda tx: upsert_telling(tx, telling))


async def _next(env: Env) -> Telling:
    """Take the next number."""
    telling = await select_telling(env.store.reader) or Telling()
    telling.number += 1
    await env.store.transact(lambda tx: upsert_telling(tx, telling))
    return telling


async def _tell(env: Env, log: GroupWriter, telling: Telling, changes: Sequence[Change]) -> None:
    """Write one note with the images of these keys. What it knows of small puts is read before
    them: a note may know more than it says, never less."""
    reader = env.store.reader
    order = await _order(reader, telling)
    images: list[Image] = []
    for bucket_id, key, _ in changes:
        found = await rows.select_image(reader, bucket_id, key)
        images.append(Image(bucket_id, key, found))
    text = encode(Images(order, rows.TABLES, images))
    await log.write_group((), key="", copies=1, note=text)
    telling.grown_bytes += len(text)
    await env.store.transact(lambda tx: upsert_telling(tx, telling))


async def _order(reader: Reader, telling: Telling) -> Order:
    return Order((await select_progress(reader)).number, telling.number)


async def _tell_all(env: Env, log: GroupWriter) -> None:
    """Go on with the whole telling, begin one when it is time, and end one."""
    reader = env.store.reader
    noted_bytes = (await select_progress(reader)).noted_bytes
    if not _is_due(await select_telling(reader) or Telling(), noted_bytes):
        return
    telling = await _next(env)
    if telling.began is None:
        telling.began, telling.began_us = await _order(reader, telling), env.clock.now_us()
        telling.after, telling.grown_bytes, telling.noted_bytes = ("", ""), 0, noted_bytes
        await _tell(env, log, telling, await _all_buckets(reader))
        return
    keys = await rows.select_keys_after(reader, *telling.after, limit=KEYS_AT_ONCE)
    if keys:
        telling.after = keys[-1][:2]
        await _tell(env, log, telling, keys)
        return
    await log.write_group((), key="", copies=1, note=encode(Whole(telling.began)))
    telling.whole_bytes, telling.forgotten_before_us = telling.grown_bytes, telling.began_us
    telling.began, telling.grown_bytes = None, 0
    await env.store.transact(lambda tx: upsert_telling(tx, telling))


def _is_due(telling: Telling, noted_bytes: int) -> bool:
    limit = max(MIN_GROWTH_BYTES, 2 * telling.whole_bytes)
    grown_bytes = telling.grown_bytes + noted_bytes - telling.noted_bytes
    return telling.began is not None or grown_bytes > limit


async def _all_buckets(reader: Reader) -> list[Change]:
    found: list[Change] = []
    after = ""
    while page := await bucket_rows.select_all_buckets(reader, after=after, limit=KEYS_AT_ONCE):
        found += [rows.Change(bucket.id, "") for bucket in page]
        after = page[-1].id
        await asyncio.sleep(0)
    return found
