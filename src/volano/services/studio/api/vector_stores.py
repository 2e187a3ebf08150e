"""OpenAI's /v1/vector_stores: stores, and searching them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from volano.services.models.interface import invalid
from volano.services.studio.api.files import paging_of
from volano.services.studio.logic import rewriting, searching, vector_files, vector_stores
from volano.services.studio.logic.conditions import parse_condition
from volano.services.studio.model.search import DEFAULT_RESULTS, MAX_RESULTS, Search
from volano.services.studio.model.vector_stores import CHUNK_TOKENS, OVERLAP_TOKENS, Chunking
from volano.wire.action import action
from volano.wire.openai.paging import Deleted, ListQuery, Page, page_of, seconds

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.studio.model.vector_stores import VectorStore

STORES = "arn:aws:studio:{region}:{account}:vector-store/*"
STORE = "arn:aws:studio:{region}:{account}:vector-store/{vector_store_id}"


class LifeAfterUse(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    anchor: Literal["last_active_at"]
    days: Annotated[int, msgspec.Meta(ge=1, le=365)]


class StaticSizes(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    max_chunk_size_tokens: int
    chunk_overlap_tokens: int


class ChunkingStrategy(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    type: Literal["auto", "static"]
    static: StaticSizes | msgspec.UnsetType = msgspec.UNSET


class CreateVectorStore(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: str | None = None
    description: str | None = None
    file_ids: Annotated[list[str], msgspec.Meta(max_length=500)] | None = None
    expires_after: LifeAfterUse | None = None
    chunking_strategy: ChunkingStrategy | None = None
    metadata: dict[str, str] | None = None


class UpdateVectorStore(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`expires_after` null takes the expiry away."""

    vector_store_id: str
    name: str | None = None
    expires_after: LifeAfterUse | msgspec.UnsetType | None = msgspec.UNSET
    metadata: dict[str, str] | None = None


class StoreName(msgspec.Struct):
    vector_store_id: str


