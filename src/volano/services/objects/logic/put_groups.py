"""Small objects put together: one write of bytes and one transaction for many requests.

A put is answered when its bytes and the note that tells of it are durable in two zones and its row
is visible; the row itself is durable a little later (`put_notes.py`). While one group's bytes are
being synced the next one gathers; then its rows are committed while the next one's bytes are
synced. A lone put has nobody to share with: the thread that synced its bytes commits its row too,
and the loop is woken once. A group that fails is not repeated here: each of its requests goes the
ordinary way, which says what is wrong.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from volano.kernel.errors import VolanoError
from volano.services.objects.logic.put_notes import COPIES, note_of
from volano.services.objects.logic.put_rows import (
    NewObject,
    Progress,
    note_progress,
    write_rows,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from volano.kernel.bytes import Blob, GroupWriter
    from volano.kernel.call import Env
    from volano.kernel.store import OwnStore

MAX_GROUP = 256
"""Puts in one transaction."""
MANY, ENOUGH = 8, 64
"""Behind a group of at least `MANY` the next one gathers up to `ENOUGH` while more come in."""
MAX_WAITING = 4096
"""Puts that may wait for their turn; more go the ordinary way, which tells clients to slow down."""
RETRY_S = 0.2
DURABLE_AFTER_S = 1.0
"""How long rows may be committed and not durable."""


class _Put(NamedTuple):
    """One object on its way. The future is True once it is durable; False when it must go the
    ordinary way."""

    new: NewObject
    body: bytes
    done: asyncio.Future[bool]


class PutGroups:
    """Gathers the puts of one process."""

    def __init__(self, env: Env, store: OwnStore, writer: GroupWriter, *, known: Progress) -> None:
        self._env = env
        self._store = store
        self._writer = writer
        self._waiting: list[_Put] = []
        self._writing = False
        self._gathered = 0
        """How many waited in the turn of the loop before, while more are awaited."""
        self._latest = 0
        """Puts in the group that was begun last."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._known = known
        self._failed: Progress | None = None
        """A group that failed and is not passed over yet: until then nothing is taken."""
        self._lazy: Progress | None = None
        """The newest group whose rows may not be durable yet."""
        self._naming = 0
        """Groups whose rows are being committed by the database's own thread."""

    def put(self, new: NewObject, body: bytes) -> asyncio.Future[bool] | None:
        """Hand one over, with all others of this turn of the loop; None when too many wait."""
        if len(self._waiting) >= MAX_WAITING or self._failed is not None:
            return None
        loop = asyncio.get_running_loop()
        done: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(_Put(new, body, done))
        if not self._writing:
            self._writing = True
            loop.call_soon(self._start)
        return done

    def _start(self) -> None:
        """Begin a group with what waits; behind a big one, only when a turn of the loop brings no
        more, for those who were answered with it are coming back."""
        count = len(self._waiting)
        if self._gathered < count < ENOUGH and self._latest >= MANY:
            self._gathered = count
            asyncio.get_running_loop().call_soon(self._start)
            return
        self._gathered, self._latest = 0, count
        group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
        self._spawn(self._commit(group))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _go_on(self) -> None:
        """The bytes of a group are written: the next one may begin."""
        self._writing = bool(self._waiting)
        if self._writing:
            self._start()

    async def _commit(self, group: list[_Put]) -> None:
        number = max(self._known.number + 1, self._env.clock.now_us())
        note = note_of(number, [put.new for put in group])
        made = Progress(number, self._writer.mark(), self._known.noted_bytes + len(note))
        self._known = made
        written = [False] * len(group)
        try:
            written = await self._write(group, note, made)
        except VolanoError as error:
            self._env.log.warning("a group of puts goes the ordinary way", error=error.message)
        finally:
            if not all(written):
                await self._pass_over(made)
            for put, is_written in zip(group, written, strict=True):
                if not put.done.done():
                    put.done.set_result(is_written)

    async def _write(self, group: list[_Put], note: bytes, made: Progress) -> list[bool]:
        news = [put.new for put in group]
        loop = asyncio.get_running_loop()
        written: list[bool] = []

        def name_at_once(blobs: list[Blob]) -> None:
            written.extend(
                self._store.transact_here(lambda tx: write_rows(tx, news, blobs, made), loop)
            )

        # (Rows of groups before this one must come first.)
        is_lone = len(group) == 1 and not self._naming
        try:
            blobs = await self._writer.write_group(
                [put.body for put in group],
                key=news[0].put.key,
                copies=COPIES,
                note=note,
                then=name_at_once if is_lone else None,
            )
        finally:
            self._go_on()
        if not is_lone:
            written = await self._name(news, blobs, made)
        if self._lazy is None:
            loop.call_later(DURABLE_AFTER_S, self._start_syncing)
        self._lazy = made
        loose = [blob for blob, named in zip(blobs, written, strict=True) if not named]
        if loose:
            await self._env.bytes.delete(loose)
        return written

    async def _name(self, news: list[NewObject], blobs: list[Blob], made: Progress) -> list[bool]:
        self._naming += 1
        try:
            return await self._store.transact_lazily(lambda tx: write_rows(tx, news, blobs, made))
        finally:
            self._naming -= 1

    def _start_syncing(self) -> None:
        made, self._lazy = self._lazy, None
        if made is not None:
            self._spawn(self._note(made))

    async def _note(self, made: Progress) -> None:
        """Make all rows durable that were committed before."""
        with suppress(VolanoError):  # the next durable transaction does it
            await self._store.transact(lambda tx: note_progress(tx, made))

    async def _pass_over(self, made: Progress) -> None:
        """See to it that a failed group is never replayed, before the ordinary way has its
        requests. While the database cannot be written, that is tried in the background."""
        try:
            await self._store.transact(lambda tx: note_progress(tx, made))
        except VolanoError:
            if self._failed is None:
                self._spawn(self._keep_passing_over())
            self._failed = made

    async def _keep_passing_over(self) -> None:
        while (made := self._failed) is not None:
            await asyncio.sleep(RETRY_S)
            with suppress(VolanoError):
                await self._store.transact(lambda tx: note_progress(tx, made))
                if self._failed is made:
                    self._failed = None
