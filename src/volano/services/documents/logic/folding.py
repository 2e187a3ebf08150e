"""Renewing bases: after each quiet moment a document's state becomes an object of the bucket.

The object is durable before the row names it, and the updates that it holds are deleted with that
row; whoever is killed in between leaves the updates and an object that nobody names. Bases of ten
minutes are one version.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import VolanoError
from volano.kernel.ids import AccountId
from volano.services.chat import interface as chat
from volano.services.documents import store as rows
from volano.services.documents.logic import editing, states
from volano.services.documents.logic.documents import forget_objects
from volano.services.documents.model import (
    FOLD_AFTER,
    MAX_VERSIONS,
    MAX_WORDS,
    QUIET_S,
    VERSION_EVERY_S,
    NoSuchDocument,
    Version,
)
from volano.services.objects import interface as objects

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.documents.model import Document

BATCH = 50


async def fold_quiet(env: Env) -> None:
    """Renew the bases of documents that rest, or have many updates."""
    quiet_since_us = env.clock.now_us() - int(QUIET_S * 1_000_000)
    found = await rows.select_unfolded(
        env.store.reader, quiet_since_us=quiet_since_us, fold_after=FOLD_AFTER, limit=BATCH
    )
    for document in found:
        try:
            await fold(env, document)
        except NoSuchDocument:
            continue  # deleted meanwhile
        except VolanoError as error:  # the documents after it are not to wait for this one
            env.log.warning("document not folded", document=document.id, error=repr(error))


async def fold(env: Env, document: Document) -> None:
    """Renew the base of one; may be repeated."""
    state = await editing.load(env, document)
    update, text = await asyncio.to_thread(states.fold, state.update)
    key = f"documents/{document.id}/{state.seq}-{env.ids.hex(8)}.yjs"
    await _put(env, document.account, key, update)
    words = await asyncio.to_thread(chat.words_of, f"{document.title}\n{text}")
    version = Version(
        document_id=document.id,
        seq=state.seq,
        account=document.account,
        key=key,
        size_characters=len(text),
        editor_id=document.editor_id,
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> set[str]:
        current = await rows.find_document(tx, document.account, document.id)
        if current is None or not await rows.update_base(
            tx, document.id, before=document.base_seq, seq=state.seq, key=key
        ):
            return {key}
        await rows.replace_words(tx, document.account, document.id, words[:MAX_WORDS])
        return await _keep_version(tx, version)

    await forget_objects(env, document.account, await env.store.transact(write))


async def _put(env: Env, account: str, key: str, update: bytes) -> None:
    workspace = await chat.get_workspace(env, account)
    call = system_call(env, AccountId(account))
    await chat.require_bucket(env, call, workspace)
    await objects.put_object(env, call, workspace.bucket, key, update)


async def _keep_version(tx: Tx, version: Version) -> set[str]:
    """Write the version, over the last one when that is young; returns objects nobody needs."""
    known = await rows.select_versions(tx, version.document_id)
    leaving = known[MAX_VERSIONS - 1 :]
    # The oldest of a run stands for its time, so that a long session has more than one version.
    young = (
        len(known) > 1
        and not known[0].is_kept
        and (version.created_us - known[1].created_us < VERSION_EVERY_S * 1_000_000)
    )
    if young:
        leaving = [known[0], *leaving]
    for old in leaving:
        await rows.delete_version(tx, old.document_id, old.seq)
    await rows.insert_version(tx, version)
    return {old.key for old in leaving}
