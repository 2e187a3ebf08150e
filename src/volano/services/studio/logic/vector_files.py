"""Files in vector stores: added, looked at, taken out.

Adding only writes a row in state `in_progress`; `vector_indexing` does the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from volano.kernel.errors import Conflict
from volano.services.models.interface import invalid
from volano.services.studio.logic import records
from volano.services.studio.model.files import FILE
from volano.services.studio.model.records import Paging
from volano.services.studio.model.vector_stores import (
    MAX_ATTRIBUTE_KEY,
    MAX_ATTRIBUTE_TEXT,
    MAX_ATTRIBUTES,
    MAX_BATCH_FILES,
    MAX_CHUNK_TOKENS,
    MAX_STORE_FILES,
    MIN_CHUNK_TOKENS,
    STORE_FILE,
    VECTOR_STORE,
    Attributes,
    Chunking,
    StoreFile,
)
from volano.services.studio.store import passages, vectors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.studio.model.records import Listed

RECONCILER = "studio:vector_files"
TEXT_BATCH = 500
VECTOR_BATCH = 2000
REMOVE_BATCH = 200


def store_prefix(store_id: str) -> str:
    """What the source of every chunk of a store begins with."""
    return f"vector:{store_id}:"


def source_of(store_id: str, file_id: str) -> str:
    return f"{store_prefix(store_id)}{file_id}"


async def add_files(
    env: Env,
    call: Call,
    store_id: str,
    wanted: Sequence[tuple[str, Mapping[str, object] | None, Chunking]],
    *,
    batch_id: str = "",
) -> list[StoreFile]:
    """Put files (id, attributes, chunking) into a store; raises NotFound, changing nothing."""
    if not 1 <= len(wanted) <= MAX_BATCH_FILES:
        raise invalid("file_ids", f"it names 1 to {MAX_BATCH_FILES} files")
    now_us = env.clock.now_us()
    entries: list[StoreFile] = []
    for file_id, attributes, chunking in wanted:
        file = await records.get(env.store.reader, FILE, call.account, file_id, param="file_id")
        entries.append(
            StoreFile(
                id=file.id,
                created_us=now_us,
                state="in_progress",
                filename=file.filename,
                attributes=require_attributes(attributes),
                chunking=chunking,
                batch_id=batch_id,
            )
        )

    async def write(tx: Tx) -> None:
        store = await records.get(tx, VECTOR_STORE, call.account, store_id, param="vector_store_id")
        if store.state == "expired":
            raise Conflict(f"The vector store {store_id} has expired.", status=400)
        held = await records.count_states(tx, STORE_FILE, call.account, parent=store_id)
        if sum(held.values()) + len(entries) > MAX_STORE_FILES:
            raise invalid("file_ids", f"a vector store holds {MAX_STORE_FILES} files")
        for order, entry in enumerate(entries):
            await records.save(
                tx, STORE_FILE, call.account, entry, parent=store_id, order=order % 1000
            )

    await env.store.transact(write)
    env.work.wake(RECONCILER)
    return entries


async def get_store_file(env: Env, call: Call, store_id: str, file_id: str) -> StoreFile:
    return await records.get(
        env.store.reader, STORE_FILE, call.account, file_id, parent=store_id, param="file_id"
    )


async def list_store_files(
    env: Env, call: Call, store_id: str, paging: Paging, *, state: str | None = None
) -> Listed[StoreFile]:
    await records.get(
        env.store.reader, VECTOR_STORE, call.account, store_id, param="vector_store_id"
    )
    return await records.page(
        env.store.reader, STORE_FILE, call.account, paging, parent=store_id, state=state
    )


async def update_attributes(
    env: Env, call: Call, store_id: str, file_id: str, given: Mapping[str, object] | None
) -> StoreFile:
    """Replace a file's attributes."""
    attributes = require_attributes(given)

    async def write(tx: Tx) -> StoreFile:
        now = await records.get(
            tx, STORE_FILE, call.account, file_id, parent=store_id, param="file_id"
        )
        changed = replace(now, attributes=attributes)
        await records.save(tx, STORE_FILE, call.account, changed, parent=store_id)
        return changed

    return await env.store.transact(write)


async def remove_store_file(env: Env, account: str, store_id: str, file_id: str) -> None:
    """Take a file out of a store; may be repeated."""

    async def write(tx: Tx) -> None:
        await records.remove(tx, STORE_FILE, account, file_id, parent=store_id)
        await passages.delete_source(tx, account, source_of(store_id, file_id))

    await env.store.transact(write)


async def forget_file(env: Env, account: str, file_id: str) -> None:
    """Take a file out of every store that has it."""
    for store_id in await records.parents(env.store.reader, STORE_FILE, account, file_id):
        await remove_store_file(env, account, store_id, file_id)


async def drop_chunks(env: Env, account: str, prefix: str) -> None:
    """Delete every chunk whose source begins with `prefix`, a few sources at a time."""
    while True:
        sources = await vectors.select_sources(env.store.reader, account, prefix, REMOVE_BATCH)
        if not sources:
            return

        async def write(tx: Tx, batch: list[str] = sources) -> None:
            for source in batch:
                await passages.delete_source(tx, account, source)

        await env.store.transact(write)


async def list_texts(env: Env, account: str, store_id: str, file_id: str) -> list[str]:
    """The text of a file as it was cut, in order."""
    texts: list[str] = []
    source, after = source_of(store_id, file_id), -1
    while True:
        batch = await vectors.select_texts(env.store.reader, account, source, after, TEXT_BATCH)
        if not batch:
            return texts
        texts += [text for _, text in batch]
        after = batch[-1][0]


async def read_vectors(env: Env, account: str, source: str) -> list[tuple[int, bytes]]:
    """The vectors of a source by ordinal."""
    found: list[tuple[int, bytes]] = []
    while True:
        after = found[-1][0] if found else -1
        batch = await vectors.select_vectors(env.store.reader, account, source, after, VECTOR_BATCH)
        found += batch
        if len(batch) < VECTOR_BATCH:
            return found


def require_attributes(given: Mapping[str, object] | None) -> Attributes:
    """Up to 16 texts, numbers and booleans by name; raises Invalid."""
    found: Attributes = {}
    for key, value in (given or {}).items():
        if not isinstance(value, str | int | float) or not 1 <= len(key) <= MAX_ATTRIBUTE_KEY:
            raise invalid("attributes", f"'{key[:64]}' is a text, a number or a boolean")
        if isinstance(value, str) and (len(value) > MAX_ATTRIBUTE_TEXT or "\x00" in value + key):
            raise invalid("attributes", f"texts have at most {MAX_ATTRIBUTE_TEXT} characters")
        found[key] = value
    if len(found) > MAX_ATTRIBUTES:
        raise invalid("attributes", f"a file has at most {MAX_ATTRIBUTES}")
    return found


def require_chunking(size_tokens: int, overlap_tokens: int) -> Chunking:
    """Raises Invalid for sizes that a store does not have."""
    if not MIN_CHUNK_TOKENS <= size_tokens <= MAX_CHUNK_TOKENS:
        raise invalid(
            "chunking_strategy.static.max_chunk_size_tokens",
            f"it is {MIN_CHUNK_TOKENS} to {MAX_CHUNK_TOKENS}",
        )
    if not 0 <= overlap_tokens <= size_tokens // 2:
        raise invalid(
            "chunking_strategy.static.chunk_overlap_tokens", "it is at most half of the chunk size"
        )
    return Chunking(size_tokens=size_tokens, overlap_tokens=overlap_tokens)