class HybridWeights(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    embedding_weight: Annotated[float, msgspec.Meta(ge=0)]
    text_weight: Annotated[float, msgspec.Meta(ge=0)]


class RankingOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`ranker` none orders by meaning alone; `hybrid_search` weighs meaning and words."""

    ranker: Literal["none", "auto", "default-2024-11-15"] | None = None
    score_threshold: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    hybrid_search: HybridWeights | None = None


class SearchVectorStore(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    vector_store_id: str
    query: str | list[str]
    rewrite_query: bool | None = None
    max_num_results: Annotated[int, msgspec.Meta(ge=1, le=MAX_RESULTS)] | None = None
    filters: dict[str, Any] | None = None
    ranking_options: RankingOptions | None = None


class FileCounts(msgspec.Struct, kw_only=True):
    in_progress: int
    completed: int
    failed: int
    cancelled: int
    total: int


class VectorStoreObject(msgspec.Struct, kw_only=True):
    """OpenAI's vector store object."""

    id: str
    object: str = "vector_store"
    created_at: int
    name: str
    description: str | None = None
    usage_bytes: int
    file_counts: FileCounts
    status: str
    expires_after: LifeAfterUse | msgspec.UnsetType = msgspec.UNSET
    expires_at: int | None = None
    last_active_at: int
    metadata: dict[str, str]


class SearchContent(msgspec.Struct, kw_only=True):
    type: str = "text"
    text: str


class SearchItem(msgspec.Struct, kw_only=True):
    file_id: str
    filename: str
    score: float
    attributes: dict[str, Any]
    content: list[SearchContent]


class SearchPage(msgspec.Struct, kw_only=True):
    object: str = "vector_store.search_results.page"
    search_query: list[str]
    data: list[SearchItem]
    has_more: bool = False
    next_page: str | None = None


@action(
    "openai:createVectorStore",
    method="POST",
    path="/v1/vector_stores",
    permission="studio:CreateVectorStore",
    resource=STORES,
)
async def create_vector_store(
    env: Env, call: Call, request: CreateVectorStore
) -> VectorStoreObject:
    """A store, and the files to put into it."""
    chunking = chunking_of(request.chunking_strategy)
    store = await vector_stores.create_store(
        env,
        call,
        name=request.name or "",
        description=request.description or "",
        metadata=request.metadata,
        life_days=request.expires_after.days if request.expires_after else 0,
    )
    if request.file_ids:
        wanted = [(file_id, None, chunking) for file_id in request.file_ids]
        await vector_files.add_files(env, call, store.id, wanted)
    return await _object(env, call, store)


@action(
    "openai:listVectorStores",
    method="GET",
    path="/v1/vector_stores",
    permission="studio:ListVectorStores",
    resource=STORES,
)
async def list_vector_stores(env: Env, call: Call, request: ListQuery) -> Page:
    """The account's vector stores."""
    found = await vector_stores.list_stores(env, call, paging_of(request))
    data = [await _object(env, call, store) for store in found.items]
    return page_of([store.id for store in found.items], data, has_more=found.has_more)


@action(
    "openai:retrieveVectorStore",
    method="GET",
    path="/v1/vector_stores/{vector_store_id}",
    permission="studio:GetVectorStore",
    resource=STORE,
)
async def retrieve_vector_store(env: Env, call: Call, request: StoreName) -> VectorStoreObject:
    """One vector store, with how many files it has in which state."""
    store = await vector_stores.get_store(env, call, request.vector_store_id)
    return await _object(env, call, store)


@action(
    "openai:modifyVectorStore",
    method="POST",
    path="/v1/vector_stores/{vector_store_id}",
    permission="studio:UpdateVectorStore",
    resource=STORE,
)
async def modify_vector_store(
    env: Env, call: Call, request: UpdateVectorStore
) -> VectorStoreObject:
    """Change a store's name, metadata or expiry."""
    after = request.expires_after
    days: int | None = None
    if after is not msgspec.UNSET:
        days = after.days if after else 0
    store = await vector_stores.update_store(
        env,
        call,
        request.vector_store_id,
        name=request.name,
        metadata=request.metadata,
        life_days=days,
    )
    return await _object(env, call, store)


@action(
    "openai:deleteVectorStore",
    method="DELETE",
    path="/v1/vector_stores/{vector_store_id}",
    permission="studio:DeleteVectorStore",
    resource=STORE,
)
async def delete_vector_store(env: Env, call: Call, request: StoreName) -> Deleted:
    """Delete a store; its files stay."""
    await vector_stores.delete_store(env, call, request.vector_store_id)
    return Deleted(id=request.vector_store_id, object="vector_store.deleted")


@action(
    "openai:searchVectorStore",
    method="POST",
    path="/v1/vector_stores/{vector_store_id}/search",
    permission="studio:SearchVectorStore",
    resource=STORE,
    read_only=True,
    timeout_s=None,
)
async def search_vector_store(env: Env, call: Call, request: SearchVectorStore) -> SearchPage:
    """Chunks of files that the caller may read, nearest in meaning and words first."""
    queries = [request.query] if isinstance(request.query, str) else request.query
    wanted = search_of(
        tuple(queries),
        request.max_num_results or DEFAULT_RESULTS,
        request.filters,
        request.ranking_options,
    )
    if request.rewrite_query:
        wanted = await rewriting.rewrite(env, call, request.vector_store_id, wanted)
    found = await searching.search_store(env, call, request.vector_store_id, wanted)
    data = [
        SearchItem(
            file_id=item.file_id,
            filename=item.filename,
            score=item.score,
            attributes=dict(item.attributes),
            content=[SearchContent(text=item.text)],
        )
        for item in found
    ]
    return SearchPage(search_query=list(wanted.queries), data=data)


def search_of(
    queries: tuple[str, ...],
    limit: int,
    filters: dict[str, Any] | None,
    ranking: RankingOptions | None,
) -> Search:
    """The search that these options mean; raises Invalid for a filter that is none."""
    options = ranking or RankingOptions()
    meaning, words = 1.0, 0.0 if options.ranker == "none" else 1.0
    if options.hybrid_search is not None:
        meaning = options.hybrid_search.embedding_weight
        words = options.hybrid_search.text_weight
        if not meaning and not words:
            raise invalid("ranking_options.hybrid_search", "one weight is more than 0")
    return Search(
        queries=queries,
        limit=limit,
        condition=parse_condition(filters),
        score_threshold=options.score_threshold or 0.0,
        meaning=meaning,
        words=words,
    )


def chunking_of(strategy: ChunkingStrategy | None) -> Chunking:
    """`auto` is what the embedding model reads at once."""
    if strategy is None or strategy.type == "auto":
        return vector_files.require_chunking(CHUNK_TOKENS, OVERLAP_TOKENS)
    if strategy.static is msgspec.UNSET:
        raise invalid("chunking_strategy.static", "a static strategy needs it")
    return vector_files.require_chunking(
        strategy.static.max_chunk_size_tokens, strategy.static.chunk_overlap_tokens
    )


async def _object(env: Env, call: Call, store: VectorStore) -> VectorStoreObject:
    counted = await vector_stores.count_files(env, call.account, store)
    life = LifeAfterUse(anchor="last_active_at", days=store.life_days) if store.life_days else None
    return VectorStoreObject(
        id=store.id,
        created_at=store.created_us // 1_000_000,
        name=store.name,
        description=store.description or None,
        usage_bytes=counted.usage_bytes,
        file_counts=FileCounts(**counted.files, total=sum(counted.files.values())),
        status=counted.status,
        expires_after=life or msgspec.UNSET,
        expires_at=seconds(store.expires_us),
        last_active_at=store.last_active_us // 1_000_000,
        metadata=store.metadata,
    )
