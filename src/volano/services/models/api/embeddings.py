"""OpenAI's POST /v1/embeddings."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, cast

import msgspec

from volano.kernel.errors import Invalid
from volano.services.models.api.aliases import model_meant
from volano.services.models.api.repeating import answer_once
from volano.services.models.logic.embeddings import embed
from volano.services.models.logic.routing import Served
from volano.wire.action import action
from volano.wire.results import WithHeaders

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env


class CreateEmbedding(msgspec.Struct, kw_only=True):
    input: str | list[str | int | list[int]]
    model: str
    encoding_format: str | None = None
    dimensions: int | None = None
    user: str | None = None


class EmbeddingObject(msgspec.Struct, kw_only=True):
    object: str = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingUsage(msgspec.Struct):
    prompt_tokens: int
    total_tokens: int


class EmbeddingList(msgspec.Struct, kw_only=True):
    object: str = "list"
    data: list[EmbeddingObject]
    model: str
    usage: EmbeddingUsage


@action(
    "openai:createEmbedding",
    method="POST",
    path="/v1/embeddings",
    permission="models:InvokeModel",
    resource="arn:aws:models:{region}:{account}:model/{model}",
    facts=model_meant,
    read_only=False,
    timeout_s=None,
)
async def create_embedding(env: Env, call: Call, request: CreateEmbedding) -> WithHeaders:
    """Unit-length vectors, as numbers or as base64 of little-endian 32-bit floats."""
    served = Served()
    return await answer_once(
        env, call, "embedding", request, lambda: _answer(env, call, request, served), served
    )


async def _answer(env: Env, call: Call, request: CreateEmbedding, served: Served) -> EmbeddingList:
    if request.encoding_format not in (None, "float", "base64"):
        raise _invalid("encoding_format", "it is `float` or `base64`")
    texts = _inputs(request.input)
    found = await embed(
        env, call, texts, model_name=request.model, width=request.dimensions, served=served
    )
    data = [
        EmbeddingObject(index=index, embedding=_encode(vector, request.encoding_format))
        for index, vector in enumerate(found.vectors)
    ]
    usage = EmbeddingUsage(found.prompt_tokens, found.prompt_tokens)
    name = request.model if served.model is None else served.model.name
    return EmbeddingList(data=data, model=name, usage=usage)


def _inputs(given: str | list[str | int | list[int]]) -> list[str | tuple[int, ...]]:
    """One or more texts, or one or more lists of token ids."""
    if isinstance(given, str):
        return [given]
    ids = [item for item in given if isinstance(item, int)]
    if ids and len(ids) == len(given):
        return [tuple(ids)]
    if ids:
        raise _invalid("input", "it is texts, or lists of token ids, or one list of them")
    return [item if isinstance(item, str) else tuple(cast("list[int]", item)) for item in given]


def _encode(vector: tuple[float, ...], how: str | None) -> list[float] | str:
    if how != "base64":
        return list(vector)
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _invalid(name: str, why: str) -> Invalid:
    return Invalid(
        f"Invalid value for '{name}': {why}.", code="invalid_value", fields={"param": name}
    )
