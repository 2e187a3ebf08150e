"""How well documents answer a query: by the nearness of vectors, or judged by a model.

A model of embeddings compares vectors. One that writes, such as Qwen3-Reranker, is asked of each
document whether it answers the query, in the words that the model's card gives; the score is the
probability of "yes" against "no" as its next token.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.inference import Generate
from volano.services.models.logic.chat import generate
from volano.services.models.logic.embeddings import embed
from volano.services.models.logic.registry import get_model
from volano.services.models.model import Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import TokenLogprob
    from volano.services.models.model import Model

AT_ONCE = 8
"""Documents that are judged beside each other."""
TOP = 20
INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the query"
_BEFORE = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and "
    'the Instruct provided. Note that the answer can only be "yes" or "no".<|im_end|>\n'
    f"<|im_start|>user\n<Instruct>: {INSTRUCTION}\n<Query>: "
)
_AFTER = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A score from 0 to 1 for each document, and the tokens that were read."""

    model: str
    scores: list[float]
    prompt_tokens: int


async def rank(
    env: Env, call: Call, query: str, documents: Sequence[str], *, model_name: str
) -> Ranked:
    """Raises what the model's own kind of request raises, and NotFound for no such model."""
    model = await get_model(env, call.account, model_name)
    if model.task is Task.GENERATE:
        return await _judged(env, call, model, query, documents)
    found = await embed(env, call, [query, *documents], model_name=model.name)
    asked, *vectors = found.vectors
    cosines = [sum(a * b for a, b in zip(asked, vector, strict=True)) for vector in vectors]
    scores = [max(0.0, min(1.0, (1 + cosine) / 2)) for cosine in cosines]
    return Ranked(model=model.name, scores=scores, prompt_tokens=found.prompt_tokens)


async def _judged(
    env: Env, call: Call, model: Model, query: str, documents: Sequence[str]
) -> Ranked:
    room = asyncio.Semaphore(AT_ONCE)

    async def judge(document: str) -> tuple[float, int]:
        async with room:
            return await _judge(
                env, call, model, f"{_BEFORE}{query}\n<Document>: {document}{_AFTER}"
            )

    found = await asyncio.gather(*(judge(document) for document in documents))
    return Ranked(
        model=model.name,
        scores=[score for score, _ in found],
        prompt_tokens=sum(tokens for _, tokens in found),
    )


async def _judge(env: Env, call: Call, model: Model, prompt: str) -> tuple[float, int]:
    request = Generate(
        request_id=env.ids.uuid(),
        model=model.files,
        prompt=prompt,
        max_tokens=1,
        temperature=0.0,
        top_logprobs=TOP,
        truncate=0,
        cache_scope=call.account,
    )
    score, tokens = 0.0, 0
    async with aclosing(generate(env, call, model, request)) as deltas:
        async for delta in deltas:
            tokens = max(tokens, delta.prompt_tokens)
            for token in delta.logprobs[:1]:
                score = _score(token)
    return score, tokens


def _score(token: TokenLogprob) -> float:
    """The share of `yes` in what the likeliest tokens give to `yes` and `no`."""
    shares = {"yes": 0.0, "no": 0.0}
    for text, logprob, _ in ((token.token, token.logprob, b""), *token.top):
        word = text.strip().lower()
        if word in shares and logprob is not None:
            shares[word] = max(shares[word], math.exp(logprob))
    total = shares["yes"] + shares["no"]
    return shares["yes"] / total if total else 0.0
