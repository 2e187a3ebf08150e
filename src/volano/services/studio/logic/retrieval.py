"""Finding the sentences that may answer a question, in scopes that the caller of it allows.

Words first: the question's terms are looked up inside the allowed scopes only. When the embedding
model runs, meaning is compared too, over those candidates and the newest sentences of the same
scopes; both orders are joined by reciprocal rank. Every bound below keeps one question under a
few ten milliseconds whatever the size of the index.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from operator import mul
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.models import interface as models
from volano.services.studio.logic.indexing import (
    EMBED_CHARACTERS,
    is_model_ready,
    pack_vector,
    unpack_vector,
)
from volano.services.studio.logic.terms import question_terms, terms_of
from volano.services.studio.model.passages import Chunk, Hit, Passage
from volano.services.studio.store import passages as store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env

MAX_SCOPES = 1000
MAX_QUESTION_TERMS = 12
ROWS_PER_TERM = 500
MAX_CANDIDATES = 800
"""Sentences whose meaning is compared."""
MAX_RECENT = 300
MAX_BARE = 6
"""Of the best sentences by words, those without a vector yet are embedded with the question."""
RANK_OFFSET = 60.0
"""Of reciprocal rank fusion (Cormack et al. 2009)."""
EMBED_TIMEOUT_S = 3.0
"""A busy machine answers by words instead of keeping the asker waiting."""


async def find_passages(
    env: Env,
    call: Call,
    question: str,
    *,
    scopes: Sequence[str],
    without: Sequence[str] = (),
    limit: int = 20,
) -> list[Passage]:
    """Sentences of these scopes that may answer, best first; sources in `without` do not count.

    Nothing outside `scopes` is read. The question's tokens are metered to the caller.
    """
    scopes = list(dict.fromkeys(scopes))[:MAX_SCOPES]
    terms = question_terms(question)[:MAX_QUESTION_TERMS]
    if not scopes or not terms:
        return []
    hits, weights = await _hits(env, call, terms, scopes, frozenset(without))
    ranked = sorted(hits, key=lambda hit: (-_word_score(hit, weights), -hit.ts_us))
    chunks = await _chunks(env, call, ranked[:MAX_CANDIDATES])
    bare = [name for name in list(chunks)[:MAX_BARE] if chunks[name].vector is None]
    texts = [question, *(chunks[name].text[:EMBED_CHARACTERS] for name in bare)]
    vectors = await _embed(env, call, texts)
    asked = vectors[0] if vectors else None
    if vectors:
        for name, vector in zip(bare, vectors[1:], strict=True):
            chunks[name] = replace(chunks[name], vector=pack_vector(vector))
        recent = await store.select_recent(env.store.reader, call.account, scopes, MAX_RECENT)
        for chunk in recent:
            if chunk.source not in without:
                chunks.setdefault((chunk.source, chunk.ordinal), chunk)
    order = [(hit.source, hit.ordinal) for hit in ranked]
    passages = await asyncio.to_thread(_rank, order, chunks, asked, weights)
    return passages[:limit]


async def _hits(
    env: Env, call: Call, terms: Sequence[str], scopes: Sequence[str], without: frozenset[str]
) -> tuple[list[Hit], dict[str, float]]:
    """Sentences with any of the terms, and how much each term weighs (rare ones more)."""
    found: dict[tuple[str, int], Hit] = {}
    weights: dict[str, float] = {}
    for term in terms:
        rows = await store.select_term(env.store.reader, call.account, term, scopes, ROWS_PER_TERM)
        weights[term] = math.log(1 + ROWS_PER_TERM / (len(rows) + 0.5)) if rows else 1.5
        for source, ordinal, scope, ts_us, count in rows:
            if source in without:
                continue
            hit = found.get((source, ordinal))
            if hit is None:
                hit = Hit(source=source, ordinal=ordinal, scope=scope, ts_us=ts_us, terms={})
                found[source, ordinal] = hit
            hit.terms[term] = count
    return list(found.values()), weights


def _word_score(hit: Hit, weights: dict[str, float]) -> float:
    """BM25's saturation of how often a term occurs; sentences are short, so length is left out."""
    return sum(weights[term] * count * 2.2 / (count + 1.2) for term, count in hit.terms.items())


async def _chunks(env: Env, call: Call, hits: Sequence[Hit]) -> dict[tuple[str, int], Chunk]:
    names = [(hit.source, hit.ordinal) for hit in hits]
    found = await store.select_chunks(env.store.reader, call.account, names)
    by_name = {(chunk.source, chunk.ordinal): chunk for chunk in found}
    return {name: by_name[name] for name in names if name in by_name}


async def _embed(env: Env, call: Call, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
    """Vectors of the question and of the best sentences that have none yet; empty when the model
    does not run or does not answer in time.
    """
    if not await is_model_ready(env):
        return ()
    try:
        async with asyncio.timeout(EMBED_TIMEOUT_S):
            return (await models.embed(env, call, texts)).vectors
    except (VolanoError, TimeoutError) as error:
        env.log.warning("the question was not embedded", error=repr(error))
        return ()


def _cosines(
    asked: tuple[float, ...] | None, chunks: dict[tuple[str, int], Chunk]
) -> dict[tuple[str, int], float]:
    """Vectors have unit length, so the dot product is the cosine."""
    if asked is None:
        return {}
    return {
        name: sum(map(mul, asked, unpack_vector(chunk.vector)))
        for name, chunk in chunks.items()
        if chunk.vector
    }


def _rank(
    order: Sequence[tuple[str, int]],
    chunks: dict[tuple[str, int], Chunk],
    asked: tuple[float, ...] | None,
    weights: dict[str, float],
) -> list[Passage]:
    """The order by words and the order by meaning, joined by reciprocal rank."""
    cosines = _cosines(asked, chunks)
    by_words = {name: at for at, name in enumerate(order)}
    nearest = sorted(cosines, key=lambda name: -cosines[name])
    by_meaning = {name: at for at, name in enumerate(nearest)}
    passages: list[Passage] = []
    total = sum(weights.values())
    for name, chunk in chunks.items():
        rank = sum(
            1 / (RANK_OFFSET + places[name]) for places in (by_words, by_meaning) if name in places
        )
        held = [term for term in terms_of(chunk.text) if term in weights]
        passages.append(
            Passage(
                source=chunk.source,
                scope=chunk.scope,
                text=chunk.text,
                ts_us=chunk.ts_us,
                coverage=sum(weights[term] for term in held) / total,
                matched=len(held),
                cosine=cosines.get(name),
                rank=rank,
            )
        )
    return sorted(passages, key=lambda item: (-item.rank, -item.ts_us))
