"""Putting texts into the index and taking them out, inside the owner's transaction."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import VolanoError
from volano.kernel.ids import AccountId
from volano.services.models import interface as models
from volano.services.studio.logic.sentences import split_sentences
from volano.services.studio.logic.terms import terms_of
from volano.services.studio.store import passages as store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.studio.model.passages import Chunk, Document

EMBED_BATCH = 8
"""Small, so that a question never waits long behind it."""
EMBED_CHARACTERS = 300
"""Of a sentence; what follows hardly changes its meaning and costs the most."""
REST = 3.0
MAX_RUN_S = 60.0
"""How long one run of the reconciler embeds."""

Prepared = list[tuple[str, dict[str, int]]]


def prepare(document: Document) -> Prepared:
    """Sentences and their terms: the part that needs no database (up to 50 ms for 1 MiB)."""
    sentences = split_sentences(document.text, document.format)
    return [(sentence, terms_of(sentence)) for sentence in sentences]


async def index_document(tx: Tx, document: Document, prepared: Prepared) -> None:
    """Replace what the index knows of this source."""
    await store.delete_source(tx, document.account, document.source)
    if prepared:
        await store.insert_source(tx, document)
        await store.insert_chunks(tx, document, prepared)


async def remove_source(tx: Tx, account: str, source: str) -> None:
    """Take a source out; repeating is harmless."""
    await store.delete_source(tx, account, source)


async def embed_waiting(env: Env) -> int:
    """Give sentences their vectors when the model runs already; returns how many.

    It starts nothing: without the `ml` extra retrieval goes by words alone. After each batch it
    rests three times as long, so that questions and people's own embeddings come through.
    """
    done = 0
    started_s = env.clock.monotonic_s()
    while env.clock.monotonic_s() - started_s < MAX_RUN_S and await is_model_ready(env):
        batch_s = env.clock.monotonic_s()
        waiting = await store.select_bare(env.store.reader, EMBED_BATCH)
        if not waiting:
            break
        account = waiting[0][0]
        chunks = [chunk for owner, chunk in waiting if owner == account]
        try:
            await _embed(env, account, chunks)
        except VolanoError as error:
            env.log.warning("sentences not embedded", error=error.message)
            break
        done += len(chunks)
        await env.clock.sleep(REST * (env.clock.monotonic_s() - batch_s))
    return done


async def is_model_ready(env: Env) -> bool:
    """Whether the embedding model answers now, without starting anything."""
    return (await env.inference.status()).state == "ready"


async def _embed(env: Env, account: str, chunks: Sequence[Chunk]) -> None:
    call = system_call(env, AccountId(account))
    found = await models.embed(env, call, [chunk.text[:EMBED_CHARACTERS] for chunk in chunks])
    pairs = [
        (chunk, pack_vector(vector)) for chunk, vector in zip(chunks, found.vectors, strict=True)
    ]

    async def write(tx: Tx) -> None:
        await store.update_vectors(tx, account, pairs)

    await env.store.transact(write)


def pack_vector(vector: Sequence[float]) -> bytes:
    """16-bit floats: half the space, and cosines stay within 0.001."""
    return struct.pack(f"<{len(vector)}e", *vector)


def unpack_vector(data: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(data) // 2}e", data)
