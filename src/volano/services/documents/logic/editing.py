"""A document's state and the updates that change it.

`append` returns once the update is durable; only then is it acknowledged and told to others, so
that nobody has seen what a crash takes back. It keeps only what fits the present state.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from volano.kernel.call import system_call
from volano.kernel.errors import Unavailable
from volano.kernel.ids import AccountId
from volano.services.chat import interface as chat
from volano.services.documents import store as rows
from volano.services.documents.logic import states
from volano.services.documents.model import (
    MAX_DOCUMENT_BYTES,
    MAX_LOG,
    MAX_UPDATE_BYTES,
    NOTHING,
    DocumentTooLarge,
    NoSuchDocument,
)
from volano.services.objects import interface as objects

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.documents.model import Document, Log

TRIES = 5
"""So often a base that was replaced while it was being read is read anew, and an update tried that
another process was faster than."""
_TURNS: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""Whose turn it is to write, by document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All of a document after `seq` updates, as one update."""

    seq: int
    update: bytes


def topic_of(document_id: str) -> str:
    """Where those who edit a document hear of each other."""
    return f"document:{document_id}"


async def load(env: Env, document: Document) -> State:
    """The present state. Raises NoSuchDocument."""
    for _ in range(TRIES):
        log = await rows.read_log(env.store.reader, document.id)
        if log is None:
            raise NoSuchDocument("The document was deleted.")
        try:
            base = await read_base(env, document.account, log.base_key)
        except objects.NoSuchKey:
            continue
        return State(seq=log.seq, update=await asyncio.to_thread(_merged, base, log))
    raise Unavailable("The document is being written; try again.")


def _merged(base: bytes, log: Log) -> bytes:
    return states.merge([item for item in (base, *log.updates) if item != NOTHING])


async def read_base(env: Env, account: str, key: str) -> bytes:
    """An object of the workplace's bucket. Raises NoSuchKey."""
    if not key:
        return NOTHING
    workspace = await chat.get_workspace(env, account)
    call = system_call(env, AccountId(account))
    return await objects.read_object(
        env, call, workspace.bucket, key, limit_bytes=MAX_DOCUMENT_BYTES
    )


async def append(env: Env, document: Document, update: bytes, user_id: str) -> None:
    """Keep an update. Raises InvalidDocument, DocumentTooLarge, NoSuchDocument."""
    if len(update) > MAX_UPDATE_BYTES:
        raise DocumentTooLarge(f"An edit has at most {MAX_UPDATE_BYTES} bytes.")
    if update == NOTHING:
        return
    # Editors of one process wait for each other here, those of others make each other try again.
    async with _TURNS.setdefault(document.id, asyncio.Lock()):
        for _ in range(TRIES):
            state = await load(env, document)
            await asyncio.to_thread(states.require_fits, state.update, update)
            if await _append_to(env, document, state.seq, update, user_id):
                return
    raise Unavailable("So many edits at once; try again in a moment.")


async def _append_to(env: Env, document: Document, seq: int, update: bytes, user_id: str) -> bool:
    """Keep an update after exactly `seq` others; False when there are more meanwhile."""

    async def write(tx: Tx) -> bool:
        found = await rows.find_document(tx, document.account, document.id)
        if found is None:
            raise NoSuchDocument("The document was deleted.")
        if found.seq - found.base_seq >= MAX_LOG - 1:
            raise Unavailable("So many edits at once; try again in a moment.")
        if found.seq != seq:
            return False
        await rows.append_update(tx, document.id, update, user_id, env.clock.now_us())
        return True

    return await env.store.transact(write)


async def rewrite(env: Env, call: Call, document: Document, text: str, user_id: str) -> bytes:
    """Make the text what is wanted; returns the update for those who edit now."""
    if len(text.encode()) > MAX_UPDATE_BYTES // 2:
        raise DocumentTooLarge(f"A text has at most {MAX_UPDATE_BYTES // 2} bytes.")
    state = await load(env, document)
    client_id = int.from_bytes(env.ids.bytes(4), "big")
    update = await asyncio.to_thread(states.rewrite, state.update, text, client_id)
    await append(env, document, update, user_id)
    return update


async def text_of(env: Env, document: Document) -> str:
    """The present text, Markdown."""
    state = await load(env, document)
    return await asyncio.to_thread(states.text_of, state.update)
