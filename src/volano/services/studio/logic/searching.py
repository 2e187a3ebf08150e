"""Searching a vector store: who may read what, then by meaning and by words, joined by rank.

Only chunks of files that pass the filter and that the caller may read are ranked at all: a file
is readable to whoever may `studio:GetFileContent` it, and policies may ask for its attributes as
`studio:FileAttribute/NAME`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from volano.kernel.errors import Denied, Invalid
from volano.kernel.vectors import VectorSet
from volano.services.identity.interface import always_allows
from volano.services.models import interface as models
from volano.services.studio.logic import records
from volano.services.studio.logic.conditions import holds
from volano.services.studio.logic.terms import question_terms
from volano.services.studio.logic.vector_files import read_vectors, source_of
from volano.services.studio.logic.vector_stores import get_store, touch_store
from volano.services.studio.model.records import Paging
from volano.services.studio.model.search import MAX_RESULTS, Found, Search
from volano.services.studio.model.vector_stores import MAX_STORE_FILES, STORE_FILE
from volano.services.studio.store import passages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.services.studio.model.vector_stores import StoreFile, VectorStore

MAX_QUERIES = 16
MAX_QUERY_CHARACTERS = 4096
MAX_TERMS = 24
ROWS_PER_TERM = 2000
CANDIDATES = 200
RANK_OFFSET = 60.0
READ = "studio:GetFileContent"

Place = tuple[str, int]


@dataclass(slots=True)
class _Ranks:
    """What is known of the candidates: joined rank, and the evidence for each."""

    joined: dict[Place, float]
    evidence: dict[Place, float]

    def add(self, order: list[tuple[Place, float]], weight: float) -> None:
        for at, (place, score) in enumerate(order):
            self.joined[place] = self.joined.get(place, 0.0) + weight / (RANK_OFFSET + at + 1)
            self.evidence[place] = max(self.evidence.get(place, 0.0), min(1.0, max(0.0, score)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Allowed:
    """The files that are searched and how many chunks they have, of all files of the store with
    when each was put in."""

    sources: frozenset[str]
    chunks: int
    stamps: Mapping[str, int]

    @property
    def is_everything(self) -> bool:
        return len(self.sources) == len(self.stamps)


async def search_store(env: Env, call: Call, store_id: str, wanted: Search) -> list[Found]:
    """Chunks that may answer, best first. The queries' tokens are metered to the caller."""
    require_sane(wanted)
    store = await get_store(env, call, store_id)
    await touch_store(env, call.account, store)
    held = await _completed(env, call, store)
    files = await _readable(env, call, held, wanted)
    if not files:
        return []
    by_source = {source_of(store_id, file.id): file for file in files}
    allowed = _Allowed(
        sources=frozenset(by_source),
        chunks=sum(file.chunks for file in files),
        stamps={source_of(store_id, file.id): file.created_us for file in held},
    )
    ranks = _Ranks({}, {})
    if wanted.meaning:
        await _by_meaning(env, call, store_id, wanted, allowed, ranks)
    if wanted.words:
        for query in wanted.queries:
            ranks.add(await _by_words(env, call, store_id, query, allowed), wanted.words)
    best = sorted(ranks.joined, key=lambda place: (-ranks.joined[place], place))
    kept = [place for place in best if ranks.evidence[place] >= wanted.score_threshold]
    chunks = await passages.select_chunks(env.store.reader, call.account, kept[: wanted.limit])
    texts = {(chunk.source, chunk.ordinal): chunk.text for chunk in chunks}
    return [
        Found(
            file_id=by_source[place[0]].id,
            filename=by_source[place[0]].filename,
            ordinal=place[1],
            text=texts[place],
            score=round(ranks.evidence[place], 6),
            attributes=by_source[place[0]].attributes,
        )
        for place in kept[: wanted.limit]
        if place in texts
    ]


