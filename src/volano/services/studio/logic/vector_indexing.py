"""Reading the files that were put into vector stores: cut, embedded and written with their state.

A reconciler does it. All chunks of a file and its new state are one transaction; it may run twice,
then the later result replaces the earlier. A file that was cancelled or taken out meanwhile stays
so, and what waits behind it does not wait for it.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

from msgspec.structs import replace

from volano.kernel.call import system_call
from volano.kernel.errors import Invalid, NotFound, TooLarge, Unavailable, VolanoError
from volano.kernel.ids import AccountId
from volano.services.models import interface as models
from volano.services.studio.logic import records
from volano.services.studio.logic.chunking import cut_chunks
from volano.services.studio.logic.file_bytes import read_file
from volano.services.studio.logic.indexing import pack_vector
from volano.services.studio.logic.reading import UnreadableFile, read_pages
from volano.services.studio.logic.terms import terms_of
from volano.services.studio.logic.vector_files import source_of
from volano.services.studio.model.vector_stores import MAX_READ_BYTES, STORE_FILE, StoreFile
from volano.services.studio.store import passages, vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Tx

EMBED_BATCH = 32
INDEX_TIMEOUT_S = 3600.0
WORK_BATCH = 20


async def index_waiting(env: Env) -> None:
    """Read and embed what waits, the accounts in turn, until nothing does."""
    while True:
        waiting = await records.oldest_of_each(
            env.store.reader, STORE_FILE, "in_progress", WORK_BATCH
        )
        if not waiting:
            return
        for account, store_id, entry in waiting:
            try:
                await _index(env, account, store_id, entry)
            except Unavailable as error:
                env.log.warning("files wait for the embedding model", error=error.message)
                return


async def _index(env: Env, account: str, store_id: str, entry: StoreFile) -> None:
    if await _waiting(env.store.reader, account, store_id, entry) is None:
        return
    try:
        data = await read_file(env, account, entry.id, limit_bytes=MAX_READ_BYTES)
        pages = await asyncio.to_thread(read_pages, data, entry.filename)
        empty = tuple(at for at, page in enumerate(pages, 1) if not page)
        chunks = await asyncio.to_thread(cut_chunks, pages, entry.chunking)
        if not chunks:
            raise UnreadableFile(
                f"No text was found on any of its {len(pages)} pages; scans need text recognition.",
                code="invalid_file",
            )
        packed = await _embed(env, account, store_id, entry, chunks)
    except Unavailable:
        raise
    except VolanoError as error:
        failed = replace(entry, state="failed", error_code=_code_of(error), error=error.message)
        await _finish(env, account, store_id, failed, [])
        return
    if packed is None:
        return
    terms = await asyncio.to_thread(lambda: [terms_of(chunk) for chunk in chunks])
    found = list(zip(chunks, packed, terms, strict=True))
    done = replace(
        entry,
        state="completed",
        usage_bytes=sum(len(text.encode()) + len(vector) for text, vector, _ in found),
        chunks=len(found),
        pages=len(pages),
        empty_pages=empty,
    )
    await _finish(env, account, store_id, done, found)


def _code_of(error: VolanoError) -> str:
    """What the API calls it; a budget that is spent is nothing that is wrong with the file."""
    if isinstance(error, UnreadableFile):
        return error.wire_code
    return "invalid_file" if isinstance(error, NotFound | TooLarge | Invalid) else "server_error"


async def _waiting(
    reader: Reader, account: str, store_id: str, entry: StoreFile
) -> StoreFile | None:
    """The entry as it is now; None once it was cancelled, taken out or put in anew."""
    now = await records.find(reader, STORE_FILE, account, entry.id, parent=store_id)
    if now is None or now.state != "in_progress" or now.created_us != entry.created_us:
        return None
    return now


async def _embed(
    env: Env, account: str, store_id: str, entry: StoreFile, chunks: Sequence[str]
) -> list[bytes] | None:
    """The chunks' vectors; None when nobody wants them any more."""
    call = system_call(env, AccountId(account), timeout_s=INDEX_TIMEOUT_S)
    call = dataclasses.replace(call, context={models.UNPACED: "yes"})
    packed: list[bytes] = []
    for at in range(0, len(chunks), EMBED_BATCH):
        if at and await _waiting(env.store.reader, account, store_id, entry) is None:
            return None
        found = await models.embed(env, call, chunks[at : at + EMBED_BATCH])
        packed += [pack_vector(vector) for vector in found.vectors]
    return packed


async def _finish(
    env: Env,
    account: str,
    store_id: str,
    entry: StoreFile,
    chunks: Sequence[tuple[str, bytes, dict[str, int]]],
) -> None:
    source = source_of(store_id, entry.id)

    async def write(tx: Tx) -> None:
        now = await _waiting(tx, account, store_id, entry)
        if now is None:
            return
        await passages.delete_source(tx, account, source)
        await vectors.insert_chunks(
            tx, account, source, f"vector:{store_id}", entry.created_us, chunks
        )
        done = replace(entry, attributes=now.attributes)
        await records.save(tx, STORE_FILE, account, done, parent=store_id)

    await env.store.transact(write)
