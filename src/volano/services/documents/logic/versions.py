"""Versions of a document: what it said before, and going back to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.services.documents import store as rows
from volano.services.documents.logic import editing, folding, states
from volano.services.documents.logic.access import hold, hold_to_edit
from volano.services.documents.model import NoSuchDocument
from volano.services.objects import interface as objects

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.documents.model import Document, Version


async def list_versions(env: Env, call: Call, document_id: str) -> list[Version]:
    """The latest first."""
    await hold(env, call, document_id)
    return await rows.select_versions(env.store.reader, document_id)


async def read_version(env: Env, call: Call, document_id: str, seq: int) -> str:
    """The text of a version. Raises NoSuchDocument."""
    held = await hold(env, call, document_id)
    return await _text(env, held.document, seq)


async def restore_version(env: Env, call: Call, document_id: str, seq: int) -> bytes:
    """Make the text what it was; what is there now stays a version. Returns the update."""
    held = await hold_to_edit(env, call, document_id)
    text = await _text(env, held.document, seq)
    await _keep_present(env, held.document)
    return await editing.rewrite(env, call, held.document, text, held.me.id)


async def _keep_present(env: Env, document: Document) -> None:
    if document.seq > document.base_seq:
        await folding.fold(env, document)
    found = await rows.select_versions(env.store.reader, document.id)

    async def write(tx: Tx) -> None:
        if found:
            await rows.keep_version(tx, document.id, found[0].seq)

    await env.store.transact(write)


async def _text(env: Env, document: Document, seq: int) -> str:
    found = await rows.select_versions(env.store.reader, document.id)
    version = next((item for item in found if item.seq == seq), None)
    if version is None:
        raise NoSuchDocument("There is no such version.")
    try:
        state = await editing.read_base(env, document.account, version.key)
    except objects.NoSuchKey as error:
        raise NoSuchDocument("This version was just replaced by a later one.") from error
    return await asyncio.to_thread(states.text_of, state)
