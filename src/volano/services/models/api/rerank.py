"""POST /v1/rerank, in the form of Cohere and Jina, as vLLM serves it; and /v1/tokenize."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from volano.services.models.api.aliases import model_meant
from volano.services.models.logic.parameters import invalid
from volano.services.models.logic.registry import require_task
from volano.services.models.logic.reranking import rank
from volano.services.models.logic.routing import count_tokens
from volano.services.models.model import EMBEDDING_MODEL, Task
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

MAX_DOCUMENTS = 1000
MODEL = "arn:aws:models:{region}:{account}:model/{model}"


class TextDocument(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    text: str


class Rerank(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    query: str
    documents: list[str | TextDocument]
    model: str = EMBEDDING_MODEL
    top_n: Annotated[int, msgspec.Meta(ge=1)] | None = None
    return_documents: bool = True
    user: str | None = None


class RerankResult(msgspec.Struct, kw_only=True):
    index: int
    relevance_score: float
    document: TextDocument | msgspec.UnsetType = msgspec.UNSET


class RerankUsage(msgspec.Struct, kw_only=True):
    total_tokens: int


class RerankAnswer(msgspec.Struct, kw_only=True):
    id: str
    model: str
    results: list[RerankResult]
    usage: RerankUsage


class Tokenize(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    model: str
    prompt: str


class TokenizeAnswer(msgspec.Struct, kw_only=True):
    """How many tokens a text has."""

    model: str
    count: int


@action(
    "openai:rerank",
    method="POST",
    path="/v1/rerank",
    permission="models:InvokeModel",
    resource=MODEL,
    facts=model_meant,
    read_only=False,
    timeout_s=None,
)
async def rerank(env: Env, call: Call, request: Rerank) -> RerankAnswer:
    """Documents by how well they answer a query, best first.

    A model of embeddings compares meanings; any other (Qwen3-Reranker) judges each document.
    """
    if not 1 <= len(request.documents) <= MAX_DOCUMENTS:
        raise invalid("documents", f"there are 1 to {MAX_DOCUMENTS}")
    texts = [item if isinstance(item, str) else item.text for item in request.documents]
    ranked = await rank(env, call, request.query, texts, model_name=request.model)
    scores = ranked.scores
    order = sorted(range(len(texts)), key=lambda at: -scores[at])[: request.top_n or len(texts)]
    return RerankAnswer(
        id=f"rerank-{env.ids.hex(24)}",
        model=ranked.model,
        results=[
            RerankResult(
                index=at,
                relevance_score=round(scores[at], 6),
                document=TextDocument(text=texts[at])
                if request.return_documents
                else msgspec.UNSET,
            )
            for at in order
        ],
        usage=RerankUsage(total_tokens=ranked.prompt_tokens),
    )


@action(
    "openai:tokenize",
    method="POST",
    path="/v1/tokenize",
    permission="models:InvokeModel",
    resource=MODEL,
    facts=model_meant,
    read_only=True,
    partial="It counts; the tokens themselves are not told.",
)
async def tokenize(env: Env, call: Call, request: Tokenize) -> TokenizeAnswer:
    """How many tokens a text has for a model."""
    model = await require_task(env, call.account, request.model, Task.GENERATE)
    count = await count_tokens(env, call, model, request.prompt)
    return TokenizeAnswer(model=model.name, count=count)