def require_sane(wanted: Search) -> None:
    """Raises Invalid for too many or too long queries, and for too many results."""
    sizes = [len(query) for query in wanted.queries]
    if not 1 <= len(sizes) <= MAX_QUERIES or not all(1 <= n <= MAX_QUERY_CHARACTERS for n in sizes):
        raise Invalid(
            f"Invalid value for 'query': 1 to {MAX_QUERIES} texts of up to "
            f"{MAX_QUERY_CHARACTERS} characters.",
            code="invalid_value",
            fields={"param": "query"},
        )
    if not 1 <= wanted.limit <= MAX_RESULTS:
        raise Invalid(
            f"Invalid value for 'max_num_results': it is 1 to {MAX_RESULTS}.",
            code="invalid_value",
            fields={"param": "max_num_results"},
        )


async def _completed(env: Env, call: Call, store: VectorStore) -> Sequence[StoreFile]:
    """The files of a store that can be searched."""
    listed = await records.page(
        env.store.reader,
        STORE_FILE,
        call.account,
        Paging(limit=MAX_STORE_FILES),
        parent=store.id,
        state="completed",
    )
    return listed.items


async def _readable(
    env: Env, call: Call, files: Sequence[StoreFile], wanted: Search
) -> list[StoreFile]:
    """Those of the files that pass the filter and that the caller may read."""
    passing = [file for file in files if holds(wanted.condition, file.attributes)]
    arn = f"arn:aws:studio:{call.region}:{call.account}:file/"
    if await always_allows(env, call.principal, READ, arn):
        return passing
    return [file for file in passing if await _may_read(env, call, arn, file)]


async def _may_read(env: Env, call: Call, arn: str, file: StoreFile) -> bool:
    facts = {f"studio:FileAttribute/{key}": _text(value) for key, value in file.attributes.items()}
    try:
        await env.authority.authorize(call, READ, f"{arn}{file.id}", facts)
    except Denied:
        return False
    return True


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _by_meaning(
    env: Env,
    call: Call,
    store_id: str,
    wanted: Search,
    allowed: _Allowed,
    ranks: _Ranks,
) -> None:
    asked = await models.embed(env, call, wanted.queries)
    held = VectorSet(
        account=call.account,
        name=store_id,
        sources=allowed.stamps,
        read=partial(read_vectors, env, call.account),
    )
    found = await env.vectors.nearest(held, asked.vectors, allowed.sources, CANDIDATES)
    for nearest in found:
        ranks.add(nearest, wanted.meaning)


async def _by_words(
    env: Env, call: Call, store_id: str, query: str, allowed: _Allowed
) -> list[tuple[Place, float]]:
    """Chunks by BM25, each with the share of the query's words that it holds.

    Chunks are of about the same length, so it counts for nothing here.
    """
    scores: dict[Place, float] = {}
    shares: dict[Place, float] = {}
    weights: dict[str, float] = {}
    for term in question_terms(query)[:MAX_TERMS]:
        found = await _with_term(env, call, store_id, term, allowed)
        weights[term] = math.log(
            1 + max(0.0, allowed.chunks - len(found) + 0.5) / (len(found) + 0.5)
        )
        for source, ordinal, count in found:
            place = (source, ordinal)
            saturated = count * 2.2 / (count + 1.2)
            scores[place] = scores.get(place, 0.0) + weights[term] * saturated
            shares[place] = shares.get(place, 0.0) + weights[term]
    total = sum(weights.values()) or 1.0
    best = sorted(scores, key=lambda place: (-scores[place], place))[:CANDIDATES]
    return [(place, shares[place] / total) for place in best]


async def _with_term(
    env: Env, call: Call, store_id: str, term: str, allowed: _Allowed
) -> list[tuple[str, int, int]]:
    """Source, ordinal and count of allowed chunks with a term: the newest where nothing is left
    out, else looked up among the allowed files, so that a filter never hides what passes it.
    """
    reader, scope = env.store.reader, f"vector:{store_id}"
    if not allowed.is_everything:
        names = sorted(allowed.sources)
        return await passages.select_term_in(
            reader, call.account, term, scope, names, ROWS_PER_TERM
        )
    found = await passages.select_term(reader, call.account, term, [scope], ROWS_PER_TERM)
    return [(source, ordinal, count) for source, ordinal, _, _, count in found]
